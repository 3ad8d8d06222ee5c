/* native.c - operators of our own over the processor's vectors: AVX-512, AVX2, or plain C, chosen when it is created.
 *
 * Rows are independent: every sum is one chain in the order of its terms, at edges too, so that a row's bits do not depend on its
 * neighbours. They do depend on the instruction set, which environment.json records.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "native.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct params {
    int32_t instruction_set;
} params;

enum { AUTO, AVX512, AVX2, PORTABLE };
static const char *const words[] = {"auto", "avx512", "avx2", "portable", NULL};

static const hone_param rows[] = {
    HONE_PARAM_CHOICE(params, instruction_set, words, .def_text = "auto",
                      .help = "which vectors compute; auto: the widest that the processor has"),
};

typedef struct state {
    const native_set *set;
    char description[64];
} state;

/* May `auto` use this set? HONE_ISA may lower what it chooses, as it does for all of hone. */
static bool allowed(const char *name)
{
    static const char *const rising[] = {"x86-64", "avx2", "avx512"};
    const char *wanted = getenv("HONE_ISA");
    for (size_t i = 0; wanted && i < sizeof rising / sizeof *rising && strcmp(rising[i], name) != 0; i++)
        if (strcmp(rising[i], wanted) == 0)
            return false;
    return true;
}

static const native_set *set_of(int32_t word)
{
    const native_set *avx512 = allowed("avx512") ? native_avx512() : NULL, *avx2 = allowed("avx2") ? native_avx2() : NULL;
    switch (word) {
    case AVX512:
        return native_avx512();
    case AVX2:
        return native_avx2();
    case PORTABLE:
        return native_portable();
    default:
        return avx512 ? avx512 : avx2 ? avx2 : native_portable();
    }
}

static hone_status create(const hone_self *self, hone_error *err)
{
    state *st = self->state;
    const int32_t word = self->params ? ((const params *)self->params)->instruction_set : AUTO;
    st->set = set_of(word);
    if (!st->set)
        return hone_fail(err, HONE_EUNSUPPORTED,
                         "backend native: instruction_set is %s, which this processor does not have; it has %s, which auto "
                         "chooses",
                         words[word], set_of(AUTO)->name);
    snprintf(st->description, sizeof st->description, "native %s, instruction set %s", HONE_VERSION, st->set->name);
    return HONE_OK;
}

static const native_op *const ops[] = {&native_linear,    &native_attention, &native_add,       &native_gelu,
                                       &native_gelu_tanh, &native_dropout,   &native_layer_norm};

/* NULL where the reference has to do it. */
static const native_op *op_of(const hone_op_call *c)
{
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (strcmp(ops[i]->name, c->op->name) == 0 && c->op->version == 1 && c->x[0]->dtype == HONE_F32)
            return !ops[i]->fits || ops[i]->fits(c) ? ops[i] : NULL;
    return NULL;
}

static bool supports(const hone_self *self, const hone_op_call *c, hone_direction direction)
{
    (void)self;
    (void)direction;
    return op_of(c) != NULL;
}

static size_t scratch_size(const hone_self *self, const hone_op_call *c, hone_direction direction)
{
    const native_op *op = op_of(c);
    return op && op->scratch ? op->scratch(((const state *)self->state)->set, c, direction) : 0;
}

static hone_status run(const hone_self *self, const hone_op_call *c, hone_direction direction, hone_error *err)
{
    const native_set *set = ((const state *)self->state)->set;
    const native_op *op = op_of(c);
    if (!op)
        return hone_fail(err, HONE_EUNSUPPORTED, "the native backend does not do %s", c->op->name);
    if (direction == HONE_FORWARD)
        return op->forward(set, c, err);
    op->backward(set, c);
    return HONE_OK;
}

static const char *describe(const hone_self *self)
{
    return ((const state *)self->state)->description;
}

static const hone_backend native = {
    .plugin = {HONE_PLUGIN(hone_backend, HONE_KIND_BACKEND), .name = "native",
               .summary = "all that costs time in an encoder, by the processor's vectors; rows are independent",
               .source = "checked against hone's reference operators",
               .help = "    backend: {type: native, instruction_set: avx2}", .state_size = sizeof(state),
               HONE_PARAMS(params, rows)},
    .flags = HONE_BACKEND_ROWS_INDEPENDENT,
    .create = create,
    .supports = supports,
    .scratch_size = scratch_size,
    .run = run,
    .describe = describe,
};

HONE_MODULE(&native.plugin);
