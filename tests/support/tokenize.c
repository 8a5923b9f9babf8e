/* The ids of texts by the tokenizer of a model file, for comparison with other programs.
 *
 *     tokenize MODEL.gguf <texts >ids        texts end in NUL; a line of ids each, separated by blanks
 *
 * Special tokens written out in a text are plain text, but for those that users may write. */
#include "base/source.h"
#include "lm/lm.h"

#include <stdio.h>
#include <stdlib.h>

#define TEXT_BYTES_MAX ((size_t)64 << 20)

static assay_code print_ids(const struct assay_tokenizer *tokenizer, struct assay_slice text, assay_err *err)
{
    struct assay_tokens tokens = {0};
    assay_code rc = assay_tokenizer_encode(tokenizer, text, false, &tokens, err);
    for (size_t i = 0; rc == ASSAY_OK && i < tokens.count; i++) {
        printf("%s%d", i > 0 ? " " : "", tokens.ids[i]);
    }
    printf("\n");
    assay_tokens_done(&tokens);
    return rc;
}

static assay_code run(const char *path, assay_err *err)
{
    struct assay_source source = {0};
    struct assay_gguf *gguf = NULL;
    struct assay_tokenizer *tokenizer = NULL;
    struct assay_buf texts;
    assay_buf_init(&texts, TEXT_BYTES_MAX);
    assay_code rc = assay_source_open(path, &source, err);
    rc = rc == ASSAY_OK ? assay_gguf_read(&source, &gguf, err) : rc;
    rc = rc == ASSAY_OK ? assay_tokenizer_new(gguf, &tokenizer, err) : rc;
    rc = rc == ASSAY_OK ? assay_buf_read_file(&texts, "/dev/stdin", err) : rc;
    struct assay_slice rest = {texts.data, texts.len};
    while (rc == ASSAY_OK && rest.len > 0) {
        rc = print_ids(tokenizer, assay_slice_cut(&rest, '\0'), err);
    }
    assay_buf_done(&texts);
    assay_tokenizer_free(tokenizer);
    assay_gguf_free(gguf);
    assay_source_close(&source);
    return rc;
}

int main(int argc, char **argv)
{
    assay_err err = {0};
    assay_code rc = argc == 2 ? run(argv[1], &err) : assay_fail(&err, ASSAY_USAGE, "usage: tokenize MODEL.gguf");
    if (rc != ASSAY_OK) {
        fprintf(stderr, "tokenize: %s\n", err.message);
    }
    return assay_code_exit(rc);
}
