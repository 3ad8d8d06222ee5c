/* test_store.c - the parameter store: initial values, files, gradients.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/pool.h"
#include "suite.h"
#include "tensor/store.h"

#include <math.h>

static const hone_init normal = {HONE_INIT_NORMAL, 0, 0.02}, uniform = {HONE_INIT_UNIFORM, 0, 0.5},
                       ones = {HONE_INIT_ONES, 0, 0}, zeros = {HONE_INIT_ZEROS, 0, 0};

static void check_ok(hone_status status, const hone_error *err)
{
    ck_assert_msg(status == HONE_OK, "%s", err->msg);
}

static hone__weight *add(hone_store *store, const char *name, int64_t rows, int64_t columns, hone_init init, uint32_t flags)
{
    hone_error err;
    hone_shape shape = hone_shape_2(rows, columns);
    hone__weight *w = NULL;
    check_ok(hone__store_get(store, name, &shape, init, flags, &w, &err), &err);
    return w;
}

static void close_store(hone_store *store)
{
    hone_error err;
    check_ok(hone__store_close(store, NULL, &err), &err);
}

static const float *values(const hone__weight *w)
{
    return w->value.data;
}

START_TEST(initial_values_depend_on_seed_and_name_alone)
{
    hone_store *a = hone__store_create(1), *b = hone__store_create(1), *c = hone__store_create(2);
    hone__weight *first = add(a, "one", 4, 5, normal, 0), *other = add(a, "two", 4, 5, normal, 0);
    add(b, "before", 100, 3, uniform, 0); /* other weights around it change nothing */
    hone__weight *again = add(b, "one", 4, 5, normal, 0), *seeded = add(c, "one", 4, 5, normal, 0);
    close_store(a);
    close_store(b);
    close_store(c);
    ck_assert_int_eq(memcmp(values(first), values(again), 20 * sizeof(float)), 0);
    ck_assert_int_ne(memcmp(values(first), values(other), 20 * sizeof(float)), 0);
    ck_assert_int_ne(memcmp(values(first), values(seeded), 20 * sizeof(float)), 0);
    hone__store_destroy(a);
    hone__store_destroy(b);
    hone__store_destroy(c);
}
END_TEST

START_TEST(initial_values_are_the_same_for_any_number_of_threads)
{
    enum { N = 30011 };
    hone_error err;
    hone_store *alone = hone__store_create(4), *shared = hone__store_create(4);
    hone_pool *pool = NULL;
    check_ok(hone__pool_create(3, &pool, &err), &err);
    hone__weight *n = add(alone, "normal", N, 1, normal, 0), *u = add(alone, "uniform", N, 1, uniform, 0);
    hone__weight *n_shared = add(shared, "normal", N, 1, normal, 0), *u_shared = add(shared, "uniform", N, 1, uniform, 0);
    close_store(alone);
    check_ok(hone__store_close(shared, pool, &err), &err);
    ck_assert_int_eq(memcmp(values(n), values(n_shared), N * sizeof(float)), 0);
    ck_assert_int_eq(memcmp(values(u), values(u_shared), N * sizeof(float)), 0);
    const hone_key key = {4, hone_scope_hash("normal"), 0, 0};
    ck_assert(values(n)[N - 1] == (float)(normal.scale * hone_random_normal(hone_stream_of(&key), 0, N - 1)));
    hone__pool_destroy(pool);
    hone__store_destroy(alone);
    hone__store_destroy(shared);
}
END_TEST

START_TEST(initialisers_have_their_distributions)
{
    enum { N = 100000 };
    hone_store *store = hone__store_create(9);
    hone__weight *n = add(store, "normal", N, 1, normal, 0), *u = add(store, "uniform", N, 1, uniform, 0),
                 *o = add(store, "ones", N, 1, ones, 0), *z = add(store, "zeros", N, 1, zeros, 0);
    close_store(store);
    double sum = 0, squares = 0, least = 1, most = -1;
    for (int i = 0; i < N; i++) {
        sum += values(n)[i];
        squares += (double)values(n)[i] * values(n)[i];
        least = fmin(least, values(u)[i]);
        most = fmax(most, values(u)[i]);
        ck_assert_float_eq(values(o)[i], 1);
        ck_assert_float_eq(values(z)[i], 0);
    }
    ck_assert_double_lt(fabs(sum / N), 4 * 0.02 / sqrt(N)); /* four deviations of the mean */
    ck_assert_double_eq_tol(sqrt(squares / N), 0.02, 0.0002);
    ck_assert(least >= -0.5 && least < -0.499 && most < 0.5 && most > 0.499);
    hone__store_destroy(store);
}
END_TEST

