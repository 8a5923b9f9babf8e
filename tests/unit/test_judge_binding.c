/*
 * What a document is bound to (binding.c, provenance.c) and which of its fields must fit each other (relations.c):
 * small statements put together by hand, a few changes each, and every violation with all that it says, against
 * tests/golden/judge/binding.txt. ASSAY_CASES_WRITE writes that file anew, to be read before it is committed.
 */
#include "judge/judge_room.h"

#include "base/mem.h"
#include "crypto/crypto.h"
#include "support/edit.h"
#include "support/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BYTES_MAX ((size_t)1 << 20)
#define ONES "1111111111111111111111111111111111111111111111111111111111111111"
#define TWOS "2222222222222222222222222222222222222222222222222222222222222222"
#define COMMIT "3333333333333333333333333333333333333333"
#define OTHER_COMMIT "4444444444444444444444444444444444444444"
#define IDENTITY "{\"said\":1}"
#define START "2026-01-05T09:00:00Z"
#define FINISH "2026-01-05T09:30:00Z"
#define FINISH_S UINT64_C(1767605400)
#define SLSA "\"predicateType\":\"https://slsa.dev/provenance/v1\""
enum { LINES_MAX = 6, ARTEFACTS_MAX = 2 };

static const char STATEMENT[] =
    "{\"subject\":[{\"name\":\"binary:a\",\"digest\":{\"sha256\":\"" ONES "\"}},"
    "{\"name\":\"source:x\",\"digest\":{\"gitCommit\":\"" COMMIT "\"}}],"
    "\"predicate\":{\"protocol\":{\"computePath\":\"real\",\"seed\":\"5\",\"seedSource\":\"fixed\","
    "\"arms\":[{\"id\":\"a\"},{\"id\":\"b\"}]},"
    "\"attempts\":{\"nonce\":\"" ONES "\",\"startedAt\":\"" START "\",\"finishedAt\":\"" FINISH "\","
    "\"counter\":{\"absent\":\"unsigned\"},\"previous\":{\"absent\":\"unsigned\"}},"
    "\"environment\":{\"build\":{\"commit\":\"" COMMIT "\",\"dirty\":false,\"sanitizers\":[],\"coverage\":false,"
    "\"optimize\":2},\"hosts\":[{\"rank\":0},{\"rank\":1},{\"rank\":5}]},"
    "\"tier\":{\"signers\":[]},"
    "\"metrics\":[{\"arm\":\"a\",\"name\":\"m\",\"value\":\"1\",\"lower\":\"0.5\",\"upper\":\"2\",\"confidence\":\"0."
    "95\"},"
    "{\"arm\":\"a\",\"name\":\"n\",\"value\":\"1\"},{\"arm\":\"b\",\"name\":\"m\",\"value\":{\"absent\":\"why\"}}],"
    "\"kernels\":{\"entries\":[{\"arm\":\"a\"},{\"arm\":\"b\"}]},"
    "\"checks\":[{\"id\":\"x\"},{\"id\":\"y\"},{\"id\":\"z\"}]}}";

/* One question: its lines are "set|drop|append POINTER JSON", "signatures JSON" of the envelope, "refused GATE POINTER"
 * before, and what the verifier was asked: "nonce|commit|identity|provenance TEXT", "artefact TEXT", "age NS", "now S",
 * "policy", "interop", "imported". */
struct question {
    const char *name;
    const char *lines[LINES_MAX];
};

struct bench {
    struct judge judge;
    struct assay_judgement out;
    struct assay_judge_input input;
    struct assay_judge_artefact artefacts[ARTEFACTS_MAX];
};

static json_t *json_of(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &error);
    if (!value) {
        fail_msg("%s: %s", text, error.text);
    }
    return value;
}

static const char *behind(const char *line, const char *word)
{
    size_t len = strlen(word);
    return strncmp(line, word, len) == 0 && (line[len] == ' ' || line[len] == '\0') ? line + len + (line[len] == ' ')
                                                                                    : NULL;
}

