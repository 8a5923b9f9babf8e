/* From what ended a request to the status of its sample (endpoints.md 6, and the table of 8): what ended it first names
 * it, and content is judged last. The bytes go through the callbacks that the transport calls. */
#include "workload/llm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define START_NS (5 * ASSAY_NS_PER_S)

/* ---- one request, played ---------------------------------------------------------------------------------------- */

struct play {
    const struct assay_llm_dialect *dialect; /* NULL: openai, by its first endpoint as all are */
    const char *body;
    const char *type; /* of the content; NULL: as the dialect streams */
    int http;         /* 0: no header block came */
    enum assay_net_outcome outcome;
    uint32_t output_tokens; /* asked; 0: 2 */
    bool has_free_end;      /* --no-ignore-eos */
};

struct scene {
    struct assay_llm_state state;
    struct assay_llm_worker worker;
    struct assay_llm_slot slot;
    struct assay_completion ended;
    uint32_t free_slot;
    struct assay_plan_op op;
};

static void scene_init(struct scene *scene, const struct play *play)
{
    struct assay_llm_worker *worker = &scene->worker;
    assay_llm_options_defaults(&scene->state);
    scene->state.options.ignore_eos = !play->has_free_end;
    scene->state.dialect = play->dialect != NULL ? play->dialect : &assay_llm_openai;
    scene->state.endpoint = &scene->state.dialect->endpoints[0];
    *worker = (struct assay_llm_worker){.state = &scene->state,
                                        .slots = &scene->slot,
                                        .slots_count = 1,
                                        .free_slots = &scene->free_slot,
                                        .ended = &scene->ended,
                                        .cancel_status = ASSAY_STATUS_CANCELLED_PLAN};
    struct assay_recorder_config config = {.samples_max = 1, .events_max = 64};
    assert_int_equal(assay_recorder_new(config, &worker->recorder, NULL), ASSAY_OK);
    assert_int_equal(assay_net_pool_new(1, &worker->pool, NULL), ASSAY_OK);
    scene->op.output_tokens = play->output_tokens > 0 ? play->output_tokens : 2;
    scene->slot.worker = worker;
    assay_llm_slot_reset(&scene->slot);
    scene->slot.op = &scene->op;
}

/* One read brings all of the body. */
static bool play_body(struct scene *scene, const char *body)
{
    struct assay_net_segment segment = {.rx = {.ns = START_NS}, .user_before_ns = START_NS, .user_after_ns = START_NS};
    struct assay_net_timeline timeline;
    assay_net_timeline_start(&timeline, START_NS - 1);
    assay_net_timeline_read(&timeline, &segment);
    struct assay_net_span span = {.data = body, .len = strlen(body), .segment = &segment, .timeline = &timeline};
    return span.len == 0 || assay_llm_handler.on_body(&scene->slot, &span);
}

static enum assay_status play(const struct play *play)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    scene_init(scene, play);
    struct assay_net_facts facts = {
        .outcome = play->outcome,
        .status = play->http,
        .send_enter_ns = START_NS - 1,
        .tx = ASSAY_NET_STAMP_ABSENT,
        .tx_ack = ASSAY_NET_STAMP_ABSENT,
        .first_byte = ASSAY_NET_ARRIVAL_ABSENT,
        .end = ASSAY_NET_ARRIVAL_ABSENT,
        .end_ns = START_NS + 1,
    };
    if (play->http != 0) {
        const char *usual =
            scene->state.endpoint->stream == ASSAY_LLM_SSE ? "text/event-stream" : "application/x-ndjson";
        struct assay_net_response response = {.status = play->http,
                                              .content_type = assay_slice_of(play->type != NULL ? play->type : usual)};
        assay_llm_handler.on_head(&scene->slot, &response);
    }
    if (play->body != NULL && !play_body(scene, play->body)) {
        facts.outcome = ASSAY_NET_STOPPED; /* as the transport says when on_body does not want more */
    }
    assay_llm_handler.on_done(&scene->slot, &facts);
    assert_int_equal(scene->worker.ended_count, 1);
    assert_int_equal(assay_recorder_samples(scene->worker.recorder), 1);
    enum assay_status status = scene->ended.status;
    assay_recorder_free(scene->worker.recorder);
    assay_net_pool_free(scene->worker.pool);
    free(scene);
    return status;
}

struct row {
    struct play play;
    enum assay_status status;
};

