/* limit_ops_tile_amxint8: four tiles of sums, so that no product waits for the one before. */
#include "kernel/families.h"
#include "kernel/limit/limit.h"

#if defined(__AMX_INT8__) || defined(KERNEL_EMULATED)

#include "kernel/tiles.h"

static inline void load_panel(const int8_t *a, const uint8_t *b)
{
    _tile_loadd(4, a, KERNEL_TILE_LINE);
    _tile_loadd(5, a + KERNEL_TILE_BYTES, KERNEL_TILE_LINE);
    _tile_loadd(6, b, KERNEL_TILE_LINE);
    _tile_loadd(7, b + KERNEL_TILE_BYTES, KERNEL_TILE_LINE);
}

static inline void step(void)
{
    _tile_dpbsud(0, 4, 6);
    _tile_dpbsud(1, 4, 7);
    _tile_dpbsud(2, 5, 6);
    _tile_dpbsud(3, 5, 7);
}

static void run_tiles(const struct assay_kernel_call *call)
{
    const uint64_t panels = call->shape.columns;
    const int8_t *a = call->in[0];
    const uint8_t *b = call->in[1];
    if (panels == 1) {
        load_panel(a, b);
        for (uint64_t n = 0; n < call->shape.rows; n++) {
            step();
        }
        return;
    }
    for (uint64_t n = 0, panel = 0; n < call->shape.rows; n++, panel = panel + 1 < panels ? panel + 1 : 0) {
        load_panel(a + panel * LIMIT_PANEL_BYTES, b + panel * LIMIT_PANEL_BYTES);
        step();
    }
}

static void run(const struct assay_kernel_call *call)
{
    int32_t *sums = call->out[0];
    kernel_tiles_begin(KERNEL_TILE_ROWS);
    kernel_tiles_settle(call->in[0]);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    run_tiles(call);
    _tile_stored(0, sums, KERNEL_TILE_LINE);
    _tile_stored(1, sums + LIMIT_TILE_SUMS, KERNEL_TILE_LINE);
    _tile_stored(2, sums + 2 * LIMIT_TILE_SUMS, KERNEL_TILE_LINE);
    _tile_stored(3, sums + 3 * LIMIT_TILE_SUMS, KERNEL_TILE_LINE);
    kernel_tiles_settle(sums);
    kernel_tiles_end();
}

#define RUN run
#else
#define RUN NULL
#endif

const struct assay_kernel_row kernel_row_limit_ops_tile_amxint8 = {
    .id = "limit_ops_tile_amxint8",
    .kind = ASSAY_KERNEL_LIMIT,
    .equality = ASSAY_KERNEL_EXACT,
    .run = RUN,
    .help = "TDPBSUD, four tiles of sums",
};
