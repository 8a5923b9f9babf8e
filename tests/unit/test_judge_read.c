/* How a document is taken apart (evidence.md 2.1, gates 101 to 109): envelopes put together from texts, each with one
 * thing at its limit or one to each side of it. */
#include "judge/judge_room.h"

#include "base/mem.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT_BYTES ((size_t)8 << 20)
#define STATEMENT "{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":\"https://assay.dev/"
#define RECEIPT STATEMENT "performance-receipt/v1\"}"
#define RECORD STATEMENT "run-record/v1\"}"
#define IMPORTED STATEMENT "imported-summary/v1\"}"
#define TYPE "application/vnd.in-toto+json"
#define KEYID "6b1f0c4e8a2d5937b0e4c1a86f93d27e5c08ab14d3f6927e01c5b8a4f7d2e360"

struct reading {
    struct judge judge;
    struct assay_judgement out;
    struct assay_judge_input input;
    struct assay_buf text;
};

static void reading_init(struct reading *r, bool is_interop)
{
    *r = (struct reading){.out = {.tier = -1}};
    r->judge = (struct judge){.out = &r->out, .input = &r->input};
    r->input.is_interop = is_interop;
    assay_arena_init(&r->out.arena, TEXT_BYTES);
    assay_buf_init(&r->judge.payload, ASSAY_PAYLOAD_BYTES_MAX);
    assay_buf_init(&r->text, TEXT_BYTES);
}

static void reading_done(struct reading *r)
{
    json_decref(r->judge.envelope);
    json_decref(r->judge.statement);
    assay_free(r->judge.list);
    assay_buf_done(&r->judge.payload);
    assay_buf_done(&r->text);
    assay_arena_done(&r->out.arena);
}

static void put_envelope(struct reading *r, const char *payload, size_t len, const char *type, const char *signatures)
{
    assay_buf_text(&r->text, "{\"payload\":\"");
    assay_base64_append(&r->text, payload, len);
    assay_buf_printf(&r->text, "\",\"payloadType\":\"%s\",\"signatures\":%s}\n", type, signatures);
}

static void read_text(struct reading *r)
{
    r->input.document = (struct assay_judge_bytes){r->text.data, r->text.len};
    judge_read(&r->judge);
    assert_false(r->judge.is_out_of_memory);
}

/* No violation where gate is 0; else exactly that one, there. */
static void assert_only(const struct reading *r, unsigned gate, const char *pointer, const char *what)
{
    if (r->judge.count != (gate != 0 ? 1 : 0) ||
        (gate != 0 && (r->judge.list[0].gate != gate || strcmp(r->judge.list[0].pointer, pointer) != 0))) {
        for (size_t i = 0; i < r->judge.count; i++) {
            print_message("%u %s: found %s, expected %s\n", r->judge.list[i].gate, r->judge.list[i].pointer,
                          r->judge.list[i].found, r->judge.list[i].expected);
        }
        fail_msg("%s: expected %u at '%s' alone", what, gate, pointer ? pointer : "");
    }
}

/* ---- the file ---- */

static void a_file_is_there_has_bytes_and_ends_in_one_line_feed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned gate;
        const char *found;
        bool is_missing;
    } CASES[] = {{NULL, 101, "nothing", true}, {"", 101, "an empty file", false}};
    for (size_t i = 0; i < 2; i++) {
        struct reading r;
        reading_init(&r, false);
        r.input.document = (struct assay_judge_bytes){CASES[i].text, 0};
        judge_read(&r.judge);
        assert_only(&r, 101, "", "file");
        assert_string_equal(r.judge.list[0].found, CASES[i].found);
        assert_int_equal(r.out.is_missing, CASES[i].is_missing);
        assert_false(r.out.is_readable);
        reading_done(&r);
    }
    static const struct {
        const char *end;
        bool is_interop;
        unsigned gate;
    } ENDS[] = {{"\n", false, 0}, {"", false, 103}, {"\n\n", false, 103}, {" \n", false, 103},
                {"\n", true, 0},  {"", true, 0},    {"\n\n", true, 0},    {" \n", true, 0}};
    for (size_t i = 0; i < sizeof ENDS / sizeof ENDS[0]; i++) {
        struct reading r;
        reading_init(&r, ENDS[i].is_interop);
        put_envelope(&r, RECEIPT, strlen(RECEIPT), TYPE, "[]");
        r.text.len--; /* without its line end */
        r.text.data[r.text.len] = '\0';
        assay_buf_text(&r.text, ENDS[i].end);
        read_text(&r);
        assert_only(&r, ENDS[i].gate, "", ENDS[i].end);
        assert_true(r.out.is_readable);
        assert_int_equal(r.out.document, ASSAY_DOCUMENT_RECEIPT);
        reading_done(&r);
    }
}

