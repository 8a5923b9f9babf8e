/* A program as a user of libassay writes it, in C17 and in C++17 (example_cxx.cc is this file): verifies the files
 * named on the command line (receipt, plan, trace, identity; "-" for none), prints the text, ends with the status. */
#include <assay/verify.h>
#include <assay/version.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct assay_verify_bytes load(const char *path)
{
    struct assay_verify_bytes bytes = {NULL, 0};
    FILE *file = strcmp(path, "-") == 0 ? NULL : fopen(path, "rb");
    if (!file) {
        return bytes;
    }
    (void)fseek(file, 0, SEEK_END);
    long len = ftell(file);
    rewind(file);
    void *data = len < 0 ? NULL : malloc((size_t)len + 1);
    if (data) {
        bytes.len = fread(data, 1, (size_t)len, file);
        bytes.data = data;
    }
    (void)fclose(file);
    return bytes;
}

int main(int argc, char **argv)
{
    if (strcmp(assay_version(), ASSAY_VERSION) != 0) {
        return 70;
    }
    struct assay_verify_input input;
    memset(&input, 0, sizeof input);
    struct assay_verify_bytes *places[] = {&input.document, &input.plan, &input.trace, &input.identity};
    for (int i = 1; i < argc && i <= 4; i++) {
        *places[i - 1] = load(argv[i]);
    }
    input.now_unix_ns = (uint64_t)time(NULL) * 1000000000U;
    struct assay_verification *verification = NULL;
    if (assay_verify(&input, &verification) != 0) {
        return 5;
    }
    int status = assay_verification_status(verification);
    (void)printf("%s%zu violations\n", assay_verification_text(verification),
                 assay_verification_violations_count(verification));
    assay_verification_free(verification);
    for (int i = 0; i < 4; i++) {
        free((void *)(uintptr_t)places[i]->data);
    }
    return status;
}
