/* Golden and canary sets: the measured set must be the listed one (statistics.md 4.3). */
#include "judge/gate_room.h"
#include "judge/judge_room.h"

#include "base/text.h"
#include "crypto/crypto.h"
#include "record/record.h"

#include <string.h>

#define GATE_SET_NUMBER 503

static void refuse(struct gate_case *it, const char *reason)
{
    gate_settle(it, ASSAY_VERDICT_FAIL, reason);
    it->row.gate = GATE_SET_NUMBER;
}

/* A receipt's `data:` subjects are what it was measured on. Whether the file is one of them. */
static bool measures(const struct assay_opened *run, const char *sha256)
{
    const json_t *subjects = json_object_get(run->statement, "subject");
    size_t i;
    json_t *subject;
    json_array_foreach(subjects, i, subject)
    {
        if (assay_text_starts(judge_text_of(subject, "name"), "data:") &&
            strcmp(judge_text_of(json_object_get(subject, "digest"), "sha256"), sha256) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_of_set(const struct assay_opened *run, const struct assay_manifest *manifest)
{
    for (size_t i = 0; i < manifest->count; i++) {
        if (measures(run, manifest->files[i].sha256)) {
            return true;
        }
    }
    return false;
}

/* Data that a receipt of the set was measured on besides: 120 listed and 121 measured is another set. */
static const char *foreign_data(const struct assay_opened *run, const struct assay_manifest *manifest)
{
    const json_t *subjects = json_object_get(run->statement, "subject");
    size_t i;
    json_t *subject;
    json_array_foreach(subjects, i, subject)
    {
        const char *name = judge_text_of(subject, "name");
        const char *digest = judge_text_of(json_object_get(subject, "digest"), "sha256");
        bool is_listed = !assay_text_starts(name, "data:");
        for (size_t f = 0; f < manifest->count && !is_listed; f++) {
            is_listed = strcmp(manifest->files[f].sha256, digest) == 0;
        }
        if (!is_listed) {
            return name;
        }
    }
    return NULL;
}

static bool read_manifest(struct gate_case *it, const struct assay_policy_set *set, struct assay_manifest *ret)
{
    struct assay_judge_bytes file = gate_file(it->gates, set->manifest);
    struct assay_digest digest;
    char found[ASSAY_DIGEST_TEXT_BYTES];
    assay_err err = {0};
    if (!file.data) {
        gate_missing(it, "the manifest %s of set %s is not there", set->manifest, set->id);
        return false;
    }
    assay_sha256_of(file.data, file.len, &digest);
    assay_digest_print(&digest, found);
    if (strcmp(found, set->sha256) != 0) {
        it->row.found = judge_draft_text(it->gates->draft, "sha256 %.16s", found);
        it->row.expected = judge_draft_text(it->gates->draft, "sha256 %.16s", set->sha256);
        refuse(it, "the manifest is not the one that the policy names");
        return false;
    }
    assay_code rc = assay_manifest_parse(file.data, file.len, it->gates->draft->arena, ret, &err);
    if (rc != ASSAY_OK) {
        refuse(it, judge_draft_text(it->gates->draft, "%s", err.message));
    }
    return rc == ASSAY_OK;
}

/* Rows of different origin or stratum are never merged: one gate answers for one kind of data. */
static bool is_mixed(const struct assay_manifest *manifest)
{
    for (size_t i = 1; i < manifest->count; i++) {
        if (manifest->files[i].is_synthetic != manifest->files[0].is_synthetic) {
            return true;
        }
    }
    return false;
}

void gate_narrow_to_set(struct gate_case *it)
{
    const struct assay_policy_set *set = assay_policy_set(it->gates->question->policy, it->gate->set);
    struct assay_manifest manifest;
    size_t measured = 0, kept = 0;
    if (!read_manifest(it, set, &manifest)) {
        return;
    }
    for (size_t i = 0; i < it->runs_count; i++) {
        if (is_of_set(it->runs[i], &manifest)) {
            it->runs[kept++] = it->runs[i];
        }
    }
    it->runs_count = kept;
    for (size_t f = 0; f < manifest.count; f++) {
        bool is_measured = false;
        for (size_t i = 0; i < kept && !is_measured; i++) {
            is_measured = measures(it->runs[i], manifest.files[f].sha256);
        }
        measured += is_measured;
    }
    if (kept == 0) {
        gate_missing(it, "no receipt was measured on set %s", set->id);
        return;
    }
    for (size_t i = 0; i < kept; i++) {
        const char *foreign = foreign_data(it->runs[i], &manifest);
        if (foreign) {
            it->row.element = it->runs[i]->name;
            refuse(it, judge_draft_text(it->gates->draft, "measured on %.200s, which set %s does not list", foreign,
                                        set->id));
            return;
        }
    }
    it->row.found = judge_draft_text(it->gates->draft, "%zu of %zu files of set %s", measured, manifest.count, set->id);
    if (measured < manifest.count) {
        refuse(it, judge_draft_text(it->gates->draft, "measured set is not the listed one: %zu of %zu", measured,
                                    manifest.count));
    } else if (is_mixed(&manifest)) {
        judge_draft_note(it->gates->draft, "set %s lists real and synthetic files: its rows are per receipt", set->id);
    }
}
