#include "host/probes.h"

#include <sched.h>
#include <unistd.h>

#define WATCH_NS ASSAY_NS_PER_S /* of assay_host_quietness: counters of /proc/stat have 10 ms steps */
#define LOOK_NS (50 * ASSAY_NS_PER_MS)
#define LOOP_TURNS 200000 /* some 200 us of dependent multiplications: above the clock's grain, below a time slice */
#define LOOP_TRIES 3      /* the best of them: a single interruption is no drift */

struct assay_host_doctor {
    struct assay_cgroup cgroup;
    struct pulse first, last;
    struct assay_host_watch *watch;
    struct probe_view view;
    int cpu; /* of the last look; -1: not looked yet */
};

assay_code assay_host_doctor_begin(const char *root, struct assay_host_doctor **ret, assay_err *err)
{
    struct assay_host_doctor *doctor = assay_alloc(1, sizeof *doctor);
    if (!doctor) {
        return assay_nomem(err);
    }
    doctor->view = (struct probe_view){
        .root = root, .first = &doctor->first, .last = &doctor->last, .ticks_per_s = (double)sysconf(_SC_CLK_TCK)};
    doctor->cpu = -1;
    assay_cgroup_find(root, &doctor->cgroup);
    doctor->view.cgroup = doctor->cgroup;
    assay_code rc = assay_pulse_read(root, &doctor->cgroup, &doctor->first, err);
    if (rc == ASSAY_OK) {
        rc = assay_host_watch_begin(root, &doctor->watch, err);
    }
    if (rc != ASSAY_OK) {
        assay_host_doctor_free(doctor);
        return rc;
    }
    *ret = doctor;
    return ASSAY_OK;
}

void assay_host_doctor_free(struct assay_host_doctor *doctor)
{
    if (!doctor) {
        return;
    }
    assay_host_watch_end(doctor->watch);
    assay_pulse_done(&doctor->first);
    assay_pulse_done(&doctor->last);
    assay_free(doctor);
}

/* Every turn needs the one before, so that the time is that of the clock and of nothing else. */
static uint64_t turn_loop(uint64_t value)
{
    for (unsigned i = 0; i < LOOP_TURNS; i++) {
        value = value * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        __asm__ volatile("" : "+r"(value));
    }
    return value;
}

void assay_host_doctor_look(struct assay_host_doctor *doctor)
{
    struct probe_view *view = &doctor->view;
    uint64_t best_ns = UINT64_MAX;
    for (unsigned i = 0; i < LOOP_TRIES; i++) {
        uint64_t begin_ns = assay_clock_mono_ns();
        (void)turn_loop(begin_ns);
        uint64_t took_ns = assay_clock_mono_ns() - begin_ns;
        best_ns = took_ns < best_ns ? took_ns : best_ns;
    }
    view->loop_least_ns = view->loop_least_ns == 0 || best_ns < view->loop_least_ns ? best_ns : view->loop_least_ns;
    view->loop_most_ns = best_ns > view->loop_most_ns ? best_ns : view->loop_most_ns;
    int cpu = sched_getcpu();
    view->moves += doctor->cpu >= 0 && cpu != doctor->cpu;
    doctor->cpu = cpu;
    view->looks++;
}

void assay_host_doctor_watch(struct assay_host_doctor *doctor, uint64_t until_ns)
{
    while (assay_clock_mono_ns() < until_ns) {
        assay_host_doctor_look(doctor);
        uint64_t next_ns = assay_clock_mono_ns() + LOOK_NS;
        assay_clock_system.sleep_until_ns(NULL, next_ns < until_ns ? next_ns : until_ns);
    }
}

static void add_rows(const struct probe *probes, size_t count, const struct probe_view *view,
                     struct assay_json_builder *b, json_t *rows)
{
    static const char *const ANSWERS[] = {[PROBE_OK] = "ok", [PROBE_FINDING] = "finding", [PROBE_UNKNOWN] = "unknown"};
    for (size_t i = 0; i < count; i++) {
        struct probe_result result = {0};
        probes[i].look(view, &result);
        bool is_finding = result.answer == PROBE_FINDING;
        json_t *row = assay_json_add_object(b, rows);
        assay_json_put_text(b, row, "probe", probes[i].name);
        assay_json_put_text(b, row, "answer", ANSWERS[result.answer]);
        assay_json_put_text(b, row, "cause", is_finding ? probes[i].cause : "");
        assay_json_put_text(b, row, "evidence", result.evidence);
        assay_json_put_text(b, row, "fix", is_finding ? probes[i].fix : "");
    }
}

assay_code assay_host_doctor_answer(struct assay_host_doctor *doctor, json_t **ret, assay_err *err)
{
    struct probe_view *view = &doctor->view;
    assay_pulse_done(&doctor->last);
    doctor->last = (struct pulse){0};
    assay_code rc = assay_pulse_read(view->root, &doctor->cgroup, &doctor->last, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    assay_host_watch_read(doctor->watch, &view->reading);
    view->watched_ns = doctor->last.at_ns - doctor->first.at_ns;
    struct assay_json_builder b = {0};
    json_t *rows = json_array();
    add_rows(assay_probes_load, assay_probes_load_count, view, &b, rows);
    add_rows(assay_probes_setting, assay_probes_setting_count, view, &b, rows);
    rc = assay_json_builder_check(&b, rows, err);
    if (rc != ASSAY_OK) {
        json_decref(rows);
        return rc;
    }
    *ret = rows;
    return ASSAY_OK;
}

assay_code assay_host_quietness_at(const char *root, json_t **ret, assay_err *err)
{
    struct assay_host_doctor *doctor = NULL;
    assay_code rc = assay_host_doctor_begin(root, &doctor, err);
    if (rc == ASSAY_OK) {
        assay_host_doctor_watch(doctor, assay_clock_mono_ns() + WATCH_NS);
        rc = assay_host_doctor_answer(doctor, ret, err);
    }
    assay_host_doctor_free(doctor);
    return rc;
}

assay_code assay_host_quietness(json_t **ret, assay_err *err)
{
    return assay_host_quietness_at("", ret, err);
}
