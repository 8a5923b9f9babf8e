#include "support/imported.h"

#include "crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_BYTES_MAX ((size_t)64 << 20)

static const char ENVIRONMENT[] =
    "{\"notes\":[],\"build\":{\"compiler\":\"gcc 12.2.0\",\"sanitizers\":[],\"optimize\":2,\"ndebug\":false,"
    "\"coverage\":false,\"dirty\":false},\"hosts\":[{\"rank\":0,\"os\":\"Debian 12\",\"kernelRelease\":\"6.1.0\","
    "\"arch\":\"x86_64\",\"cpuModel\":\"Example CPU\",\"cores\":2,\"threads\":2,\"memoryBytes\":8321499136,"
    "\"governor\":{\"unknown\":\"no cpufreq directory\"},\"affinity\":\"0-1\",\"gpus\":[],\"machineKey\":"
    "\"ef2d127de37b942baad06145e54b0c619a1f22327b2ebbcfbec78f5564afe39d\"}]}";

assay_code imported_text(const char *text, size_t len, const char *format, struct assay_import_result *ret,
                         assay_err *err)
{
    json_t *environment = NULL;
    assay_json_init();
    assert_int_equal(assay_crypto_init(NULL), ASSAY_OK);
    assert_int_equal(
        assay_json_read(ENVIRONMENT, sizeof ENVIRONMENT - 1, &assay_json_limits_default, &environment, NULL), ASSAY_OK);
    struct assay_import_request request = {.bytes = text,
                                           .len = len,
                                           .name = "input",
                                           .format = format,
                                           .tool = "assay 0.1.0",
                                           .now_real_ns = UINT64_C(1767605400) * ASSAY_NS_PER_S,
                                           .environment = environment};
    memset(request.run_id, 0x11, sizeof request.run_id);
    assay_code rc = assay_import(&request, ret, err);
    json_decref(environment);
    return rc;
}

char *imported_file(const char *path, size_t *ret_len)
{
    struct assay_buf name, bytes;
    const char *root = getenv("ASSAY_SOURCE_ROOT");
    assay_buf_init(&name, 4096);
    assay_buf_init(&bytes, FILE_BYTES_MAX);
    assay_buf_printf(&name, "%s/tests/%s", root != NULL ? root : ".", path);
    assay_err err = {0};
    if (assay_buf_read_file(&bytes, name.data, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    assay_buf_done(&name);
    return assay_buf_take(&bytes, ret_len);
}

struct assay_report_input imported_input(const struct assay_import_result *result)
{
    return (struct assay_report_input){.place = "run",
                                       .document = result->file.data,
                                       .document_len = result->file.len,
                                       .plan = result->plan.data,
                                       .plan_len = result->plan.len};
}
