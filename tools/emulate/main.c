/* The kernels of this build against their references on a bare processor, without an operating system: run by run.sh in
 * an emulator that has instruction sets which the host lacks. Tells one line a variant on the serial port.
 *
 * What the kernels and the check need of a C library stands at the end of this file. */
#include "kernel/families.h"
#include "kernel/kernel.h"

#include <stdarg.h>
#include <string.h>

#define SERIAL 0x3f8
#define SERIAL_FORM (SERIAL + 3)  /* 8 bits, no parity */
#define SERIAL_STATE (SERIAL + 5) /* bit 5: may be written */
#define HEAP_BYTES ((size_t)64 << 20)
#define WORK_MAX UINT64_C(700000) /* products of a case: an emulated instruction takes about a microsecond */
#define TOKENS_MAX 20

static const struct assay_kernel_operation *const OPERATIONS[] = {
    &kernel_op_limit_ops_tile,     &kernel_op_limit_ops_dot4,     &kernel_op_limit_ops_f32,
    &kernel_op_ternary_gemm_lane2, &kernel_op_ternary_gemv_lane2, &kernel_op_dense_gemv_q80lane,
    &kernel_op_dense_gemv_q40lane, &kernel_op_dense_gemv_q41lane,
};

extern const uint64_t emulate_handlers[12];
extern uint64_t emulate_idt[64];
void emulate_main(void);
void emulate_fault(uint64_t number, uint64_t first, uint64_t second);

/* ---- telling ------------------------------------------------------------------------------------------------------
 */

