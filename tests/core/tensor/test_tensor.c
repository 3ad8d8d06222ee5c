/* test_tensor.c - element types, shapes, and the 16-bit floating-point types bit for bit.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "tensor/half.h"
#include <check.h>
#include <hone/tensor.h>
#include <math.h>
#include <string.h>

START_TEST(element_types_have_the_names_and_sizes_of_safetensors)
{
    static const struct {
        uint32_t dtype;
        const char *name;
        size_t size;
    } rows[] = {{HONE_F64, "F64", 8}, {HONE_F32, "F32", 4}, {HONE_F16, "F16", 2}, {HONE_BF16, "BF16", 2},
                {HONE_I64, "I64", 8}, {HONE_I32, "I32", 4}, {HONE_I8, "I8", 1},   {HONE_U8, "U8", 1},
                {0, "?", 0},          {99, "?", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert_str_eq(hone_dtype_name(rows[i].dtype), rows[i].name);
        ck_assert_uint_eq(hone_dtype_size(rows[i].dtype), rows[i].size);
    }
}
END_TEST

START_TEST(elements_are_counted_and_overflow_is_seen)
{
    static const struct {
        hone_shape shape;
        int64_t count;
    } rows[] = {
        {{.rank = 0}, 1},
        {{.rank = 1, .dim = {7}}, 7},
        {{.rank = 6, .dim = {1, 2, 3, 4, 5, 6}}, 720},
        {{.rank = 2, .dim = {0, 5}}, 0},
        {{.rank = 2, .dim = {INT64_MAX, 1}}, INT64_MAX},
        {{.rank = 2, .dim = {INT64_MAX, 2}}, -1},
        {{.rank = 3, .dim = {INT64_MAX, 2, 0}}, -1},
        {{.rank = 3, .dim = {0, INT64_MAX, 2}}, -1},
        {{.rank = 2, .dim = {3, -1}}, -1},
        {{.rank = 2, .dim = {0, -1}}, -1},
        {{.rank = 7}, -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_int_eq(hone_shape_count(&rows[i].shape), rows[i].count);
}
END_TEST

START_TEST(arrays_are_rounded_to_bf16_to_nearest_ties_to_even)
{
    static const float x[] = {1.0f + 1.0f / 256, 1.0f + 3.0f / 256, -2.0f, 0, 1e30f};
    static const uint16_t rounded[] = {0x3f80, 0x3f82, 0xc000, 0, 0x714a};
    uint16_t out[6] = {[5] = 7};
    hone_bf16_round(x, out, 5);
    ck_assert_mem_eq(out, rounded, sizeof rounded);
    ck_assert_uint_eq(out[5], 7);
}
END_TEST

START_TEST(shapes_are_compared_and_printed)
{
    char out[64], small[6];
    hone_shape a = hone_shape_2(8, 384), b = hone_shape_2(8, 384), c = hone_shape_1(8), none = {0};
    ck_assert(hone_shape_equal(&a, &b));
    b.dim[5] = 9; /* beyond the rank */
    ck_assert(hone_shape_equal(&a, &b));
    ck_assert(!hone_shape_equal(&a, &c));
    b.dim[1] = 1;
    ck_assert(!hone_shape_equal(&a, &b));
    ck_assert_str_eq(hone_shape_text(&a, out, sizeof out), "[8, 384]");
    ck_assert_str_eq(hone_shape_text(&c, out, sizeof out), "[8]");
    ck_assert_str_eq(hone_shape_text(&none, out, sizeof out), "[]");
    ck_assert_str_eq(hone_shape_text(&a, small, sizeof small), "[8, 3");
}
END_TEST

/* The value of a binary16 from its definition. */
static double half_value(uint16_t h)
{
    int exponent = h >> 10 & 31, mantissa = h & 1023;
    double size = exponent == 0    ? ldexp(mantissa, -24)
                  : exponent == 31 ? (mantissa != 0 ? (double)NAN : (double)INFINITY)
                                   : ldexp(1024 + mantissa, exponent - 25);
    return h & 0x8000 ? -size : size;
}