static void interop_takes_the_first_line_that_is_an_envelope(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        bool is_interop, is_readable;
    } CASES[] = {
        {"", true, true},       {"{}\n", true, true},        {"rubbish\n", true, true},
        {"{}\n", false, false}, {"rubbish\n", false, false}, {"{\"payload\":\"AAAA\"}\n", true, false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct reading r;
        reading_init(&r, CASES[i].is_interop);
        assay_buf_text(&r.text, CASES[i].before);
        put_envelope(&r, RECORD, strlen(RECORD), TYPE, "[]");
        put_envelope(&r, RECEIPT, strlen(RECEIPT), TYPE, "[]"); /* the second one is not looked at */
        read_text(&r);
        assert_int_equal(r.out.is_readable, CASES[i].is_readable);
        if (CASES[i].is_readable) {
            assert_int_equal(r.out.document, ASSAY_DOCUMENT_RECORD);
        } else if (!CASES[i].is_interop) {
            assert_int_equal(r.judge.list[0].gate, 102);
        }
        reading_done(&r);
    }
    struct reading r;
    reading_init(&r, true);
    assay_buf_text(&r.text, "{}\n[]\nrubbish\n");
    read_text(&r);
    assert_only(&r, 102, "", "no line is one");
    reading_done(&r);
}

static void a_file_of_more_than_a_mebibyte_is_not_looked_at(void **state)
{
    (void)state;
    for (size_t over = 0; over <= 1; over++) {
        struct reading r;
        reading_init(&r, false);
        put_envelope(&r, RECEIPT, strlen(RECEIPT), TYPE, "[]");
        while (r.text.len < ASSAY_ENVELOPE_BYTES_MAX + over) {
            assay_buf_char(&r.text, '\n');
        }
        read_text(&r);
        assert_only(&r, over ? 109 : 103, "", "a mebibyte");
        assert_int_equal(r.out.is_readable, !over);
        reading_done(&r);
    }
}

/* ---- the envelope ---- */

static void each_member_of_the_envelope_is_there_and_of_its_type(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_interop;
        unsigned gate;
        const char *pointer;
    } CASES[] = {
        {"[]", false, 104, ""},
        {"3", false, 104, ""},
        {"{\"payload\":\"e30=\",\"payloadType\":\"" TYPE "\"}", false, 104, "/signatures"},
        {"{\"payload\":\"e30=\",\"payloadType\":\"" TYPE "\",\"signatures\":{}}", false, 104, "/signatures"},
        {"{\"payload\":\"e30=\",\"signatures\":[]}", false, 104, "/payloadType"},
        {"{\"payload\":\"e30=\",\"payloadType\":7,\"signatures\":[]}", false, 104, "/payloadType"},
        {"{\"payloadType\":\"" TYPE "\",\"signatures\":[]}", false, 104, "/payload"},
        {"{\"payload\":[],\"payloadType\":\"" TYPE "\",\"signatures\":[]}", false, 104, "/payload"},
        {"{\"payload\":7,\"payloadType\":\"" TYPE "\",\"signatures\":[]}", true, 104, "/payload"},
        {"{\"more\":1,\"payload\":\"!\",\"payloadType\":\"" TYPE "\",\"signatures\":[]}", true, 105, "/payload"},
        {"{\"payload\":\"e30\",\"payloadType\":\"" TYPE "\",\"signatures\":[]}", false, 105, "/payload"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct reading r;
        reading_init(&r, CASES[i].is_interop);
        assay_buf_printf(&r.text, "%s\n", CASES[i].text);
        read_text(&r);
        assert_true(r.judge.count > 0);
        assert_int_equal(r.judge.list[0].gate, CASES[i].gate); /* then of the empty statement, where there is one */
        assert_string_equal(r.judge.list[0].pointer, CASES[i].pointer);
        assert_false(r.out.is_readable);
        reading_done(&r);
    }
}

