/* What a server repeats of a request is not shown: many name the key that they refuse. */
#include "workload/llm.h"
#include "workload/workload.h"

#include "support/raw_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define KEY "k-12345678/abcdef"

/* Opens the workload against a server that answers everything with this text and 401; err says what was printed. */
static void open_refused(const char *header, const char *text, assay_err *err)
{
    char response[1024];
    (void)snprintf(response, sizeof response, "HTTP/1.1 401 Unauthorized\r\nContent-Length: %zu\r\n\r\n%s",
                   strlen(text), text);
    const struct raw_step steps[] = {{.kind = RAW_SEND, .text = response}};
    struct raw_server server;
    raw_server_start(&server, &(struct raw_options){.steps = steps, .steps_count = 1});
    struct assay_llm_state *state = calloc(1, sizeof *state);
    assert_non_null(state);
    assay_llm_options_defaults(state);
    state->options.url = server.url;
    state->options.model = "m";
    state->options.dialect = 2; /* openai */
    state->options.header = (struct assay_opt_list){.items = {header}, .count = 1};
    assert_int_equal(assay_workload_llm.open(state, err), ASSAY_NETWORK);
    assert_non_null(strstr(server.last_request, KEY)); /* it was sent */
    assay_workload_llm.close(state);
    free(state);
    raw_server_stop(&server);
}

static void a_key_that_the_server_repeats_is_starred(void **state)
{
    (void)state;
    assay_err err = {0};
    open_refused("Authorization: Bearer " KEY, "{\"error\":\"the key " KEY " is not known\"}", &err);
    assert_non_null(strstr(err.message, "HTTP 401: {\"error\":\"the key ***************** is not known"));
    assert_null(strstr(err.message, KEY));
}

static void a_header_that_the_server_repeats_is_starred_each_time(void **state)
{
    (void)state;
    assay_err err = {0};
    open_refused("X-Key: " KEY, KEY " and " KEY, &err);
    assert_non_null(strstr(err.message, "HTTP 401: ***************** and *****************"));
}

static void half_a_key_at_the_end_of_what_is_kept_is_starred(void **state)
{
    (void)state;
    assay_err err = {0};
    char text[200];
    memset(text, 'x', sizeof text);
    (void)snprintf(text + 150, sizeof text - 150, "%s", KEY); /* the message ends inside it */
    open_refused("X-Key: " KEY, text, &err);
    assert_non_null(strstr(err.message, "HTTP 401: xxx"));
    assert_null(strstr(err.message, "k-1234"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_that_the_server_repeats_is_starred),
        cmocka_unit_test(a_header_that_the_server_repeats_is_starred_each_time),
        cmocka_unit_test(half_a_key_at_the_end_of_what_is_kept_is_starred),
    };
    assay_json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