static void edit(struct bench *b, const char *line)
{
    char pointer[128];
    const char *place = strchr(line, ' ') + 1;
    size_t len = strcspn(place, " ");
    assert_in_range(len, 1, sizeof pointer - 1);
    (void)snprintf(pointer, sizeof pointer, "%.*s", (int)len, place);
    if (behind(line, "drop")) {
        edit_drop(b->judge.statement, pointer);
    } else if (behind(line, "append")) {
        edit_append(b->judge.statement, pointer, json_of(place + len));
    } else {
        edit_set(b->judge.statement, pointer, json_of(place + len));
    }
}

static struct assay_judge_bytes bytes_of(const char *text)
{
    return (struct assay_judge_bytes){text, strlen(text)};
}

static bool ask(struct bench *b, const char *line)
{
    struct assay_judge_input *input = &b->input;
    const char *text = NULL;
    if ((text = behind(line, "nonce"))) {
        input->nonce = text;
    } else if ((text = behind(line, "commit"))) {
        input->commit = text;
    } else if ((text = behind(line, "identity"))) {
        input->identity = bytes_of(text);
    } else if ((text = behind(line, "provenance"))) {
        input->provenance = bytes_of(text);
    } else if ((text = behind(line, "artefact"))) {
        struct assay_judge_artefact *artefact = &b->artefacts[input->artefacts_count++];
        artefact->name = text;
        memset(artefact->digest.bytes, text[0] == '1' ? 0x11 : 0x77, sizeof artefact->digest.bytes);
    } else if ((text = behind(line, "age"))) {
        input->max_age_ns = strtoull(text, NULL, 10);
    } else if ((text = behind(line, "now"))) {
        input->now_real_ns = strtoull(text, NULL, 10) * UINT64_C(1000000000);
    } else if (behind(line, "policy")) {
        input->wants_default_policy = true;
    } else if (behind(line, "interop")) {
        input->is_interop = true;
    } else if (behind(line, "imported")) {
        b->out.document = ASSAY_DOCUMENT_IMPORTED;
    } else {
        return false;
    }
    return true;
}

static void act(struct bench *b, const char *line)
{
    const char *text = NULL;
    if ((text = behind(line, "signatures"))) {
        (void)json_object_set_new(b->judge.envelope, "signatures", json_of(text));
    } else if ((text = behind(line, "refused"))) {
        char *place = NULL;
        unsigned long gate = strtoul(text, &place, 10);
        judge_add(&b->judge, (enum gate)gate, ASSAY_VERDICT_FAIL, place + 1, "before", "before");
    } else if (!ask(b, line)) {
        edit(b, line);
    }
}

static void init(struct bench *b, const struct question *question)
{
    *b = (struct bench){.input = {.now_real_ns = FINISH_S * UINT64_C(1000000000), .artefacts = b->artefacts}};
    b->judge = (struct judge){.out = &b->out, .input = &b->input, .envelope = json_of("{\"signatures\":[]}")};
    b->judge.statement = json_of(STATEMENT);
    b->out.document = ASSAY_DOCUMENT_RECEIPT;
    assay_arena_init(&b->out.arena, BYTES_MAX);
    for (size_t i = 0; i < LINES_MAX && question->lines[i]; i++) {
        act(b, question->lines[i]);
    }
}

static void done(struct bench *b)
{
    json_decref(b->judge.envelope);
    json_decref(b->judge.statement);
    assay_free(b->judge.list);
    assay_arena_done(&b->out.arena);
}

static void tell(const struct bench *b, const char *name, struct assay_buf *out)
{
    const struct judge *judge = &b->judge;
    assert_false(judge->is_out_of_memory);
    assay_buf_printf(out, "%s: asked %zu, not met %zu\n", name, judge->expectations, judge->expectations_failed);
    for (size_t i = 0; i < judge->count; i++) {
        const struct assay_violation *one = &judge->list[i];
        assay_buf_printf(out, "    %u %s %s: %s; %s\n", one->gate, assay_verdict_text(one->verdict), one->pointer,
                         one->found ? one->found : "(nothing)", one->expected);
    }
}