static void a_member_that_is_none_of_ours_is_refused_and_ignored_in_interop(void **state)
{
    (void)state;
    static const struct {
        const char *text, *pointer;
    } CASES[] = {
        {"{\"more\":1,\"payload\":\"%s\",\"payloadType\":\"" TYPE "\",\"signatures\":[]}\n", "/more"},
        {"{\"payload\":\"%s\",\"payloadType\":\"" TYPE "\",\"signatures\":[],\"zero\":{}}\n", "/zero"},
        {"{\"payload\":\"%s\",\"payloadType\":\"" TYPE "\",\"signatures\":[{\"cert\":\"\",\"keyid\":\"" KEYID
         "\",\"sig\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\"}]}\n",
         "/signatures/0/cert"},
    };
    for (size_t i = 0; i < 2 * (sizeof CASES / sizeof CASES[0]); i++) {
        struct reading r;
        struct assay_buf payload;
        bool is_interop = i % 2 == 1;
        reading_init(&r, is_interop);
        assay_buf_init(&payload, TEXT_BYTES);
        assay_base64_append(&payload, RECEIPT, strlen(RECEIPT));
        const char *text = CASES[i / 2].text, *hole = strstr(text, "%s");
        assay_buf_append(&r.text, text, (size_t)(hole - text));
        assay_buf_append(&r.text, payload.data, payload.len);
        assay_buf_text(&r.text, hole + 2);
        read_text(&r);
        assert_only(&r, is_interop ? 0 : 104, CASES[i / 2].pointer, text);
        assert_true(r.out.is_readable);
        assay_buf_done(&payload);
        reading_done(&r);
    }
}

static void signatures_have_a_key_and_64_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *keyid;
        size_t bytes;
        bool is_interop;
        unsigned gate;
        const char *pointer;
    } CASES[] = {
        {KEYID, 64, false, 0, ""},
        {KEYID, 63, false, 203, "/signatures/1/sig"},
        {KEYID, 65, false, 203, "/signatures/1/sig"},
        {KEYID, 0, false, 203, "/signatures/1/sig"},
        {KEYID, 1024, false, 203, "/signatures/1/sig"},
        {KEYID, 1025, false, 109, "/signatures/1/sig"},
        {KEYID, 1027, false, 109, "/signatures/1/sig"},
        {KEYID, 4096, false, 109, "/signatures/1/sig"},
        {"6b", 64, false, 205, "/signatures/1/keyid"},
        {"", 64, false, 205, "/signatures/1/keyid"},
        {"6b", 64, true, 0, ""},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct reading r;
        struct assay_buf list;
        static const char zeros[4096] = {0};
        reading_init(&r, CASES[i].is_interop);
        assay_buf_init(&list, TEXT_BYTES);
        assay_buf_text(&list, "[{\"keyid\":\"" KEYID "\",\"sig\":\"");
        assay_base64_append(&list, zeros, 64); /* a good one before it */
        assay_buf_printf(&list, "\"},{\"keyid\":\"%s\",\"sig\":\"", CASES[i].keyid);
        assay_base64_append(&list, zeros, CASES[i].bytes);
        assay_buf_text(&list, "\"}]");
        put_envelope(&r, RECEIPT, strlen(RECEIPT), TYPE, list.data);
        read_text(&r);
        assert_only(&r, CASES[i].gate, CASES[i].pointer, CASES[i].keyid);
        assert_true(r.out.is_readable); /* what is wrong with a signature hides nothing of the statement */
        assay_buf_done(&list);
        reading_done(&r);
    }
}

static void a_signature_that_is_no_object_of_texts_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        unsigned gate;
        const char *pointer;
    } CASES[] = {
        {"[3]", 104, "/signatures/0"},
        {"[\"sig\"]", 104, "/signatures/0"},
        {"[{\"keyid\":3,\"sig\":\"\"}]", 104, "/signatures/0/keyid"},
        {"[{\"keyid\":\"" KEYID "\",\"sig\":3}]", 104, "/signatures/0/sig"},
        {"[{\"keyid\":\"" KEYID "\"}]", 104, "/signatures/0/sig"},
        {"[{\"keyid\":\"" KEYID "\",\"sig\":\"AA\"}]", 105, "/signatures/0/sig"},
        {"[{\"keyid\":\"" KEYID "\",\"sig\":\"-_-_\"}]", 105, "/signatures/0/sig"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct reading r;
        reading_init(&r, false);
        put_envelope(&r, RECEIPT, strlen(RECEIPT), TYPE, CASES[i].list);
        read_text(&r);
        bool is_there = false;
        for (size_t k = 0; k < r.judge.count; k++) {
            is_there = is_there || (r.judge.list[k].gate == CASES[i].gate &&
                                    strcmp(r.judge.list[k].pointer, CASES[i].pointer) == 0);
        }
        assert_true(is_there);
        assert_true(r.out.is_readable);
        reading_done(&r);
    }
}