START_TEST(a_weight_is_found_again_and_its_shape_must_agree)
{
    hone_error err;
    hone_store *store = hone__store_create(1);
    hone_shape wrong = hone_shape_2(5, 4);
    hone__weight *w = add(store, "bert.pooler.dense.weight", 4, 5, normal, 0), *other;
    ck_assert_ptr_eq(w, add(store, "bert.pooler.dense.weight", 4, 5, normal, 0));
    ck_assert_ptr_eq(w, hone__store_weight(store, "bert.pooler.dense.weight"));
    ck_assert_ptr_null(hone_store_find(store, "bert.pooler.dense.weight")); /* no value yet */
    ck_assert_int_eq(hone__store_get(store, w->name, &wrong, normal, 0, &other, &err), HONE_ESHAPE);
    ck_assert_str_eq(err.msg, "weight bert.pooler.dense.weight has shape [4, 5], but [5, 4] was asked for");
    close_store(store);
    ck_assert_ptr_eq(hone_store_find(store, "bert.pooler.dense.weight"), &w->value);
    ck_assert_int_eq(hone__store_get(store, "bert.pooler.dense.weigh", &wrong, normal, 0, &other, &err), HONE_ENOTFOUND);
    ck_assert_str_eq(err.msg, "weight bert.pooler.dense.weigh is not in the store, and no weights can be added after the first "
                              "build; the nearest is bert.pooler.dense.weight");
    ck_assert_int_eq(hone__store_close(store, NULL, &err), HONE_EINVAL);
    hone__store_destroy(store);
}
END_TEST

START_TEST(gradients_lie_in_one_block_in_the_order_of_registration)
{
    hone_store *store = hone__store_create(1);
    hone__weight *a = add(store, "a", 3, 3, normal, 0), *frozen = add(store, "frozen", 2, 2, normal, 0),
                 *buffer = add(store, "buffer", 1, 1, zeros, HONE_WEIGHT_BUFFER), *b = add(store, "b", 2, 1, normal, 0);
    frozen->frozen = true;
    ck_assert_int_eq(hone__store_elements(store, false), 9 + 4 + 1 + 2);
    ck_assert_int_eq(hone__store_elements(store, true), 9 + 2);
    close_store(store);
    int64_t n;
    float *block = hone__store_gradients(store, &n);
    ck_assert_int_eq(a->offset, 0);
    ck_assert_int_eq(b->offset, 16); /* every weight begins on 64 bytes */
    ck_assert_int_eq(n, 32);
    ck_assert_ptr_eq(hone__store_gradient(store, b), block + 16);
    ck_assert_ptr_null(hone__store_gradient(store, frozen));
    ck_assert_ptr_null(hone__store_gradient(store, buffer));
    ck_assert_uint_eq((uintptr_t)block % 64, 0);
    for (int64_t i = 0; i < n; i++)
        ck_assert_float_eq(block[i], 0);
    ck_assert_uint_eq(hone__store_count(store), 4);
    ck_assert_ptr_eq(hone__store_at(store, 3), b);
    hone__store_destroy(store);
}
END_TEST

/* ---- Files ----------------------------------------------------------------------------------------------------------- */

typedef struct folder {
    char *dir, path[4200];
    hone_arena *arena;
    hone__st_file file;
} folder;

/* A file with "kept" [4, 4] and "small" [2], saved by a store. */
static folder folder_open(void)
{
    hone_error err;
    folder f = {.dir = suite_make_dir(), .arena = hone__arena_create(0)};
    snprintf(f.path, sizeof f.path, "%s/model.safetensors", f.dir);
    hone_store *store = hone__store_create(5);
    add(store, "kept", 4, 4, normal, 0);
    add(store, "small", 1, 2, uniform, 0);
    close_store(store);
    check_ok(hone__store_save(store, f.path, NULL, NULL, &err), &err);
    hone__store_destroy(store);
    check_ok(hone__st_open(&f.file, f.arena, f.path, &err), &err);
    return f;
}

static void folder_close(folder *f)
{
    hone__st_close(&f->file);
    hone__arena_destroy(f->arena);
    suite_remove_dir(f->dir);
}

START_TEST(what_is_saved_is_loaded_bit_by_bit)
{
    hone_error err;
    folder f = folder_open();
    hone_store *original = hone__store_create(5), *store = hone__store_create(77);
    hone__weight *expected = add(original, "kept", 4, 4, normal, 0);
    hone__weight *w = add(store, "kept", 4, 4, normal, 0), *fresh = add(store, "fresh", 1, 2, ones, 0);
    check_ok(hone__store_take(store, w, hone__st_find(&f.file, "kept"), false, &err), &err);
    close_store(store);
    close_store(original);
    ck_assert(w->loaded && !fresh->loaded);
    ck_assert_int_eq(memcmp(values(w), values(expected), 16 * sizeof(float)), 0);
    ck_assert_float_eq(values(fresh)[1], 1);
    hone__store_destroy(store);
    hone__store_destroy(original);
    folder_close(&f);
}
END_TEST

START_TEST(frozen_weights_stay_in_the_file_and_trained_ones_are_copied)
{
    hone_error err;
    folder f = folder_open();
    hone_store *store = hone__store_create(1);
    const hone__st_entry *entry = hone__st_find(&f.file, "kept");
    hone__weight *frozen = add(store, "a", 4, 4, normal, 0), *trained = add(store, "b", 4, 4, normal, 0);
    frozen->frozen = true;
    check_ok(hone__store_take(store, frozen, entry, true, &err), &err);
    check_ok(hone__store_take(store, trained, entry, true, &err), &err);
    close_store(store);
    ck_assert_ptr_eq(values(frozen), entry->data);
    ck_assert_ptr_ne(values(trained), entry->data);
    ck_assert_int_eq(memcmp(values(trained), entry->data, 16 * sizeof(float)), 0);
    ck_assert_uint_eq(trained->version, 1);
    hone__store_destroy(store);
    folder_close(&f);
}
END_TEST