static const struct question BINDING[] = {
    {"as it is", {NULL}},
    {"the nonce", {"nonce " ONES}},
    {"another nonce", {"nonce " TWOS}},
    {"no nonce", {"nonce " ONES, "drop /predicate/attempts/nonce"}},
    {"young enough to the second", {"age 60000000000", "now 1767605460"}},
    {"a second too old", {"age 60000000000", "now 1767605461"}},
    {"an age below a second", {"age 1", "now 1767605400"}},
    {"an age below a second, later", {"age 1", "now 1767605401"}},
    {"no age", {"age 60000000000", "drop /predicate/attempts/finishedAt"}},
    {"an age that is none", {"age 60000000000", "set /predicate/attempts/finishedAt \"now\""}},
    {"no age asked", {"now 2767605461"}},
    {"default policy", {"policy"}},
    {"default policy, scripted", {"policy", "set /predicate/protocol/computePath \"scripted\""}},
    {"default policy, no path", {"policy", "drop /predicate/protocol/computePath"}},
    {"default policy, dirty", {"policy", "set /predicate/environment/build/dirty true"}},
    {"default policy, perhaps dirty", {"policy", "set /predicate/environment/build/dirty {\"unknown\":\"x\"}"}},
    {"default policy, a sanitizer", {"policy", "set /predicate/environment/build/sanitizers [\"address\"]"}},
    {"default policy, no list", {"policy", "set /predicate/environment/build/sanitizers {}"}},
    {"default policy, coverage", {"policy", "set /predicate/environment/build/coverage true"}},
    {"default policy, optimize 1", {"policy", "set /predicate/environment/build/optimize 1"}},
    {"default policy, optimize 3", {"policy", "set /predicate/environment/build/optimize 3"}},
    {"default policy, optimize s", {"policy", "set /predicate/environment/build/optimize \"s\""}},
    {"default policy, impossible", {"policy", "refused 331 /predicate"}},
    {"default policy, before the impossible", {"policy", "refused 330 /predicate"}},
    {"default policy, tokens", {"policy", "refused 340 /predicate"}},
    {"default policy, invalid", {"policy", "refused 341 /predicate"}},
    {"finished before it started", {"set /predicate/attempts/finishedAt \"2026-01-05T08:59:59Z\""}},
    {"finished as it started", {"set /predicate/attempts/finishedAt \"" START "\""}},
    {"finished at most ahead", {"now 1767605100"}},
    {"finished too far ahead", {"now 1767605099"}},
    {"started at most ahead, no end", {"now 1767603300", "drop /predicate/attempts/finishedAt"}},
    {"started too far ahead, no end", {"now 1767603299", "drop /predicate/attempts/finishedAt"}},
    {"an end without a start", {"now 1767605099", "drop /predicate/attempts/startedAt"}},
    {"an end without a start that is read", {"now 1767605099", "set /predicate/attempts/startedAt \"x\""}},
    {"a start without an end that is read", {"now 1767603299", "set /predicate/attempts/finishedAt \"x\""}},
    {"an endpoint", {"set /subject/0/name \"endpoint:a\""}},
    {"an endpoint of other words", {"set /subject/0/name \"endpoint:a\"", "identity " IDENTITY}},
    {"an endpoint of these words",
     {"set /subject/0 {\"name\":\"endpoint:a\",\"digest\":{\"sha256\":"
      "\"04f69fe37352afc8b2cdf54221b8de37b00447433577c6446ec9f9ee475e6c1d\"}}",
      "identity " IDENTITY}},
    {"two endpoints",
     {"set /subject/0/name \"endpoint:a\"",
      "append /subject {\"name\":\"endpoint:b\",\"digest\":{\"sha256\":\"" TWOS "\"}}", "identity " IDENTITY}},
    {"an endpoint without a digest",
     {"set /subject/0/name \"endpoint:a\"", "set /subject/0/digest {}", "identity " IDENTITY}},
    {"an endpoint whose digest is a number", {"set /subject/0/name \"endpoint:a\"", "set /subject/0/digest/sha256 7"}},
    {"a subject without a name", {"drop /subject/0/name", "identity " IDENTITY}},
    {"an identity of no endpoint", {"identity " IDENTITY}},
    {"an artefact", {"artefact 1"}},
    {"another artefact", {"artefact 7"}},
    {"two artefacts", {"artefact 7", "artefact 1"}},
    {"two artefacts in turn", {"artefact 1", "artefact 7"}},
    {"an artefact that is the second subject",
     {"artefact 1", "set /subject/0/digest/sha256 \"" TWOS "\"", "set /subject/1/digest {\"sha256\":\"" ONES "\"}"}},
    {"the commit", {"commit " COMMIT}},
    {"another commit", {"commit " OTHER_COMMIT}},
    {"no commit", {"commit " COMMIT, "drop /subject/1"}},
    {"the first of two commits",
     {"commit " COMMIT, "append /subject {\"name\":\"source:y\",\"digest\":{\"gitCommit\":\"" OTHER_COMMIT "\"}}"}},
    {"the second of two commits",
     {"commit " OTHER_COMMIT,
      "append /subject {\"name\":\"source:y\",\"digest\":{\"gitCommit\":\"" OTHER_COMMIT "\"}}"}},
    {"a signer", {"signatures [{\"keyid\":\"k\"}]", "set /predicate/tier/signers [\"k\"]"}},
    {"another signer", {"signatures [{\"keyid\":\"k\"}]", "set /predicate/tier/signers [\"l\"]"}},
    {"two signers", {"signatures [{\"keyid\":\"k\"},{\"keyid\":\"m\"}]", "set /predicate/tier/signers [\"k\",\"m\"]"}},
    {"two signers, the first another",
     {"signatures [{\"keyid\":\"k\"},{\"keyid\":\"m\"}]", "set /predicate/tier/signers [\"l\",\"m\"]"}},
    {"two signers, the second another",
     {"signatures [{\"keyid\":\"k\"},{\"keyid\":\"m\"}]", "set /predicate/tier/signers [\"k\",\"n\"]"}},
    {"two signers, both others",
     {"signatures [{\"keyid\":\"k\"},{\"keyid\":\"m\"}]", "set /predicate/tier/signers [\"l\",\"n\"]"}},
    {"a signer who did not sign", {"set /predicate/tier/signers [\"k\"]"}},
    {"a signature of nobody", {"signatures [{\"keyid\":\"k\"}]"}},
    {"a signer more", {"signatures [{\"keyid\":\"k\"}]", "set /predicate/tier/signers [\"k\",\"m\"]"}},
    {"a signer that is no text", {"signatures [{\"keyid\":\"k\"}]", "set /predicate/tier/signers [7]"}},
    {"a keyid that is no text", {"signatures [{\"keyid\":7}]", "set /predicate/tier/signers [\"k\"]"}},
    {"signers in interop", {"interop", "signatures [{\"keyid\":\"k\"}]"}},
    {"signers that are no list", {"signatures [{\"keyid\":\"k\"}]", "set /predicate/tier/signers {}"}},
    {"signatures that are no list", {"signatures {}", "set /predicate/tier/signers [\"k\"]"}},
    {"signers that were refused", {"signatures [{\"keyid\":\"k\"}]", "refused 108 /predicate/tier/signers"}},
    {"signatures that were refused", {"signatures [{\"keyid\":\"k\"}]", "refused 108 /signatures"}},
    {"a keyid that was refused", {"signatures [{\"keyid\":\"k\"}]", "refused 205 /signatures/0/keyid"}},
    {"a signature that was refused", {"signatures [{\"keyid\":\"k\"}]", "refused 204 /signatures/0/sig"}},
    {"a seed of a challenge",
     {"set /predicate/protocol/seedSource \"challenge\"", "set /predicate/protocol/seed \"DUE\""}},
    {"another seed of a challenge", {"set /predicate/protocol/seedSource \"challenge\""}},
    {"a seed of no challenge", {"set /predicate/protocol/seedSource \"challenge\"", "drop /predicate/attempts/nonce"}},
    {"a seed of a challenge, no commit",
     {"set /predicate/protocol/seedSource \"challenge\"", "drop /predicate/environment/build/commit"}},
    {"a seed of a log", {"set /predicate/protocol/seedSource \"log-head\""}},
    {"a due seed of a log",
     {"set /predicate/protocol/seedSource \"log-head\"", "set /predicate/protocol/seed \"DUE\""}},
    {"a seed of a log with its intent",
     {"set /predicate/protocol/seedSource \"log-head\"", "set /predicate/attempts/intent {\"leaf\":7}"}},
    {"a seed of a challenge with an intent",
     {"set /predicate/protocol/seedSource \"challenge\"", "set /predicate/attempts/intent {\"leaf\":7}"}},
    {"no seed", {"set /predicate/protocol/seedSource \"challenge\"", "drop /predicate/protocol/seed"}},
    {"no source of a seed", {"drop /predicate/protocol/seedSource"}},
    {"a provenance", {"provenance {" SLSA ",\"subject\":[{\"digest\":{\"sha256\":\"" ONES "\"}}]}"}},
    {"a provenance whose second subject it is",
     {"provenance {" SLSA ",\"subject\":[{\"digest\":{\"sha256\":\"" TWOS "\"}},{\"digest\":{\"sha256\":\"" ONES
      "\"}}]}"}},
    {"a provenance of another", {"provenance {" SLSA ",\"subject\":[{\"digest\":{\"sha256\":\"" TWOS "\"}}]}"}},
    {"a provenance of nothing", {"provenance {" SLSA "}"}},
    {"a provenance of one of two",
     {"provenance {" SLSA ",\"subject\":[{\"digest\":{\"sha256\":\"" ONES "\"}}]}",
      "append /subject {\"name\":\"binary:b\",\"digest\":{\"sha256\":\"" TWOS "\"}}"}},
    {"a provenance, and no binary",
     {"provenance {" SLSA ",\"subject\":[{\"digest\":{\"sha256\":\"" ONES "\"}}]}", "drop /subject/0"}},
    {"a provenance, and a binary without a digest",
     {"provenance {" SLSA ",\"subject\":[{\"digest\":{}}]}", "set /subject/0/digest {}"}},
    {"a provenance of another type", {"provenance {\"predicateType\":\"https://slsa.dev/\",\"subject\":[]}"}},
    {"a provenance that is none", {"provenance rubbish"}},
    {"a provenance in an envelope",
     {"provenance {\"payload\":\"eyJwcmVkaWNhdGVUeXBlIjoiaHR0cHM6Ly9zbHNhLmRldi9wcm92ZW5hbmNlL3YxIn0=\"}"}},
    {"rubbish in an envelope", {"provenance {\"payload\":\"cnViYmlzaA==\"}"}},
    {"no base64 in an envelope", {"provenance {\"payload\":\"%%%%\"}"}},
};

