/* test_safetensors_reference.c - files of the reference implementation are read, and ours are byte for byte the one that it was
 * seen to read.
 *
 * Both lie in tests/golden/safetensors/; tests/golden/safetensors_check.py, which names the versions, made the first and checks
 * the second. With HONE_RENEW in the environment the second is written anew.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/arena.h"
#include "tensor/half.h"
#include "tensor/safetensors.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOLDEN "tests/golden/safetensors/"
enum { N = 8, MOST = 9 };

typedef struct sample {
    const char *name;
    uint32_t dtype;
    hone_shape shape;
    int first; /* element i is first + i */
} sample;

static const sample samples[N] = {
    {"layer.float64", HONE_F64, {.rank = 2, .dim = {2, 3}}, -3},
    {"layer.float32", HONE_F32, {.rank = 2, .dim = {3, 2}}, -3},
    {"layer.float16", HONE_F16, {.rank = 3, .dim = {2, 1, 4}}, -3},
    {"layer.bfloat16", HONE_BF16, {.rank = 1, .dim = {5}}, -3},
    {"layer.int64", HONE_I64, {.rank = 2, .dim = {2, 2}}, -3},
    {"layer.int32", HONE_I32, {.rank = 1, .dim = {7}}, -3},
    {"layer.int8", HONE_I8, {.rank = 0}, -3},
    {"layer.uint8", HONE_U8, {.rank = 2, .dim = {3, 3}}, 0},
};

static const char *const metadata[] = {"format", "pt", "made by", "h\xC3\xB6ne \"golden\""};

static void put(uint32_t dtype, void *data, int i, int value)
{
    switch (dtype) {
    case HONE_F64:
        ((double *)data)[i] = value;
        break;
    case HONE_F32:
        ((float *)data)[i] = (float)value;
        break;
    case HONE_F16:
        ((uint16_t *)data)[i] = hone__f32_to_f16((float)value);
        break;
    case HONE_BF16:
        ((uint16_t *)data)[i] = hone__f32_to_bf16((float)value);
        break;
    case HONE_I64:
        ((int64_t *)data)[i] = value;
        break;
    case HONE_I32:
        ((int32_t *)data)[i] = value;
        break;
    default:
        ((int8_t *)data)[i] = (int8_t)value;
    }
}

START_TEST(file_of_the_reference_is_read)
{
    hone_error err = {0};
    hone__st_file f;
    hone_arena *arena = hone__arena_create(0);
    hone_status status = hone__st_open(&f, arena, GOLDEN "reference.safetensors", &err);
    ck_assert_msg(status == HONE_OK, "%s", err.msg);
    ck_assert_uint_eq(f.n, N + 1);
    ck_assert_uint_eq(f.n_metadata, 2);
    for (int i = 0; i < N; i++) {
        float values[MOST];
        const hone__st_entry *e = hone__st_find(&f, samples[i].name);
        ck_assert_ptr_nonnull(e);
        ck_assert_uint_eq(e->dtype, samples[i].dtype);
        ck_assert_uint_eq(e->rank, samples[i].shape.rank);
        for (uint32_t d = 0; d < e->rank; d++)
            ck_assert_uint_eq(e->dims[d], (uint64_t)samples[i].shape.dim[d]);
        ck_assert_int_eq(hone__st_read_f32(e, values, &err), HONE_OK);
        for (uint64_t j = 0; j < e->count; j++)
            ck_assert(values[j] == (float)(samples[i].first + (int)j));
    }
    ck_assert_uint_eq(hone__st_find(&f, "empty")->count, 0);
    hone__st_close(&f);
    hone__arena_destroy(arena);
}
END_TEST

static void write_samples(const char *path)
{
    hone_error err = {0};
    hone__st_item items[N + 1];
    double data[N][MOST]; /* room and alignment for any type */
    for (int i = 0; i < N; i++) {
        int n = (int)hone_shape_count(&samples[i].shape);
        for (int j = 0; j < n; j++)
            put(samples[i].dtype, data[i], j, samples[i].first + j);
        items[i] = (hone__st_item){samples[i].name, {data[i], samples[i].dtype, 0, samples[i].shape}};
    }
    items[N] = (hone__st_item){"empty", {NULL, HONE_F32, 0, hone_shape_2(0, 4)}};
    hone_status status = hone__st_write(path, items, N + 1, metadata, 2, &err);
    ck_assert_msg(status == HONE_OK, "%s", err.msg);
}

START_TEST(file_of_ours_has_the_bytes_that_the_reference_read)
{
    hone_error err = {0};
    char folder[] = "/tmp/hone-golden-XXXXXX", path[64], *ours, *golden;
    size_t n_ours, n_golden;
    if (getenv("HONE_RENEW") != NULL)
        write_samples(GOLDEN "hone.safetensors");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/x.safetensors", folder);
    write_samples(path);
    ck_assert_int_eq(hone__read_file(path, 0, &ours, &n_ours, &err), HONE_OK);
    ck_assert_int_eq(hone__read_file(GOLDEN "hone.safetensors", 0, &golden, &n_golden, &err), HONE_OK);
    ck_assert_uint_eq(n_ours, n_golden);
    ck_assert_mem_eq(ours, golden, n_golden);
    hone__free(ours);
    hone__free(golden);
    ck_assert_int_eq(hone__remove_tree(folder, &err), HONE_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("safetensors_reference");
    TCase *c = tcase_create("all");
    tcase_add_test(c, file_of_the_reference_is_read);
    tcase_add_test(c, file_of_ours_has_the_bytes_that_the_reference_read);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