START_TEST(every_float16_is_converted_exactly_and_back)
{
    for (uint32_t i = 0; i <= UINT16_MAX; i++) {
        uint16_t h = (uint16_t)i;
        float x = hone__f16_to_f32(h);
        if (isnan(half_value(h))) {
            ck_assert(isnan(x));
            ck_assert(isnan(hone__f16_to_f32(hone__f32_to_f16(x))));
            continue;
        }
        ck_assert_msg((double)x == half_value(h) && (signbit(x) != 0) == (h >> 15), "%04X is %g", i, (double)x);
        ck_assert_uint_eq(hone__f32_to_f16(x), h);
    }
}
END_TEST

START_TEST(float16_rounds_to_nearest_with_ties_to_even)
{
    /* Between every two neighbours: below, at and above the middle. */
    for (uint32_t i = 0; i < 0x7BFF; i++) {
        uint16_t low = (uint16_t)i, high = (uint16_t)(i + 1);
        float middle = (float)((half_value(low) + half_value(high)) / 2);
        ck_assert_uint_eq(hone__f32_to_f16(middle), low & 1 ? high : low);
        ck_assert_uint_eq(hone__f32_to_f16(nextafterf(middle, 0)), low);
        ck_assert_uint_eq(hone__f32_to_f16(-nextafterf(middle, 1e9f)), high | 0x8000);
    }
    ck_assert_uint_eq(hone__f32_to_f16(65519.996f), 0x7BFF);
    ck_assert_uint_eq(hone__f32_to_f16(65520.0f), 0x7C00);
    ck_assert_uint_eq(hone__f32_to_f16(-1e30f), 0xFC00);
    ck_assert_uint_eq(hone__f32_to_f16(1e-30f), 0);
    ck_assert_uint_eq(hone__f32_to_f16(-0.0f), 0x8000);
}
END_TEST

START_TEST(every_bfloat16_is_converted_exactly_and_back)
{
    for (uint32_t i = 0; i <= UINT16_MAX; i++) {
        float x = hone__bf16_to_f32((uint16_t)i);
        ck_assert_uint_eq(hone__f32_bits(x), i << 16);
        if (isnan(x))
            ck_assert(isnan(hone__bf16_to_f32(hone__f32_to_bf16(x))));
        else
            ck_assert_uint_eq(hone__f32_to_bf16(x), i);
    }
}
END_TEST

START_TEST(bfloat16_rounds_to_nearest_with_ties_to_even)
{
    for (uint32_t i = 0; i < 0x7F80; i++) {
        uint32_t middle = i << 16 | 0x8000;
        ck_assert_uint_eq(hone__f32_to_bf16(hone__bits_f32(middle)), i + (i & 1));
        ck_assert_uint_eq(hone__f32_to_bf16(hone__bits_f32(middle - 1)), i);
        ck_assert_uint_eq(hone__f32_to_bf16(hone__bits_f32(0x80000000u | (middle + 1))), 0x8000 | (i + 1));
    }
    ck_assert(isnan(hone__bf16_to_f32(hone__f32_to_bf16(hone__bits_f32(0x7F800001)))));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tensor");
    TCase *c = tcase_create("all");
    tcase_add_test(c, element_types_have_the_names_and_sizes_of_safetensors);
    tcase_add_test(c, elements_are_counted_and_overflow_is_seen);
    tcase_add_test(c, arrays_are_rounded_to_bf16_to_nearest_ties_to_even);
    tcase_add_test(c, shapes_are_compared_and_printed);
    tcase_add_test(c, every_float16_is_converted_exactly_and_back);
    tcase_add_test(c, float16_rounds_to_nearest_with_ties_to_even);
    tcase_add_test(c, every_bfloat16_is_converted_exactly_and_back);
    tcase_add_test(c, bfloat16_rounds_to_nearest_with_ties_to_even);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