static const struct question RELATIONS[] = {
    {"as it is", {NULL}},
    {"a role of none", {"set /subject/0/name \"other:a\""}},
    {"the first role", {"set /subject/0/name \"binary:\""}},
    {"a command", {"set /subject/0/name \"command:a\""}},
    {"data", {"set /subject/0/name \"data:a\""}},
    {"an endpoint", {"set /subject/0/name \"endpoint:a\""}},
    {"a kernel", {"set /subject/0/name \"kernel:a\""}},
    {"a model", {"set /subject/0/name \"model:a\""}},
    {"a script", {"set /subject/0/name \"script:a\""}},
    {"a role without a colon", {"set /subject/0/name \"binary\""}},
    {"a subject twice", {"append /subject {\"name\":\"source:x\",\"digest\":{\"gitCommit\":\"" COMMIT "\"}}"}},
    {"subjects in no order", {"append /subject {\"name\":\"data:x\",\"digest\":{\"sha256\":\"" ONES "\"}}"}},
    {"a subject in order", {"append /subject {\"name\":\"source:y\",\"digest\":{\"gitCommit\":\"" COMMIT "\"}}"}},
    {"an empty name first", {"set /subject/0/name \"\""}},
    {"empty names", {"set /subject/0/name \"\"", "set /subject/1/name \"\""}},
    {"a source of a file", {"set /subject/1/digest {\"sha256\":\"" ONES "\"}"}},
    {"a binary of a commit", {"set /subject/0/digest {\"gitCommit\":\"" COMMIT "\"}"}},
    {"a digest that is none", {"set /subject/0/digest 7"}},
    {"subjects that were refused", {"set /subject/0/name \"other:a\"", "refused 108 /subject"}},
    {"a name that was refused", {"set /subject/0/name \"other:a\"", "refused 108 /subject/0/name"}},
    {"imported", {"imported", "set /subject/0/name \"other:a\"", "set /predicate/protocol/arms []"}},
    {"no arms", {"set /predicate/protocol/arms []"}},
    {"one arm", {"drop /predicate/protocol/arms/1"}},
    {"an arm twice", {"append /predicate/protocol/arms {\"id\":\"b\"}"}},
    {"the first arm twice", {"append /predicate/protocol/arms {\"id\":\"a\"}"}},
    {"an arm thrice",
     {"append /predicate/protocol/arms {\"id\":\"a\"}", "append /predicate/protocol/arms {\"id\":\"a\"}"}},
    {"an arm that is no text", {"append /predicate/protocol/arms {\"id\":7}"}},
    {"arms that were refused", {"set /predicate/protocol/arms []", "refused 108 /predicate/protocol/arms"}},
    {"a metric of no arm", {"set /predicate/metrics/1/arm \"ab\""}},
    {"a metric of no arm at the end", {"set /predicate/metrics/2/arm \"c\""}},
    {"metrics in no order of arms", {"set /predicate/metrics/0/arm \"b\""}},
    {"metrics in no order of names", {"set /predicate/metrics/0/name \"o\""}},
    {"a metric twice", {"set /predicate/metrics/1/name \"m\""}},
    {"metrics in no order, a name refused",
     {"set /predicate/metrics/0/name \"o\"", "refused 108 /predicate/metrics/0/name"}},
    {"metrics in no order, an arm refused",
     {"set /predicate/metrics/0/name \"o\"", "refused 108 /predicate/metrics/0/arm"}},
    {"metrics in no order, another refused",
     {"set /predicate/metrics/0/name \"o\"", "refused 108 /predicate/metrics/2/name"}},
    {"bounds without a value", {"set /predicate/metrics/0/value {\"absent\":\"why\"}"}},
    {"a bound without a value", {"set /predicate/metrics/2/lower \"1\""}},
    {"a lower bound alone", {"set /predicate/metrics/1/lower \"1\""}},
    {"an upper bound alone", {"set /predicate/metrics/1/upper \"1\""}},
    {"a confidence alone", {"set /predicate/metrics/1/confidence \"0.5\""}},
    {"bounds without a confidence", {"drop /predicate/metrics/0/confidence"}},
    {"a value at its lower bound", {"set /predicate/metrics/0/value \"0.5\""}},
    {"a value below its lower bound", {"set /predicate/metrics/0/value \"0.4999\""}},
    {"a value at its upper bound", {"set /predicate/metrics/0/value \"2\""}},
    {"a value above its upper bound", {"set /predicate/metrics/0/value \"2.0001\""}},
    {"a confidence of 0", {"set /predicate/metrics/0/confidence \"0\""}},
    {"a confidence of 1", {"set /predicate/metrics/0/confidence \"1\""}},
    {"a confidence beside 1", {"set /predicate/metrics/0/confidence \"0.9999\""}},
    {"a confidence beside 0", {"set /predicate/metrics/0/confidence \"0.0001\""}},
    {"a bound that is no number", {"set /predicate/metrics/0/lower \"x\"", "set /predicate/metrics/0/value \"9\""}},
    {"an entry of no arm", {"set /predicate/kernels/entries/1/arm \"c\""}},
    {"the first entry of no arm", {"set /predicate/kernels/entries/0/arm \"\""}},
    {"hosts twice", {"set /predicate/environment/hosts/1/rank 0"}},
    {"hosts in no order", {"set /predicate/environment/hosts/2/rank 0"}},
    {"hosts in order", {"set /predicate/environment/hosts/2/rank 2"}},
    {"the last host twice", {"set /predicate/environment/hosts/2/rank 1"}},
    {"a check twice", {"set /predicate/checks/1/id \"x\""}},
    {"a check twice, not side by side", {"set /predicate/checks/2/id \"x\""}},
    {"the last check twice", {"set /predicate/checks/2/id \"y\""}},
    {"a check without an id", {"drop /predicate/checks/2/id", "drop /predicate/checks/1/id"}},
    {"a counter without a signature", {"set /predicate/attempts/counter 7"}},
    {"a previous one without a signature", {"set /predicate/attempts/previous \"" ONES "\""}},
    {"an absence of another reason", {"set /predicate/attempts/counter {\"absent\":\"first\"}"}},
    {"no counter", {"drop /predicate/attempts/counter", "drop /predicate/attempts/previous"}},
    {"a counter with a signature", {"set /predicate/attempts/counter 7", "signatures [{\"keyid\":\"k\"}]"}},
    {"a counter with a signer", {"set /predicate/attempts/counter 7", "set /predicate/tier/signers [\"k\"]"}},
    {"a counter with both",
     {"set /predicate/attempts/counter 7", "set /predicate/tier/signers [\"k\"]", "signatures [{\"keyid\":\"k\"}]"}},
    {"all of them",
     {"set /subject/0/name \"other:a\"", "set /predicate/metrics/1/arm \"ab\"", "set /predicate/checks/1/id \"x\"",
      "set /predicate/environment/hosts/1/rank 0", "set /predicate/kernels/entries/1/arm \"c\""}},
};