static void assert_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum assay_status found = play(&rows[i].play);
        if (found != rows[i].status) {
            fail_msg("row %zu (HTTP %d, %s, '%s') is %s, expected %s", i, rows[i].play.http,
                     assay_net_outcome_name(rows[i].play.outcome), rows[i].play.body != NULL ? rows[i].play.body : "",
                     assay_status_text(found), assay_status_text(rows[i].status));
        }
    }
}
#define ASSERT_ROWS(rows) assert_rows(rows, sizeof(rows) / sizeof(rows)[0])

/* ---- OpenAI's stream -------------------------------------------------------------------------------------------- */

#define TOKEN "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\" a\"}}]}\n\n"
#define FINISH(reason) "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" reason "\"}]}\n\n"
#define USAGE(tokens) \
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":" tokens ",\"total_tokens\":11}}\n\n"
#define ERROR "data: {\"error\":{\"message\":\"out of memory\"}}\n\n"
#define DONE "data: [DONE]\n\n"
#define GOOD TOKEN TOKEN FINISH("length") USAGE("2") DONE

static void a_whole_answer_is_ok(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.http = 200, .body = GOOD}, ASSAY_STATUS_OK},
        {{.http = 200, .body = TOKEN TOKEN DONE}, ASSAY_STATUS_OK}, /* chunks are not tokens: nothing to compare */
        {{.http = 200, .body = ": ping\n\n" GOOD}, ASSAY_STATUS_OK},
        {{.http = 200, .body = TOKEN FINISH("stop") USAGE("1") DONE, .has_free_end = true}, ASSAY_STATUS_OK},
        {{.http = 200, .body = GOOD "data: {\"more\":1}\n\n"}, ASSAY_STATUS_OK}, /* bytes behind the end are counted */
    };
    ASSERT_ROWS(rows);
}

static void without_a_response_the_transport_names_the_status(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.outcome = ASSAY_NET_REFUSED}, ASSAY_STATUS_REFUSED},
        {{.outcome = ASSAY_NET_UNREACHABLE}, ASSAY_STATUS_UNREACHABLE},
        {{.outcome = ASSAY_NET_TLS_FAILED}, ASSAY_STATUS_TLS_FAILED},
        {{.outcome = ASSAY_NET_SEND_FAILED}, ASSAY_STATUS_SEND_FAILED},
        {{.outcome = ASSAY_NET_RESET}, ASSAY_STATUS_RESET},
        {{.outcome = ASSAY_NET_CLOSED}, ASSAY_STATUS_INCOMPLETE},
        {{.outcome = ASSAY_NET_BAD_HTTP}, ASSAY_STATUS_BAD_HTTP},
        {{.outcome = ASSAY_NET_TOO_LARGE}, ASSAY_STATUS_TOO_LARGE},
        {{.outcome = ASSAY_NET_TIMEOUT_CONNECT}, ASSAY_STATUS_TIMEOUT_CONNECT},
        {{.outcome = ASSAY_NET_TIMEOUT_FIRST}, ASSAY_STATUS_TIMEOUT_FIRST},
        {{.outcome = ASSAY_NET_TIMEOUT_TOTAL}, ASSAY_STATUS_TIMEOUT_TOTAL},
        {{.outcome = ASSAY_NET_CANCELLED}, ASSAY_STATUS_CANCELLED_PLAN}, /* as the worker was told */
    };
    ASSERT_ROWS(rows);
}

static void a_stream_cut_by_the_transport_is_named_by_it(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.http = 200, .body = TOKEN, .outcome = ASSAY_NET_RESET}, ASSAY_STATUS_RESET},
        {{.http = 200, .body = TOKEN, .outcome = ASSAY_NET_CLOSED}, ASSAY_STATUS_INCOMPLETE},
        {{.http = 200, .body = TOKEN, .outcome = ASSAY_NET_BAD_HTTP}, ASSAY_STATUS_BAD_HTTP},
        {{.http = 200, .body = TOKEN, .outcome = ASSAY_NET_TOO_LARGE}, ASSAY_STATUS_TOO_LARGE},
        {{.http = 200, .body = TOKEN, .outcome = ASSAY_NET_TIMEOUT_STALL}, ASSAY_STATUS_TIMEOUT_STALL},
        {{.http = 200, .body = TOKEN, .outcome = ASSAY_NET_TIMEOUT_TOTAL}, ASSAY_STATUS_TIMEOUT_TOTAL},
        {{.http = 200, .body = TOKEN, .outcome = ASSAY_NET_CANCELLED}, ASSAY_STATUS_CANCELLED_PLAN},
        {{.http = 200, .outcome = ASSAY_NET_ENCODED}, ASSAY_STATUS_BAD_STREAM},
    };
    ASSERT_ROWS(rows);
}

