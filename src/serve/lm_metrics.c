/* /metrics: Prometheus' text format 0.0.4. Counters only grow while the server runs. */
#include "serve/lm_server.h"

#include "base/clock.h"
#include "base/mem.h"

#include <inttypes.h>

static void put_head(struct assay_buf *out, const char *name, const char *type, const char *help)
{
    assay_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Inside a label: backslash, quote and line end are escaped. */
static void put_label(struct assay_buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\\' || *text == '"') {
            assay_buf_char(out, '\\');
        }
        assay_buf_char(out, *text == '\n' ? ' ' : *text);
    }
}

/* ---- of the server -----------------------------------------------------------------------------------------------*/

static void put_requests(const struct lm_server *server, struct assay_buf *out)
{
    static const char *const CLASSES[LM_STATUS_CLASSES] = {"gone", "1xx", "2xx", "3xx", "4xx", "5xx"};
    put_head(out, "assay_lm_requests_total", "counter",
             "Requests by path and class of status; gone: the client went away before there was one.");
    for (size_t i = 0; i <= lm_routes_count(); i++) {
        for (size_t k = 0; k < LM_STATUS_CLASSES; k++) {
            uint64_t count = server->answered[i * LM_STATUS_CLASSES + k];
            if (count > 0) {
                assay_buf_printf(out, "assay_lm_requests_total{path=\"%s\",status=\"%s\"} %" PRIu64 "\n",
                                 i < lm_routes_count() ? lm_route_at(i)->path : "other", CLASSES[k], count);
            }
        }
    }
    put_head(out, "assay_lm_connections", "gauge", "Connections that are open.");
    assay_buf_printf(out, "assay_lm_connections %" PRIu64 "\n", server->conns_count);
    put_head(out, "assay_lm_up_seconds", "gauge", "Since the start of the server.");
    assay_buf_printf(out, "assay_lm_up_seconds %.3f\n",
                     (double)(assay_clock_mono_ns() - server->started_ns) / (double)ASSAY_NS_PER_S);
}

/* ---- of the models -----------------------------------------------------------------------------------------------*/

#define AT(member) offsetof(struct lm_scheduler_totals, member)

static const struct {
    const char *name, *type, *help;
    size_t offset;
} ROWS[] = {
    {"assay_lm_slots", "gauge", "Sequences that may share a pass.", AT(slots)},
    {"assay_lm_slots_busy", "gauge", "Sequences that do.", AT(busy)},
    {"assay_lm_queue", "gauge", "Requests that wait for a slot.", AT(queue)},
    {"assay_lm_queue_full_total", "counter", "Requests that were refused because the queue was full.", AT(queue_full)},
    {"assay_lm_prompt_tokens_total", "counter", "Tokens of prompts that were evaluated.", AT(prompt_tokens)},
    {"assay_lm_output_tokens_total", "counter", "Tokens that were drawn, without end tokens.", AT(output_tokens)},
    {"assay_lm_passes_total", "counter", "Passes over the weights.", AT(passes)},
    {"assay_lm_pass_tokens_total", "counter", "Tokens of all passes.", AT(pass_tokens)},
    {"assay_lm_pass_nanoseconds_total", "counter", "Time of all passes.", AT(pass_ns)},
    {"assay_lm_positions_free", "gauge", "Positions of the cache that no sequence holds.", AT(positions_free)},
};

static void put_model(struct assay_buf *out, const char *name, const struct lm_hosted *hosted)
{
    assay_buf_printf(out, "%s{model=\"", name);
    put_label(out, hosted->card->name);
    assay_buf_char(out, '"');
}

static void put_totals(const struct lm_server *server, const struct lm_scheduler_totals *totals, struct assay_buf *out)
{
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        put_head(out, ROWS[i].name, ROWS[i].type, ROWS[i].help);
        for (size_t k = 0; k < server->models_count; k++) {
            const char *place = (const char *)&totals[k] + ROWS[i].offset;
            put_model(out, ROWS[i].name, &server->models[k]);
            assay_buf_printf(out, "} %" PRIu64 "\n", *(const uint64_t *)(const void *)place);
        }
    }
    static const char *const FINISHES[] = {NULL, "stop", "length", "cancelled", "shutdown", "failed"};
    put_head(out, "assay_lm_finished_total", "counter", "Requests that generated, by what ended them.");
    for (size_t k = 0; k < server->models_count; k++) {
        for (size_t i = LM_STOP; i <= LM_FAILED; i++) {
            put_model(out, "assay_lm_finished_total", &server->models[k]);
            assay_buf_printf(out, ",reason=\"%s\"} %" PRIu64 "\n", FINISHES[i], totals[k].finished[i]);
        }
    }
    put_head(out, "assay_lm_model_info", "gauge", "The file's digest and what it holds.");
    for (size_t k = 0; k < server->models_count; k++) {
        const struct lm_card *card = server->models[k].card;
        put_model(out, "assay_lm_model_info", &server->models[k]);
        assay_buf_printf(out, ",digest=\"%s\",quantisation=\"%s\",synthetic=\"%s\"} 1\n", card->served->digest,
                         card->quantisation, card->is_synthetic ? "true" : "false");
    }
}

/* ---- of the kernels ----------------------------------------------------------------------------------------------*/

static const struct {
    const char *name, *help;
    size_t offset;
} COUNTS[] = {
    {"assay_kernel_calls_total", "Calls of a kernel, counted inside it.", offsetof(struct assay_lm_kernel, calls)},
    {"assay_kernel_elements_total", "Elements that it computed.", offsetof(struct assay_lm_kernel, elements)},
    {"assay_kernel_bytes_total", "Bytes that it had to read and write.", offsetof(struct assay_lm_kernel, bytes)},
    {"assay_kernel_operations_total", "Multiplications and additions.", offsetof(struct assay_lm_kernel, ops)},
    {"assay_kernel_nanoseconds_total", "Time inside it, over all threads.", offsetof(struct assay_lm_kernel, ns)},
};

static void put_kernels(const struct lm_server *server, struct assay_buf *out)
{
    struct assay_lm_kernel *rows = assay_alloc(ASSAY_LM_KERNELS_MAX, sizeof *rows);
    for (size_t i = 0; rows && i < sizeof COUNTS / sizeof COUNTS[0]; i++) {
        put_head(out, COUNTS[i].name, "counter", COUNTS[i].help);
        for (size_t k = 0; k < server->models_count; k++) {
            size_t count = lm_scheduler_kernels(server->models[k].scheduler, rows, ASSAY_LM_KERNELS_MAX);
            for (size_t row = 0; row < count; row++) {
                const char *place = (const char *)&rows[row] + COUNTS[i].offset;
                put_model(out, COUNTS[i].name, &server->models[k]);
                assay_buf_printf(out, ",kernel=\"%s\"} %" PRIu64 "\n", rows[row].id,
                                 *(const uint64_t *)(const void *)place);
            }
        }
    }
    assay_free(rows);
}

void lm_answer_metrics(struct lm_server *server, struct lm_call *call)
{
    struct lm_scheduler_totals totals[LM_MODELS_MAX];
    for (size_t i = 0; i < server->models_count; i++) {
        lm_scheduler_read(server->models[i].scheduler, &totals[i]);
    }
    call->type = "text/plain; version=0.0.4; charset=utf-8";
    put_requests(server, &call->answer);
    put_totals(server, totals, &call->answer);
    put_kernels(server, &call->answer);
}
