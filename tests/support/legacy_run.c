/* Writes a run directory that can be exported as a legacy receipt: legacy_run DIR [MODEL]. A run of the built-in
 * kernels under the table of this build, with a model as subject unless MODEL is empty. */
#include "support/honest_run.h"

#include "base/file.h"
#include "crypto/crypto.h"
#include "kernel/kernel.h"

#include <stdio.h>
#include <string.h>

#define PATH_BYTES 4096

static void tell_model(json_t *facts, void *context)
{
    const char *name = context;
    static const char DIGEST[] = "6b1f0c4e8a2d5937b0e4c1a86f93d27e5c08ab14d3f6927e01c5b8a4f7d2e360";
    if (name[0]) {
        json_array_append_new(json_object_get(facts, "subject"),
                              json_pack("{s:s+, s:{s:s}}", "name", "model:", name, "digest", "sha256", DIGEST));
    }
}

static json_t *counters(void)
{
    struct assay_buf table;
    struct assay_digest digest;
    char hex[ASSAY_DIGEST_TEXT_BYTES];
    assay_buf_init(&table, ASSAY_KERNEL_TABLE_BYTES_MAX);
    assay_kernel_table_text(&table);
    assay_sha256_of(table.data, table.len, &digest);
    assay_digest_print(&digest, hex);
    assay_buf_done(&table);
    return json_pack("[{s:s, s:i, s:i}, {s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:i, s:i}]", "tableSha256",
                     hex, "wallNs", 6500000, "threads", 1, "id", "ternary_gemv_i2s_ref", "arm", "a", "class",
                     "quantised", "equality", "exact", "isa", "ref", "fallback", 0, "calls", "6", "elements", "600",
                     "bytes", "1000", "ops", "1200", "ns", 900000, "threads", 1);
}

static int write_member(const char *dir, const char *name, const struct assay_buf *bytes)
{
    char path[PATH_BYTES];
    assay_err err = {0};
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    if (assay_file_write(path, bytes->data, bytes->len, ASSAY_FILE_NEW, &err) != ASSAY_OK) {
        fprintf(stderr, "legacy_run: %s\n", err.message);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    assay_err err = {0};
    char small[] = "small.gguf";
    assay_json_init();
    if (argc < 2 || assay_crypto_init(&err) != ASSAY_OK || assay_dir_make(argv[1], &err) != ASSAY_OK) {
        fprintf(stderr, "usage: legacy_run DIR [MODEL] %s\n", err.message);
        return 2;
    }
    struct honest_run run;
    json_t *kernels = counters(), *args = json_pack("{s:i}", "tokens", 8);
    const struct honest_options options = {.workload = "llm",
                                           .count = 80,
                                           .warmup = 5,
                                           .tokens = 8,
                                           .kernels = kernels,
                                           .arm_args = args,
                                           .tamper_facts = tell_model,
                                           .context = argc > 2 ? argv[2] : small};
    honest_run_make(&options, &run);
    int status = write_member(argv[1], "plan.json", &run.plan) | write_member(argv[1], "trace.assay", &run.trace) |
                 write_member(argv[1], "identity.json", &run.identity) |
                 write_member(argv[1], "receipt.json", &run.receipt);
    honest_run_done(&run);
    json_decref(kernels);
    json_decref(args);
    return status;
}
