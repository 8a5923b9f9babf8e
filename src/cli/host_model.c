/* What the flags of the built-in model come to: a tiny model is made in memory, run once, and says how it ran. */
#include "cli/host_kernels.h"

#include "lm/lm.h"

#include <inttypes.h>

#define MODEL_BYTES_MAX ((size_t)16 << 20) /* the tiny one has one */
#define TOKENS 4

static assay_code run_tiny(struct assay_engine *engine, assay_err *err)
{
    static const int32_t IDS[TOKENS] = {1, 2, 3, 4};
    struct assay_session *session = NULL;
    assay_code rc = assay_session_new(engine, TOKENS, &session, err);
    struct assay_session_step step = {.session = session, .ids = IDS, .count = TOKENS, .wants = ASSAY_LOGITS_BEST};
    rc = rc == ASSAY_OK ? assay_session_eval_many(&step, 1, err) : rc;
    assay_session_free(session);
    return rc;
}

static void tell(const struct assay_engine *engine, struct assay_buf *out)
{
    struct assay_engine_facts facts;
    assay_engine_facts_of(engine, &facts);
    struct assay_team *team = assay_engine_team(engine);
    const struct assay_kernel_set *set = assay_engine_kernels(engine);
    assay_buf_printf(out, "model threads %zu\n", assay_team_threads(team));
    assay_buf_printf(out, "model pinned %s\n", facts.is_pinned ? "yes" : "no");
    assay_buf_printf(out, "model pages %s\n", assay_pages_text(facts.pages));
    for (size_t row = 0; row < assay_kernel_set_rows(set); row++) {
        struct assay_kernel_total total;
        assay_kernel_counters_sum(assay_team_counters(team), row, &total);
        if (total.calls > 0) {
            assay_buf_printf(out, "model %s\n", assay_kernel_set_row(set, row).row->id);
        }
    }
}

assay_code assay_host_model_count(struct assay_buf *out, assay_err *err)
{
    const struct assay_synth synth = {.shape = "tiny", .format = "i2_s", .head = "f16", .seed = 1};
    struct assay_engine_setup setup = {.context = TOKENS, .batch = TOKENS};
    struct assay_engine *engine = NULL;
    struct assay_buf file;
    assay_buf_init(&file, MODEL_BYTES_MAX);
    assay_code rc = assay_synth_make(&synth, &file, err);
    rc = rc == ASSAY_OK ? assay_engine_setup_env(&setup, err) : rc;
    rc = rc == ASSAY_OK ? assay_engine_new((const uint8_t *)file.data, file.len, &setup, &engine, err) : rc;
    rc = rc == ASSAY_OK ? run_tiny(engine, err) : rc;
    if (rc == ASSAY_OK) {
        tell(engine, out);
    }
    assay_engine_free(engine);
    assay_buf_done(&file);
    return rc;
}