static void sixteen_signatures_are_looked_at_and_seventeen_are_not(void **state)
{
    (void)state;
    for (size_t count = 16; count <= 17; count++) {
        struct reading r;
        struct assay_buf list;
        reading_init(&r, false);
        assay_buf_init(&list, TEXT_BYTES);
        for (size_t i = 0; i < count; i++) {
            assay_buf_text(&list, i == 0 ? "[7" : ",7");
        }
        assay_buf_char(&list, ']');
        put_envelope(&r, RECEIPT, strlen(RECEIPT), TYPE, list.data);
        read_text(&r);
        assert_int_equal(r.judge.count, count == 16 ? 16 : 1);
        assert_int_equal(r.judge.list[0].gate, count == 16 ? 104 : 109);
        assert_string_equal(r.judge.list[0].pointer, count == 16 ? "/signatures/0" : "/signatures");
        assay_buf_done(&list);
        reading_done(&r);
    }
}

/* ---- types ---- */

static void payload_types_are_ours_or_in_interop_of_in_toto(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        bool strict, interop;
    } CASES[] = {
        {TYPE, true, true},
        {"application/vnd.in-toto.provenance+json", false, true},
        {"application/vnd.in-toto.x+json", false, true},
        {"application/vnd.in-toto.+json", false, false}, /* no name */
        {"application/vnd.in-toto.x+xml", false, false},
        {"application/vnd.in-totox+json", false, false},
        {"application/vnd.other.x+json", false, false},
        {"application/vnd.in-toto+jso", false, false},
        {"", false, false},
    };
    for (size_t i = 0; i < 2 * (sizeof CASES / sizeof CASES[0]); i++) {
        struct reading r;
        bool is_interop = i % 2 == 1, is_good = is_interop ? CASES[i / 2].interop : CASES[i / 2].strict;
        reading_init(&r, is_interop);
        put_envelope(&r, RECEIPT, strlen(RECEIPT), CASES[i / 2].type, "[]");
        read_text(&r);
        assert_only(&r, is_good ? 0 : 106, "/payloadType", CASES[i / 2].type);
        assert_int_equal(r.out.is_readable, is_good);
        reading_done(&r);
    }
}

static void statements_are_of_a_type_a_version_and_a_file_name(void **state)
{
    (void)state;
    static const struct {
        const char *payload, *name;
        unsigned gate;
        const char *pointer;
        enum assay_document document;
    } CASES[] = {
        {RECEIPT, NULL, 0, "", ASSAY_DOCUMENT_RECEIPT},
        {RECORD, NULL, 0, "", ASSAY_DOCUMENT_RECORD},
        {IMPORTED, NULL, 0, "", ASSAY_DOCUMENT_IMPORTED},
        {RECEIPT, "receipt.json", 0, "", ASSAY_DOCUMENT_RECEIPT},
        {RECEIPT, "record.json", 106, "/predicateType", 0},
        {RECEIPT, "imported.json", 106, "/predicateType", 0},
        {RECEIPT, "mine.json", 0, "", ASSAY_DOCUMENT_RECEIPT},
        {RECORD, "record.json", 0, "", ASSAY_DOCUMENT_RECORD},
        {RECORD, "receipt.json", 106, "/predicateType", 0},
        {RECORD, "imported.json", 106, "/predicateType", 0},
        {IMPORTED, "imported.json", 0, "", ASSAY_DOCUMENT_IMPORTED},
        {IMPORTED, "receipt.json", 106, "/predicateType", 0},
        {IMPORTED, "record.json", 106, "/predicateType", 0},
        {STATEMENT "performance-receipt/v2\"}", NULL, 107, "/predicateType", 0},
        {STATEMENT "run-record/v0\"}", NULL, 107, "/predicateType", 0},
        {STATEMENT "imported-summary/v10\"}", NULL, 107, "/predicateType", 0},
        {STATEMENT "performance-receipt/v\"}", NULL, 106, "/predicateType", 0},
        {STATEMENT "performance-receipt/v2x\"}", NULL, 106, "/predicateType", 0},
        {STATEMENT "performance-receipt/vx\"}", NULL, 106, "/predicateType", 0},
        {STATEMENT "performance-receipt/w1\"}", NULL, 106, "/predicateType", 0},
        {STATEMENT "other/v1\"}", NULL, 106, "/predicateType", 0},
        {"{\"_type\":\"https://in-toto.io/Statement/v1\"}", NULL, 106, "/predicateType", 0},
        {"{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":1}", NULL, 106, "/predicateType", 0},
        {"{\"_type\":\"https://in-toto.io/Statement/v2\",\"predicateType\":\"https://assay.dev/run-record/v1\"}", NULL,
         106, "/_type", 0},
        {"{\"_type\":1,\"predicateType\":\"https://assay.dev/run-record/v1\"}", NULL, 106, "/_type", 0},
        {"{\"predicateType\":\"https://assay.dev/run-record/v1\"}", NULL, 106, "/_type", 0},
        {"[]", NULL, 108, "", 0},
        {"{\"b\":1,\"a\":2}", NULL, 103, "/payload", 0},
        {"{", NULL, 102, "/payload", 0},
        {"", NULL, 102, "/payload", 0},
        {"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", NULL, 109, "/payload", 0},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct reading r;
        reading_init(&r, false);
        put_envelope(&r, CASES[i].payload, strlen(CASES[i].payload), TYPE, "[]");
        r.input.document_name = CASES[i].name;
        read_text(&r);
        if (CASES[i].gate == 103) { /* and what it says is looked at all the same */
            assert_int_equal(r.judge.list[0].gate, 103);
            assert_string_equal(r.judge.list[0].pointer, "/payload");
            assert_true(r.judge.count > 1);
        } else {
            assert_only(&r, CASES[i].gate, CASES[i].pointer, CASES[i].payload);
        }
        assert_int_equal(r.out.is_readable, CASES[i].gate == 0);
        if (CASES[i].gate == 0) {
            assert_int_equal(r.out.document, CASES[i].document);
        }
        reading_done(&r);
    }
}