static void out(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void tell(const char *text)
{
    for (; *text; text++) {
        while ((in(SERIAL_STATE)&0x20) == 0) {
        }
        out(SERIAL, (uint8_t)*text);
    }
}

static void tell_number(uint64_t value, unsigned base)
{
    char text[32];
    size_t at = sizeof text - 1;
    text[at] = '\0';
    do {
        text[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    tell(text + at);
}

static _Noreturn void end(void)
{
    tell("the end\n");
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}

void emulate_fault(uint64_t number, uint64_t first, uint64_t second)
{
    tell("fault ");
    tell_number(number, 10);
    tell(" at ");
    tell_number(first, 16);
    tell(" ");
    tell_number(second, 16);
    tell("\n");
    end();
}

/* ---- checking -----------------------------------------------------------------------------------------------------
 */

static char heap[HEAP_BYTES] __attribute__((aligned(64)));
static size_t heap_used;

static bool is_good(const struct assay_kernel_operation *op, const struct assay_kernel_row *row,
                    const struct assay_kernel_case *which, const struct assay_kernel_shape *shape)
{
    char why[ASSAY_KERNEL_DIFFERENCE_BYTES] = "";
    bool is_equal = false;
    heap_used = 0;
    assay_code rc = assay_kernel_check(op, row, which, shape, &is_equal, why, NULL);
    if (rc != ASSAY_OK || !is_equal) {
        tell("wrong: ");
        tell(row->id);
        tell(" on case ");
        tell(which->name);
        tell("\n");
    }
    return rc == ASSAY_OK && is_equal;
}

struct score {
    uint64_t good, all;
};

static void tell_score(const char *name, struct score score)
{
    tell(score.good == score.all ? "good " : "BAD ");
    tell(name);
    tell(" ");
    tell_number(score.good, 10);
    tell(" of ");
    tell_number(score.all, 10);
    tell("\n");
}

/* All cases that are not too long, and for layers every number of tokens up to TOKENS_MAX. */
static struct score check_row(const struct assay_kernel_operation *op, const struct assay_kernel_row *row)
{
    struct score score = {0, 0};
    for (size_t i = 0; i < op->cases_count; i++) {
        const struct assay_kernel_shape *shape = &op->cases[i].shape;
        if (shape->rows * shape->columns * shape->tokens <= WORK_MAX) {
            score.good += is_good(op, row, &op->cases[i], NULL);
            score.all++;
        }
    }
    for (uint64_t tokens = 1; tokens <= TOKENS_MAX && op->units; tokens++) {
        struct assay_kernel_case which = op->cases[0];
        const struct assay_kernel_shape shape = {1 + tokens * 7 % 71, 256, tokens, 1};
        which.seed = 100 + tokens;
        which.golden = 0;
        score.good += is_good(op, row, &which, &shape);
        score.all++;
    }
    tell_score(row->id, score);
    return score;
}

static void set_handlers(void)
{
    for (size_t i = 0; i < sizeof emulate_handlers / sizeof emulate_handlers[0]; i += 2) {
        const uint64_t place = emulate_handlers[i + 1];
        uint64_t *gate = &emulate_idt[2 * emulate_handlers[i]];
        gate[0] = (place & 0xffff) | UINT64_C(8) << 16 | UINT64_C(0x8e00) << 32 | (place >> 16 & 0xffff) << 48;
        gate[1] = place >> 32;
    }
}

void emulate_main(void)
{
    struct score total = {0, 0};
    set_handlers();
    out(SERIAL_FORM, 3);
    for (size_t i = 0; i < sizeof OPERATIONS / sizeof OPERATIONS[0]; i++) {
        for (size_t k = 1; k < OPERATIONS[i]->rows_count; k++) {
            if (OPERATIONS[i]->rows[k]->run) {
                struct score score = check_row(OPERATIONS[i], OPERATIONS[i]->rows[k]);
                total.good += score.good;
                total.all += score.all;
            }
        }
    }
    tell_score("together", total);
    end();
}

/* ---- what a C library would give ----------------------------------------------------------------------------------
 */

/* In the place of what nothing here calls (run.sh names it). */
void emulate_missing(void);
void emulate_missing(void)
{
    tell("a function was called that is missing here\n");
    end();
}

void *calloc(size_t count, size_t size)
{
    size_t bytes = (count * size + 63) / 64 * 64;
    char *at = heap + heap_used;
    if (bytes > HEAP_BYTES - heap_used) {
        return NULL;
    }
    heap_used += bytes;
    return memset(at, 0, bytes);
}

void free(void *at)
{
    (void)at; /* all at once, before the next case */
}

void *memcpy(void *to, const void *from, size_t count)
{
    void *at = to;
    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(count) : : "memory");
    return to;
}

void *memset(void *to, int byte, size_t count)
{
    void *at = to;
    __asm__ volatile("rep stosb" : "+D"(at), "+c"(count) : "a"(byte) : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t count)
{
    const unsigned char *x = a, *y = b;
    size_t i = 0;
    while (i < count && x[i] == y[i]) {
        i++;
    }
    return i < count ? x[i] - y[i] : 0;
}

size_t strlen(const char *text)
{
    size_t len = 0;
    while (text[len]) {
        len++;
    }
    return len;
}

int strncmp(const char *a, const char *b, size_t count)
{
    while (count > 0 && *a && *a == *b) {
        a++;
        b++;
        count--;
    }
    return count > 0 ? (unsigned char)*a - (unsigned char)*b : 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

char *strrchr(const char *text, int byte)
{
    char *last = NULL;
    for (; *text; text++) {
        if (*text == byte) {
            last = (char *)text;
        }
    }
    return last;
}

int snprintf(char *text, size_t size, const char *format, ...)
{
    (void)format; /* what differs is not told */
    if (size > 0) {
        text[0] = '\0';
    }
    return 0;
}

int vsnprintf(char *text, size_t size, const char *format, va_list values)
{
    (void)values;
    return snprintf(text, size, format);
}

static int error_number;
int *__errno_location(void);
int *__errno_location(void)
{
    return &error_number;
}

void __assert_fail(const char *what, const char *file, unsigned line, const char *function);
void __assert_fail(const char *what, const char *file, unsigned line, const char *function)
{
    (void)function;
    tell("assertion ");
    tell(what);
    tell(", ");
    tell(file);
    tell(":");
    tell_number(line, 10);
    tell("\n");
    end();
}

float fmaf(float a, float b, float c)
{
    __asm__("vfmadd213ss %2, %1, %0" : "+x"(a) : "x"(b), "x"(c));
    return a;
}

double sqrt(double x)
{
    __asm__("sqrtsd %0, %0" : "+x"(x));
    return x;
}

double ldexp(double x, int exponent)
{
    for (; exponent > 0; exponent--) {
        x *= 2;
    }
    for (; exponent < 0; exponent++) {
        x /= 2;
    }
    return x;
}

double frexp(double x, int *ret_exponent)
{
    *ret_exponent = 0;
    for (; x != 0 && !(x < 1 && x > -1); x /= 2) {
        ++*ret_exponent;
    }
    for (; x != 0 && x < 0.5 && x > -0.5; x *= 2) {
        --*ret_exponent;
    }
    return x;
}
