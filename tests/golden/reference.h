/* reference.h - a trial beside the tensors that a reference program left: what tests against PyTorch in double precision share.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_TESTS_GOLDEN_REFERENCE_H
#define HONE_TESTS_GOLDEN_REFERENCE_H

#include "tensor/safetensors.h"
#include "trial_fixture.h"

#include <math.h>

typedef struct golden {
    fixture f;
    hone__parts *parts;
    hone__st_file reference, model;
} golden;

static inline void golden_open(const golden *g, hone__st_file *file, const char *path)
{
    hone_error err;
    ck_assert_msg(hone__st_open(file, g->f.arena, path, &err) == HONE_OK, "%s", err.msg);
}

/* FOLDER has model/model.safetensors and reference.safetensors. */
static inline void golden_begin(golden *g, const char *yaml, const char *folder)
{
    char path[4200];
    fixture_begin(&g->f);
    fixture_load(&g->f, yaml);
    g->parts = fixture_parts(&g->f);
    snprintf(path, sizeof path, "%s/reference.safetensors", folder);
    golden_open(g, &g->reference, path);
    snprintf(path, sizeof path, "%s/model/model.safetensors", folder);
    golden_open(g, &g->model, path);
}

static inline void golden_end(golden *g)
{
    hone__st_close(&g->reference);
    hone__st_close(&g->model);
    hone__parts_destroy(g->parts);
    fixture_end(&g->f);
}

/* A head is new to hone: it gets the reference's weight here. */
static inline void golden_take(const golden *g, const char *name)
{
    hone_error err;
    hone__weight *w = hone__store_weight(g->parts->network.store, name);
    ck_assert_msg(w && hone__st_find(&g->model, name), "there is no %s", name);
    ck_assert_int_eq(hone__st_read_f32(hone__st_find(&g->model, name), w->value.data, &err), HONE_OK);
}

static inline const double *golden_values(const golden *g, const char *name, int64_t *n)
{
    const hone__st_entry *e = hone__st_find(&g->reference, name);
    ck_assert_msg(e && e->dtype == HONE_F64, "the reference has no %s", name);
    *n = (int64_t)(e->bytes / sizeof(double));
    double *copy = hone_alloc(g->f.arena, e->bytes);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, e->data, e->bytes);
    return copy;
}

static inline double golden_largest(const double *x, int64_t n)
{
    double top = 0;
    for (int64_t i = 0; i < n; i++)
        top = fmax(top, fabs(x[i]));
    return top;
}

/* Errors count against the largest value of the tensor, or `scale` where that is larger. */
static inline void golden_close(const golden *g, const char *name, const float *x, int64_t count, double scale,
                                double tolerance)
{
    int64_t n;
    const double *want = golden_values(g, name, &n);
    ck_assert_msg(n == count, "%s has %lld elements, not %lld", name, (long long)n, (long long)count);
    const double top = fmax(golden_largest(want, n), scale);
    for (int64_t i = 0; i < n; i++)
        ck_assert_msg(fabs((double)x[i] - want[i]) <= tolerance * top, "%s[%lld] is %.9g, not %.9g (largest %.3g)", name,
                      (long long)i, (double)x[i], want[i], top);
}

static inline void golden_loss(const golden *g, const char *name, double loss)
{
    int64_t n;
    const double *want = golden_values(g, name, &n);
    ck_assert_msg(fabs(loss - want[0]) <= 1e-6 * want[0], "%s is %.9g, not %.9g", name, loss, want[0]);
}

/* The gradients of all weights whose names begin so, against "BEFORE.NAME". Some are zero but for rounding (the bias of keys), so
 * errors count against the largest of all gradients as well. */
static inline void golden_gradients(const golden *g, const char *before, const char *prefix)
{
    hone_store *store = g->parts->network.store;
    for (size_t i = 0; i < hone__store_count(store); i++) {
        const hone__weight *w = hone__store_at(store, i);
        char name[256];
        if (strncmp(w->name, prefix, strlen(prefix)) != 0)
            continue;
        snprintf(name, sizeof name, "%s.%s", before, w->name);
        golden_close(g, name, hone__store_gradient(store, w), w->n, 1e-2, 1e-5);
    }
}

#endif
