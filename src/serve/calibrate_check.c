/* A calibration as the check `stamp_calibration` of a trace. */
#include "serve/calibrate.h"

#include "base/clock.h"

#include <string.h>

static void put_error(struct assay_json_builder *b, json_t *data, const struct assay_calibration_error *error,
                      const char *const names[5])
{
    assay_json_put_u64(b, data, names[0], error->n);
    if (error->n > 0) {
        assay_json_put_int(b, data, names[1], error->p50_ns);
        assay_json_put_int(b, data, names[2], error->p99_ns);
        assay_json_put_int(b, data, names[3], error->max_ns);
        assay_json_put_int(b, data, names[4], error->min_ns);
    }
}

static void put_time(struct assay_json_builder *b, json_t *data, const char *name, uint64_t ns)
{
    if (ns != ASSAY_NS_ABSENT) {
        assay_json_put_u64(b, data, name, ns);
    }
}

static double share(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 0.0;
}

assay_code assay_calibration_check(const struct assay_calibration *calibration, const char *path, const char *note,
                                   json_t **ret, assay_err *err)
{
    static const char *const KERNEL[] = {"kernelN", "kernelP50Ns", "kernelP99Ns", "kernelMaxNs", "kernelMinNs"};
    static const char *const EXACT[] = {"exactN", "exactP50Ns", "exactP99Ns", "exactMaxNs", "exactMinNs"};
    static const char *const USER[] = {"userN", "userP50Ns", "userP99Ns", "userMaxNs", "userMinNs"};
    const struct assay_calibration *c = calibration;
    uint64_t tagged = c->exact + c->bounded + c->unknown;
    struct assay_json_builder b = {0};
    json_t *check = json_object();
    assay_json_put_text(&b, check, "id", "stamp-calibration");
    assay_json_put_text(&b, check, "rule", "stamp_calibration@1");
    assay_json_put_u64(&b, check, "n", c->user.n);
    json_t *data = assay_json_put_object(&b, check, "data");
    put_error(&b, data, &c->kernel, KERNEL);
    put_error(&b, data, &c->exact_kernel, EXACT);
    put_error(&b, data, &c->user, USER);
    put_time(&b, data, "latenessP50Ns", c->lateness_p50_ns);
    put_time(&b, data, "latenessP99Ns", c->lateness_p99_ns);
    put_time(&b, data, "latenessMaxNs", c->lateness_max_ns);
    assay_json_put_dec(&b, data, "exactShare", share(c->exact, tagged));
    assay_json_put_dec(&b, data, "boundedShare", share(c->bounded, tagged));
    assay_json_put_dec(&b, data, "unknownShare", share(c->unknown, tagged));
    assay_json_put_u64(&b, data, "outsideInterval", c->outside_interval);
    assay_json_put_u64(&b, data, "tokensLost", c->tokens_lost);
    assay_json_put_u64(&b, data, "samplesUnjoined", c->samples_unjoined);
    assay_json_put_u64(&b, data, "clockUncertaintyNs", c->clock_uncertainty_ns);
    if (c->client_cpu_ns > 0 && c->client_events > 0) {
        assay_json_put_u64(&b, data, "clientCpuPerEventNs", c->client_cpu_ns / c->client_events);
    }
    /* Data of a check are numbers: 1 = over loopback, and 1 = the path of the run is another one. */
    assay_json_put_u64(&b, data, "pathLoopback", strcmp(path, "loopback") == 0);
    assay_json_put_u64(&b, data, "pathDiffers", note != NULL);
    assay_code rc = assay_json_builder_check(&b, check, err);
    if (rc != ASSAY_OK) {
        json_decref(check);
        return rc;
    }
    *ret = check;
    return ASSAY_OK;
}