/* Files of other programs align tensors to 8 bytes, and a foreign tensor of bytes before them may leave less. */
START_TEST(a_place_that_is_aligned_to_its_elements_is_good_enough)
{
    hone_error err;
    folder f = folder_open();
    _Alignas(64) char bytes[16 * sizeof(float) + 8];
    static const size_t places[] = {8, 4, 2};
    for (size_t i = 0; i < 3; i++) {
        hone_store *store = hone__store_create(1);
        hone__st_entry entry = *hone__st_find(&f.file, "kept");
        hone__weight *w = add(store, "a", 4, 4, normal, 0);
        memcpy(bytes + places[i], entry.data, 16 * sizeof(float));
        entry.data = bytes + places[i];
        w->frozen = true;
        check_ok(hone__store_take(store, w, &entry, true, &err), &err);
        close_store(store);
        ck_assert((values(w) == entry.data) == (places[i] != 2));
        ck_assert_int_eq(memcmp(values(w), bytes + places[i], 16 * sizeof(float)), 0);
        hone__store_destroy(store);
    }
    folder_close(&f);
}
END_TEST

START_TEST(another_shape_in_the_file_is_refused_with_both_shapes)
{
    hone_error err;
    folder f = folder_open();
    hone_store *store = hone__store_create(1);
    hone__weight *w = add(store, "classifier.weight", 3, 4, normal, 0);
    ck_assert_int_eq(hone__store_take(store, w, hone__st_find(&f.file, "kept"), false, &err), HONE_ESHAPE);
    ck_assert_str_eq(err.msg,
                     "tensor kept of the file has shape [4, 4], but weight classifier.weight of this model has [3, 4]");
    ck_assert(!w->loaded);
    hone__store_destroy(store);
    folder_close(&f);
}
END_TEST

static const char *renamed(void *ctx, const char *name)
{
    (void)ctx;
    return strcmp(name, "kept") == 0 ? "bert.kept" : NULL;
}

START_TEST(saving_may_rename_and_leave_out)
{
    hone_error err;
    folder f = folder_open();
    hone_store *store = hone__store_create(5);
    add(store, "kept", 4, 4, normal, 0);
    add(store, "left out", 1, 2, normal, 0);
    ck_assert_int_eq(hone__store_save(store, f.path, NULL, NULL, &err), HONE_EINVAL); /* no values yet */
    close_store(store);
    hone__st_close(&f.file);
    check_ok(hone__store_save(store, f.path, renamed, NULL, &err), &err);
    check_ok(hone__st_open(&f.file, f.arena, f.path, &err), &err);
    ck_assert_uint_eq(f.file.n, 1);
    ck_assert_str_eq(f.file.entries[0].name, "bert.kept");
    ck_assert_str_eq(f.file.metadata[0], "format");
    hone__store_destroy(store);
    folder_close(&f);
}
END_TEST

static hone_status whole_life(void *ctx, hone_error *err)
{
    const folder *f = ctx;
    hone_store *store = hone__store_create(1);
    hone_shape shape = hone_shape_2(4, 4);
    hone__weight *w = NULL, *frozen = NULL;
    if (!store)
        return hone_no_memory(err, "testing");
    hone_status status = hone__store_get(store, "a", &shape, normal, 0, &w, err);
    if (status == HONE_OK)
        status = hone__store_get(store, "b", &shape, normal, 0, &frozen, err);
    if (status == HONE_OK)
        status = hone__store_take(store, w, hone__st_find(&f->file, "kept"), false, err);
    if (status == HONE_OK)
        status = hone__store_close(store, NULL, err);
    if (status == HONE_OK)
        status = hone__store_save(store, f->path, NULL, NULL, err);
    hone__store_destroy(store);
    return status;
}

START_TEST(any_allocation_may_fail_and_a_retry_succeeds)
{
    folder f = folder_open();
    ck_assert_int_gt(suite_every_allocation_fails(whole_life, &f), 5);
    folder_close(&f);
}
END_TEST

SUITE("store", initial_values_depend_on_seed_and_name_alone, initial_values_are_the_same_for_any_number_of_threads,
      initialisers_have_their_distributions, a_weight_is_found_again_and_its_shape_must_agree,
      gradients_lie_in_one_block_in_the_order_of_registration, what_is_saved_is_loaded_bit_by_bit,
      frozen_weights_stay_in_the_file_and_trained_ones_are_copied, a_place_that_is_aligned_to_its_elements_is_good_enough,
      another_shape_in_the_file_is_refused_with_both_shapes, saving_may_rename_and_leave_out,
      any_allocation_may_fail_and_a_retry_succeeds)