static void interop_reads_statements_that_are_not_canonical(void **state)
{
    (void)state;
    static const char *const PAYLOADS[] = {
        "{ \"predicateType\":\"https://assay.dev/run-record/v1\", \"_type\":\"https://in-toto.io/Statement/v1\" }",
        "{\"_type\":\"https://in-toto.io/Statement/v1\",\"more\":null,\"predicateType\":\"https://assay.dev/run-record/"
        "v1\"}",
        "{\"_type\":\"https://in-toto.io/Statement/v1\",\"more\":0.5,\"predicateType\":\"https://assay.dev/run-record/"
        "v1\"}"};
    for (size_t i = 0; i < sizeof PAYLOADS / sizeof PAYLOADS[0]; i++) {
        for (int is_interop = 0; is_interop <= 1; is_interop++) {
            struct reading r;
            reading_init(&r, is_interop);
            put_envelope(&r, PAYLOADS[i], strlen(PAYLOADS[i]), TYPE, "[]");
            read_text(&r);
            assert_int_equal(r.judge.count == 0, is_interop);
            assert_int_equal(r.out.is_readable, is_interop || i == 0); /* white space alone: one violation of form */
            reading_done(&r);
        }
    }
}

static void whichever_allocation_fails_nothing_is_said_against_the_document(void **state)
{
    (void)state;
    for (int is_interop = 0; is_interop <= 1; is_interop++) {
        size_t short_count = 0;
        for (unsigned long n = 1; n <= 60; n++) { /* more than are made */
            struct reading r;
            reading_init(&r, is_interop);
            put_envelope(&r, RECEIPT, strlen(RECEIPT), TYPE,
                         "[{\"keyid\":\"" KEYID
                         "\",\"sig\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                         "AAAAAAAAAAAAAAAAAAAAAAAAAAA==\"}]");
            r.input.document = (struct assay_judge_bytes){r.text.data, r.text.len};
            assay_mem_fail_at(n);
            judge_read(&r.judge);
            assay_mem_fail_at(0);
            short_count += r.judge.is_out_of_memory;
            assert_true(r.judge.is_out_of_memory || r.out.is_readable);
            assert_true(n < 60 || !r.judge.is_out_of_memory);
            assert_int_equal(r.judge.count, 0);
            reading_done(&r);
        }
        assert_true(short_count > 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_there_has_bytes_and_ends_in_one_line_feed),
        cmocka_unit_test(interop_takes_the_first_line_that_is_an_envelope),
        cmocka_unit_test(a_file_of_more_than_a_mebibyte_is_not_looked_at),
        cmocka_unit_test(each_member_of_the_envelope_is_there_and_of_its_type),
        cmocka_unit_test(a_member_that_is_none_of_ours_is_refused_and_ignored_in_interop),
        cmocka_unit_test(signatures_have_a_key_and_64_bytes),
        cmocka_unit_test(a_signature_that_is_no_object_of_texts_is_refused),
        cmocka_unit_test(sixteen_signatures_are_looked_at_and_seventeen_are_not),
        cmocka_unit_test(payload_types_are_ours_or_in_interop_of_in_toto),
        cmocka_unit_test(statements_are_of_a_type_a_version_and_a_file_name),
        cmocka_unit_test(interop_reads_statements_that_are_not_canonical),
        cmocka_unit_test(whichever_allocation_fails_nothing_is_said_against_the_document),
    };
    assay_json_init();
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