static void behind_the_terminator_the_transport_has_no_say(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.http = 200, .body = GOOD, .outcome = ASSAY_NET_RESET}, ASSAY_STATUS_OK},
        {{.http = 200, .body = GOOD, .outcome = ASSAY_NET_CLOSED}, ASSAY_STATUS_OK},
        {{.http = 200, .body = GOOD, .outcome = ASSAY_NET_TIMEOUT_STALL}, ASSAY_STATUS_OK},
    };
    ASSERT_ROWS(rows);
}

static void every_http_status_but_200_is_a_failure(void **state)
{
    (void)state;
    static const struct {
        int http;
        enum assay_status status;
    } rows[] = {
        {201, ASSAY_STATUS_HTTP_OTHER}, {204, ASSAY_STATUS_HTTP_OTHER}, {302, ASSAY_STATUS_HTTP_OTHER},
        {400, ASSAY_STATUS_HTTP_4XX},   {401, ASSAY_STATUS_HTTP_4XX},   {408, ASSAY_STATUS_HTTP_408},
        {429, ASSAY_STATUS_HTTP_429},   {499, ASSAY_STATUS_HTTP_4XX},   {500, ASSAY_STATUS_HTTP_5XX},
        {502, ASSAY_STATUS_HTTP_5XX},   {503, ASSAY_STATUS_HTTP_503},   {599, ASSAY_STATUS_HTTP_5XX},
        {600, ASSAY_STATUS_HTTP_OTHER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        /* whatever the body says, and however it ends */
        const struct row with[] = {
            {{.http = rows[i].http}, rows[i].status},
            {{.http = rows[i].http, .body = GOOD}, rows[i].status},
            {{.http = rows[i].http, .body = "{\"error\":\"no\"}", .type = "application/json"}, rows[i].status},
            {{.http = rows[i].http, .outcome = ASSAY_NET_RESET}, rows[i].status},
        };
        ASSERT_ROWS(with);
    }
}

static void what_the_stream_holds_names_the_status(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.http = 200}, ASSAY_STATUS_INCOMPLETE},
        {{.http = 200, .body = TOKEN TOKEN USAGE("2")}, ASSAY_STATUS_INCOMPLETE},
        {{.http = 200, .body = TOKEN "data: {\"choi"}, ASSAY_STATUS_INCOMPLETE},
        {{.http = 200, .body = ERROR}, ASSAY_STATUS_STREAM_ERROR},
        {{.http = 200, .body = TOKEN ERROR DONE}, ASSAY_STATUS_STREAM_ERROR},
        {{.http = 200, .body = "data: nonsense\n\n" DONE}, ASSAY_STATUS_BAD_STREAM},
        {{.http = 200, .body = "data: {\"choices\":[{\"delta\":{\"content\":{}}}]}\n\n" DONE}, ASSAY_STATUS_BAD_STREAM},
        {{.http = 200, .body = "data: {\"choices\":[{\"delta\":{\"content\":\"\xff\"}}]}\n\n"},
         ASSAY_STATUS_BAD_ENCODING},
        {{.http = 200, .body = "<html>", .type = "text/html; charset=utf-8"}, ASSAY_STATUS_BAD_STREAM},
        {{.http = 200, .body = DONE}, ASSAY_STATUS_EMPTY},
        {{.http = 200, .body = FINISH("stop") USAGE("2") DONE}, ASSAY_STATUS_EMPTY},
        {{.http = 200, .body = "data: {\"choices\":null}\n\ndata: {\"choices\":[]}\n\n" DONE}, ASSAY_STATUS_EMPTY},
    };
    ASSERT_ROWS(rows);
}

static void a_fault_found_first_is_not_renamed_by_what_follows(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.http = 200, .body = ERROR "data: nonsense\n\n"}, ASSAY_STATUS_STREAM_ERROR},
        {{.http = 200, .body = "data: nonsense\n\n" ERROR}, ASSAY_STATUS_BAD_STREAM},
    };
    ASSERT_ROWS(rows);
}

