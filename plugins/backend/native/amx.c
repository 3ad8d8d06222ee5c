/* amx.c - products of pairs by AMX: tiles of 32 rows and 32 columns, each four of the processor's own.
 *
 * A tile register has 16 rows of 64 bytes: 16 floats of C, 16 pairs of a row of A, or of a panel of B 16 columns of a pair. The operating
 * system gives them to processes that ask. A thread configures its tiles before it uses them, and releases them afterwards, so that they
 * need not be saved when another thread gets the processor.
 * Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapter 18; Linux, Documentation/arch/x86/xstate.rst.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "bf16.h"

#if defined(__x86_64__) && defined(__linux__)

#include "target.h"

#include <cpuid.h>
#include <immintrin.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

TARGET_BEGIN("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,amx-tile,amx-bf16")

enum { SIDE = 16, ROWS = 2 * SIDE, COLUMNS = 2 * SIDE };

/* The compiler does not know what memory these instructions read. */
static ALWAYS_INLINE void settle_memory(void)
{
    __asm__ volatile("" : : : "memory");
}

static void begin(void)
{
    static const struct __attribute__((packed)) {
        uint8_t palette, start_row, zero[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } config = {
        .palette = 1, .bytes = {64, 64, 64, 64, 64, 64, 64, 64}, .rows = {SIDE, SIDE, SIDE, SIDE, SIDE, SIDE, SIDE, SIDE}};
    settle_memory();
    _tile_loadconfig(&config);
}

static void end(void)
{
    _tile_release();
}

/* C stands in tiles 0 to 3, left to right and then down; 4 and 5 are rows of A, 6 and 7 columns of B. Halves without rows or columns are
 * left out. */
static ALWAYS_INLINE void multiply(bool lower, bool right, int64_t n, const uint32_t *a, int64_t stride, const uint32_t *b,
                                   float *c, int64_t ldc, bool add)
{
    const int64_t a_bytes = stride * (int64_t)sizeof *a, c_bytes = ldc * (int64_t)sizeof *c, b_bytes = COLUMNS * sizeof *b;
    settle_memory();
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    if (add) {
        _tile_loadd(0, c, c_bytes);
        if (right)
            _tile_loadd(1, c + SIDE, c_bytes);
        if (lower)
            _tile_loadd(2, c + SIDE * ldc, c_bytes);
        if (lower && right)
            _tile_loadd(3, c + SIDE * ldc + SIDE, c_bytes);
    }
    for (int64_t t = 0; t < n; t += SIDE, a += SIDE, b += SIDE * COLUMNS) {
        _tile_loadd(4, a, a_bytes);
        _tile_loadd(6, b, b_bytes);
        _tile_dpbf16ps(0, 4, 6);
        if (right) {
            _tile_loadd(7, b + SIDE, b_bytes);
            _tile_dpbf16ps(1, 4, 7);
        }
        if (lower) {
            _tile_loadd(5, a + SIDE * stride, a_bytes);
            _tile_dpbf16ps(2, 5, 6);
        }
        if (lower && right)
            _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, c, c_bytes);
    if (right)
        _tile_stored(1, c + SIDE, c_bytes);
    if (lower)
        _tile_stored(2, c + SIDE * ldc, c_bytes);
    if (lower && right)
        _tile_stored(3, c + SIDE * ldc + SIDE, c_bytes);
}

static void multiply_sized(int rows, int columns, int64_t n, const uint32_t *a, int64_t stride, const uint32_t *b, float *c,
                           int64_t ldc, bool add)
{
    if (rows > SIDE && columns > SIDE)
        multiply(true, true, n, a, stride, b, c, ldc, add);
    else if (rows > SIDE)
        multiply(true, false, n, a, stride, b, c, ldc, add);
    else if (columns > SIDE)
        multiply(false, true, n, a, stride, b, c, ldc, add);
    else
        multiply(false, false, n, a, stride, b, c, ldc, add);
}

static ALWAYS_INLINE __mmask16 first_lanes(int n)
{
    return n >= SIDE ? 0xFFFF : n <= 0 ? 0 : (__mmask16)((1u << n) - 1);
}

/* to = from + above for rows x columns. */
static void move(int rows, int columns, const float *from, int64_t from_ld, const float *above, float *to, int64_t to_ld)
{
    for (int j = 0; j < columns; j += SIDE) {
        const __mmask16 there = first_lanes(columns - j);
        const __m512 more = above ? _mm512_maskz_loadu_ps(there, above + j) : _mm512_set1_ps(-0.0f);
        for (int i = 0; i < rows; i++) {
            const __m512 x = _mm512_maskz_loadu_ps(there, from + i * from_ld + j);
            _mm512_mask_storeu_ps(to + i * to_ld + j, there, _mm512_add_ps(x, more));
        }
    }
}

/* Whole tiles are summed where they stay, those at the edges in a room of their own. */
static void tile(const native_set *set, int rows, int64_t n, const uint32_t *a, int64_t stride, const uint32_t *b, int width,
                 float *c, int64_t ldc, int columns, bool add, const float *bias)
{
    (void)set;
    (void)width;
    if (rows == ROWS && columns == COLUMNS) {
        multiply(true, true, n, a, stride, b, c, ldc, add);
        if (bias)
            move(rows, columns, c, ldc, bias, c, ldc);
        return;
    }
    float room[ROWS * COLUMNS];
    if (add) {
        memset(room, 0, sizeof room);
        move(rows, columns, c, ldc, NULL, room, COLUMNS);
    }
    multiply_sized(rows, columns, n, a, stride, b, room, COLUMNS, add);
    move(rows, columns, room, COLUMNS, bias, c, ldc);
}

TARGET_END

/* Has the processor tiles of bf16, and does the operating system save them, and let this process use them? */
static bool may_use_tiles(void)
{
    enum { TILE_STATES = 0x60000, TILE_DATA = 18, REQUEST_PERMISSION = 0x1023 }; /* XCR0; ARCH_REQ_XCOMP_PERM */
    unsigned a, b, c, d, low, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1)) /* OSXSAVE */
        return false;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low & TILE_STATES) != TILE_STATES)
        return false;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d >> 22 & 1) || !(d >> 24 & 1)) /* AMX_BF16, AMX_TILE */
        return false;
    return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}

const native_bf16 *native_amx_bf16(void)
{
    static const native_bf16 kernels = {.name = "amx_bf16",
                                        .rows = ROWS,
                                        .columns = COLUMNS,
                                        .lanes = COLUMNS,
                                        .per_pair = 1,
                                        .unit = SIDE,
                                        .block = 256,
                                        .tile = tile,
                                        .row = native_pairs_row,
                                        .column = native_pairs_column,
                                        .begin = begin,
                                        .end = end};
    return native_avx512_bf16() && may_use_tiles() ? &kernels : NULL;
}

#else

const native_bf16 *native_amx_bf16(void)
{
    return NULL;
}

#endif