/* DUE stands for the seed that nonce and commit give. */
static void fill_in(struct bench *b)
{
    char text[32];
    json_t *protocol = json_object_get(json_object_get(b->judge.statement, "predicate"), "protocol");
    if (strcmp(judge_text_of(protocol, "seed"), "DUE") == 0) {
        (void)snprintf(text, sizeof text, "%llu", (unsigned long long)assay_choice_seed(ONES, COMMIT, NULL));
        (void)json_object_set_new(protocol, "seed", json_string(text));
    }
}

static void hold(const struct question *questions, size_t count, void (*judge)(struct judge *judge), const char *file)
{
    struct assay_buf out;
    assay_buf_init(&out, BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        struct bench b;
        init(&b, &questions[i]);
        fill_in(&b);
        judge(&b.judge);
        tell(&b, questions[i].name, &out);
        done(&b);
    }
    golden_hold(file, &out);
    assay_buf_done(&out);
}

static void a_document_is_bound_to_what_was_asked_and_given(void **state)
{
    (void)state;
    hold(BINDING, sizeof BINDING / sizeof BINDING[0], judge_binding, "judge/binding.txt");
}

static void fields_fit_each_other(void **state)
{
    (void)state;
    hold(RELATIONS, sizeof RELATIONS / sizeof RELATIONS[0], judge_field_relations, "judge/relations.txt");
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_bound_to_what_was_asked_and_given),
        cmocka_unit_test(fields_fit_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