static void one_document_instead_of_a_stream_is_read_as_what_it_says(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.http = 200, .type = "application/json", .body = "{\"error\":{\"message\":\"no such model\"}}"},
         ASSAY_STATUS_STREAM_ERROR},
        {{.http = 200, .type = "application/json; charset=utf-8", .body = "{\"error\":{\"message\":\"no\"}}\n"},
         ASSAY_STATUS_STREAM_ERROR},
        {{.http = 200, .type = "application/json", .body = "{\"choices\":[{\"message\":{\"content\":\"a\"}}]}"},
         ASSAY_STATUS_BAD_STREAM},
        {{.dialect = &assay_llm_ollama,
          .http = 200,
          .type = "application/json",
          .body = "{\"error\":\"no such model\"}"},
         ASSAY_STATUS_STREAM_ERROR},
    };
    ASSERT_ROWS(rows);
}

static void the_length_is_judged_where_tokens_were_counted(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.http = 200, .body = TOKEN TOKEN USAGE("3") DONE}, ASSAY_STATUS_LONG},
        {{.http = 200, .body = TOKEN TOKEN FINISH("length") USAGE("2") DONE, .output_tokens = 5}, ASSAY_STATUS_SHORT},
        {{.http = 200, .body = TOKEN FINISH("stop") USAGE("1") DONE}, ASSAY_STATUS_OK}, /* openai knows no ignore_eos */
        {{.dialect = &assay_llm_vllm, .http = 200, .body = TOKEN FINISH("stop") USAGE("1") DONE}, ASSAY_STATUS_SHORT},
        {{.dialect = &assay_llm_vllm, .http = 200, .body = TOKEN FINISH("stop") USAGE("1") DONE, .has_free_end = true},
         ASSAY_STATUS_OK},
        {{.dialect = &assay_llm_llamacpp, .http = 200, .body = TOKEN USAGE("5") DONE},
         ASSAY_STATUS_OK}, /* a character */
        {{.dialect = &assay_llm_llamacpp, .http = 200, .body = TOKEN USAGE("6") DONE}, ASSAY_STATUS_LONG},
    };
    ASSERT_ROWS(rows);
}

/* ---- Ollama's stream -------------------------------------------------------------------------------------------- */

#define O_TOKEN "{\"message\":{\"role\":\"assistant\",\"content\":\" a\"},\"done\":false}\n"
#define O_DONE(tokens)                                                                                        \
    "{\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"length\",\"eval_" \
    "count\":" tokens "}\n"

static void ollamas_lines_are_judged_alike(void **state)
{
    (void)state;
#define OLLAMA .dialect = &assay_llm_ollama, .http = 200
    static const struct row rows[] = {
        {{OLLAMA, .body = O_TOKEN O_TOKEN O_DONE("2")}, ASSAY_STATUS_OK},
        {{OLLAMA, .body = O_TOKEN O_TOKEN O_DONE("3")}, ASSAY_STATUS_LONG},
        {{OLLAMA, .body = O_TOKEN O_DONE("1")}, ASSAY_STATUS_SHORT},
        {{OLLAMA, .body = O_DONE("0")}, ASSAY_STATUS_EMPTY},
        {{OLLAMA, .body = O_TOKEN}, ASSAY_STATUS_INCOMPLETE},
        {{OLLAMA, .body = O_TOKEN "{\"message\":{\"content\":\" b\"},\"done\":fal"}, ASSAY_STATUS_INCOMPLETE},
        {{OLLAMA, .body = O_TOKEN "{\"error\":\"gone\"}\n"}, ASSAY_STATUS_STREAM_ERROR},
        {{OLLAMA, .body = O_TOKEN "nonsense\n"}, ASSAY_STATUS_BAD_STREAM},
        {{OLLAMA, .body = O_TOKEN "{\"message\":{\"content\":7}}\n"}, ASSAY_STATUS_BAD_STREAM},
        {{OLLAMA, .body = O_TOKEN, .outcome = ASSAY_NET_TIMEOUT_STALL}, ASSAY_STATUS_TIMEOUT_STALL},
    };
#undef OLLAMA
    ASSERT_ROWS(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_answer_is_ok),
        cmocka_unit_test(without_a_response_the_transport_names_the_status),
        cmocka_unit_test(a_stream_cut_by_the_transport_is_named_by_it),
        cmocka_unit_test(behind_the_terminator_the_transport_has_no_say),
        cmocka_unit_test(every_http_status_but_200_is_a_failure),
        cmocka_unit_test(what_the_stream_holds_names_the_status),
        cmocka_unit_test(a_fault_found_first_is_not_renamed_by_what_follows),
        cmocka_unit_test(one_document_instead_of_a_stream_is_read_as_what_it_says),
        cmocka_unit_test(the_length_is_judged_where_tokens_were_counted),
        cmocka_unit_test(ollamas_lines_are_judged_alike),
    };
    assay_json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
