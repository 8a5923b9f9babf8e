/* Every member and element of a signed receipt under every operator, by three attackers: one who edits the payload and
 * leaves the signature (raw), one who writes everything anew but cannot sign (re-hashed), and one who signs with a key
 * of his own (re-signed). None passes where a trust file is given. */
#include "property/signed_world.h"
#include "support/edit.h"
#include "support/operators.h"
#include "support/reach.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define STRANGER 3            /* a key that the trust file lacks */
#define PLACES_STRIDE_NOOP 17 /* of the sample: places from one edit to the next */
#define PLACES_STRIDE_LLM 97

/* Who edits, and the gates of which one must say so; a document that is none any more is refused before (1xx). */
enum attacker { RAW, REHASHED, RESIGNED, ATTACKERS };
static const struct {
    const char *name;
    unsigned gate;
} ATTACKS[] = {[RAW] = {"raw", 203}, [REHASHED] = {"re-hashed", 201}, [RESIGNED] = {"re-signed", 202}};

struct campaign {
    struct world world;
    json_t *statements[ATTACKERS], *signatures; /* the honest ones; of RESIGNED it names the stranger */
    size_t every, places, cases[ATTACKERS];
};

static bool is_due(const struct assay_judgement *judgement, unsigned gate)
{
    for (size_t i = 0; i < judgement->violations_count; i++) {
        const struct assay_violation *violation = &judgement->violations[i];
        if (violation->verdict == ASSAY_VERDICT_FAIL && (violation->gate == gate || violation->gate < 200)) {
            return true;
        }
    }
    return false;
}

static void write_document(struct campaign *campaign, const json_t *statement, enum attacker attacker)
{
    struct assay_buf *document = &campaign->world.document;
    world_document(statement, attacker == RESIGNED ? STRANGER : 0, document);
    if (attacker == RAW) {
        json_t *envelope = NULL;
        assert_int_equal(assay_json_read(document->data, document->len, &assay_json_limits_default, &envelope, NULL),
                         ASSAY_OK);
        edit_set(envelope, "/signatures", json_incref(campaign->signatures));
        assay_buf_clear(document);
        assert_int_equal(assay_json_canon(envelope, document, NULL), ASSAY_OK);
        assay_buf_char(document, '\n');
        json_decref(envelope);
    }
    campaign->world.input.document = (struct assay_judge_bytes){.data = document->data, .len = document->len};
}

static void judge_edit(struct campaign *campaign, enum attacker attacker, const json_t *edited, const char *pointer,
                       const char *operator)
{
    struct assay_judgement *judgement = NULL;
    write_document(campaign, edited, attacker);
    (void)world_is_refused(&campaign->world, &judgement);
    if (!is_due(judgement, ATTACKS[attacker].gate)) {
        fail_msg("%s: %s: %s: no violation of gate %u", ATTACKS[attacker].name, pointer, operator,
                 ATTACKS[attacker].gate);
    }
    assay_judgement_free(judgement);
    campaign->cases[attacker]++;
}

static void edit_place(struct campaign *campaign, enum attacker attacker, const char *pointer)
{
    for (size_t i = 0; i <= operators_count; i++) { /* the last one: drop */
        json_t *edited = json_deep_copy(campaign->statements[attacker]);
        if (i == operators_count) {
            edit_drop(edited, pointer);
            judge_edit(campaign, attacker, edited, pointer, "drop");
        } else {
            json_t *value = operators[i].edit(assay_json_at(edited, pointer));
            if (value && !json_equal(value, assay_json_at(edited, pointer))) {
                edit_set(edited, pointer, json_incref(value));
                judge_edit(campaign, attacker, edited, pointer, operators[i].name);
            }
            json_decref(value);
        }
        json_decref(edited);
    }
}

static void visit(void *context, const char *pointer)
{
    struct campaign *campaign = context;
    if (campaign->places++ % campaign->every == 0) {
        for (unsigned attacker = 0; attacker < ATTACKERS; attacker++) {
            edit_place(campaign, (enum attacker)attacker, pointer);
        }
    }
}

static void no_edit_passes_for_any_of_three_attackers(void **state)
{
    struct campaign campaign = {.every = 1};
    struct evidence stranger;
    json_t *envelope = NULL;
    const struct honest_options *options = *state;
    if (reach_asked() == REACH_SAMPLE) {
        campaign.every = options->tokens > 0 ? PLACES_STRIDE_LLM : PLACES_STRIDE_NOOP;
    }
    world_make(&campaign.world, options, WORLD_SIGNED);
    assert_false(world_is_refused(&campaign.world, NULL));
    assert_int_equal(assay_json_read(campaign.world.document.data, campaign.world.document.len,
                                     &assay_json_limits_default, &envelope, NULL),
                     ASSAY_OK);
    campaign.signatures = json_incref(json_object_get(envelope, "signatures"));
    evidence_init(&stranger);
    stranger.signers[stranger.signers_count++] = STRANGER;
    for (size_t i = 0; i < ATTACKERS; i++) {
        campaign.statements[i] = json_deep_copy(campaign.world.run.statement);
    }
    evidence_name_signers(&stranger, campaign.statements[RESIGNED]);
    operators_walk(campaign.world.run.statement, visit, &campaign);
    print_message("# %zu raw, %zu re-hashed, %zu re-signed edits, all refused\n", campaign.cases[RAW],
                  campaign.cases[REHASHED], campaign.cases[RESIGNED]);
    for (size_t i = 0; i < ATTACKERS; i++) {
        assert_true(campaign.cases[i] > 50);
        json_decref(campaign.statements[i]);
    }
    json_decref(campaign.signatures);
    json_decref(envelope);
    evidence_done(&stranger);
    world_done(&campaign.world);
}

int main(void)
{
    static struct honest_options noop = {.workload = "noop", .count = 12, .warmup = 2};
    static struct honest_options llm = {.workload = "llm", .count = 4, .warmup = 1, .tokens = 3};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(no_edit_passes_for_any_of_three_attackers, &noop),
        cmocka_unit_test_prestate(no_edit_passes_for_any_of_three_attackers, &llm),
    };
    assay_json_init();
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 1;
    }
    return cmocka_run_group_tests_name("evidence_edits", tests, NULL, NULL);
}
