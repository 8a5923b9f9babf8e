#include "support/made_run.h"

#include "base/num.h"
#include "base/text.h"
#include "stat/stat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BASE_NS 2000000.0
#define CPU_SHARE 0.9
#define RSS_FLOOR ((uint64_t)1 << 19)

static const struct {
    const char *key;
    size_t at;
} KEYS[] = {
#define KEY(name, member)                        \
    {                                            \
        name, offsetof(struct made_tale, member) \
    }
    KEY("count", count),      KEY("arms", arms),         KEY("warmup", warmup),
    KEY("seed", seed),        KEY("number", number),     KEY("failed_every", failed_every),
    KEY("tokens", tokens),    KEY("base", base),         KEY("step", step),
    KEY("tenth", tenth),      KEY("a", wall[0]),         KEY("b", wall[1]),
    KEY("c", wall[2]),        KEY("d", wall[3]),         KEY("cpu_a", cpu[0]),
    KEY("cpu_b", cpu[1]),     KEY("cpu_c", cpu[2]),      KEY("spread", spread),
    KEY("ramp", ramp),        KEY("noise", noise),       KEY("trend", trend[0]),
    KEY("trend_b", trend[1]), KEY("fail_b", fail_b),     KEY("blind", blind),
    KEY("rss", rss),          KEY("rss_step", rss_step),
};

bool made_tale_read(struct made_tale *tale, const char *word)
{
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        size_t len = strlen(KEYS[i].key);
        if (strncmp(word, KEYS[i].key, len) == 0 && word[len] == '=') {
            double *value = (double *)(void *)((char *)tale + KEYS[i].at);
            char *end = NULL;
            *value = strtod(word + len + 1, &end);
            return end != word + len + 1 && *end == '\0';
        }
    }
    return false;
}

static double noise_of(struct made_run *made)
{
    double p = assay_rng_unit(&made->rng);
    return assay_stat_exp(made->tale.noise * assay_stat_normal_quantile(p > 0 ? p : 0.5));
}

static void spend(const struct assay_plan_op *op, uint64_t *ret_service_ns, uint64_t *ret_cpu_ns, void *context)
{
    struct made_run *made = context;
    const struct made_tale *tale = &made->tale;
    double base = tale->base > 0 ? tale->base : BASE_NS, rounds = tale->arms > 0 ? tale->count / tale->arms : 1;
    double ns = base + tale->step * (double)(made->spent * 37 % 100);
    size_t arm = op->arm < MADE_ARMS ? op->arm : 0;
    if (tale->wall[arm] > 0) {
        ns *= tale->wall[arm];
    }
    if (arm == 0 && tale->arms > 1 && rounds > 1) {
        double place = (double)((op->round * 17 + 11) % (uint64_t)rounds) / (rounds - 1) * 2 - 1;
        ns *= 1 + tale->spread * place;
        ns *= 1 + tale->ramp * (double)op->round / (rounds - 1);
    }
    ns = tale->noise > 0 ? ns * noise_of(made) : ns;
    ns += (tale->trend[0] + (arm == 1 ? tale->trend[1] : 0)) * (double)made->spent;
    made->spent++;
    if (tale->tenth > 0 && made->spent == 10) {
        ns = tale->tenth;
    }
    *ret_service_ns = (uint64_t)(ns + 0.5);
    *ret_cpu_ns = tale->cpu[arm] > 0 ? (uint64_t)(CPU_SHARE * base * tale->cpu[arm] + 0.5) : *ret_service_ns;
}

static void change_sample(struct assay_sample *sample, void *context)
{
    struct made_run *made = context;
    const struct made_tale *tale = &made->tale;
    if (tale->rss > 0) {
        made->process =
            (struct assay_process){.spawn_ns = 1000,
                                   .cpu_tree_ns = 1000,
                                   .maxrss_bytes = (uint64_t)(tale->rss + tale->rss_step * (double)made->processes++),
                                   .rss_floor_bytes = RSS_FLOOR};
        sample->process = &made->process;
    }
    if (tale->fail_b > 0 && sample->arm == 1) {
        sample->status = ASSAY_STATUS_RESET;
    }
    if (tale->blind > 0 && sample->request) {
        made->request = *sample->request;
        made->request.output_source = tale->blind > 1 ? ASSAY_TOKENS_CHUNK_COUNT : ASSAY_TOKENS_UNKNOWN;
        sample->request = &made->request;
    }
}

static void open_run(struct made_run *made)
{
    assay_err err = {0};
    const struct honest_run *run = &made->run;
    const struct assay_judge_files files = {.name = made->tale.name,
                                            .document = {run->receipt.data, run->receipt.len},
                                            .plan = {run->plan.data, run->plan.len},
                                            .trace = {run->trace.data, run->trace.len},
                                            .identity = {run->identity.data, run->identity.len}};
    const struct assay_judge_input how = {.now_real_ns = HONEST_NOW_NS};
    if (assay_opened_open(&files, &how, &made->opened, &err) != ASSAY_OK) {
        fail_msg("%s: %s", made->tale.name, err.message);
    }
    if (made->opened->trust < ASSAY_TRUST_INVALID) {
        fail_msg("%s: %s", made->tale.name, made->opened->why);
    }
}

void made_run_make(const struct made_tale *tale, struct made_run *ret)
{
    *ret = (struct made_run){.tale = *tale};
    assay_rng_seed(&ret->rng, 5, "made run");
    bool is_command = tale->rss > 0;
    const struct honest_options options = {.workload = tale->is_llm ? "llm"
                                                       : is_command ? "command"
                                                                    : "noop",
                                           .count = (size_t)tale->count,
                                           .warmup = (size_t)tale->warmup,
                                           .tokens = tale->is_llm ? (size_t)tale->tokens : 0,
                                           .failed_every = (size_t)tale->failed_every,
                                           .arms_count = (size_t)tale->arms,
                                           .seed = (uint64_t)tale->seed,
                                           .number = (uint8_t)tale->number,
                                           .spend = spend,
                                           .tamper = change_sample,
                                           .context = ret};
    honest_run_make(&options, &ret->run);
    open_run(ret);
}

void made_run_reopen(struct made_run *made)
{
    assay_opened_free(made->opened);
    open_run(made);
}

void made_run_done(struct made_run *made)
{
    assay_opened_free(made->opened);
    honest_run_done(&made->run);
}
