/* native.c - operators of our own over the processor's vectors: AVX-512, AVX2, or plain C, chosen when it is created.
 *
 * Rows are independent: every sum is one chain in the order of its terms, at edges too, so that a row's bits do not depend on its
 * neighbours. They do depend on the instruction set, and those of bf16 on what multiplies it, both of which environment.json records.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "bf16.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct params {
    int32_t instruction_set;
} params;

enum { AUTO, AVX512, AVX2, PORTABLE, AVX512BF16, AMX };
static const char *const words[] = {"auto", "avx512", "avx2", "portable", "avx512bf16", "amx", NULL};

static const hone_param rows[] = {
    HONE_PARAM_CHOICE(params, instruction_set, words, .def_text = "auto",
                      .help = "which vectors compute, and what multiplies bf16; auto: the widest that the processor has"),
};

typedef struct state {
    native_set set; /* one of the sets, with its bf16 */
    native_bf16 bf16;
    char description[96];
} state;

/* May `auto` use this set? HONE_ISA may lower what it chooses, as it does for all of hone. */
static bool allowed(const char *name)
{
    static const char *const rising[] = {"x86-64", "avx2", "avx512", "avx512bf16", "amx"};
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
    case AVX512BF16:
    case AMX:
        return native_avx512();
    case AVX2:
        return native_avx2();
    case PORTABLE:
        return native_portable();
    default:
        return avx512 ? avx512 : avx2 ? avx2 : native_portable();
    }
}

/* What multiplies bf16; NULL: the float32 kernels of the set. */
static const native_bf16 *bf16_of(int32_t word)
{
    const native_bf16 *amx = allowed("amx") ? native_amx_bf16() : NULL;
    const native_bf16 *avx512 = allowed("avx512bf16") ? native_avx512_bf16() : NULL;
    switch (word) {
    case AMX:
        return native_amx_bf16();
    case AVX512BF16:
        return native_avx512_bf16();
    case AUTO:
        return amx ? amx : avx512;
    default:
        return NULL;
    }
}

static hone_status create(const hone_self *self, hone_error *err)
{
    state *st = self->state;
    const int32_t word = self->params ? ((const params *)self->params)->instruction_set : AUTO;
    const native_set *set = set_of(word);
    const native_bf16 *bf16 = bf16_of(word);
    if (!set || (!bf16 && (word == AVX512BF16 || word == AMX)))
        return hone_fail(err, HONE_EUNSUPPORTED,
                         "backend native: instruction_set is %s, which this processor does not have; it has %s, which auto "
                         "chooses",
                         words[word], set_of(AUTO)->name);
    st->set = *set;
    st->bf16 = bf16 ? *bf16 : native_float_bf16(set);
    st->set.bf16 = &st->bf16;
    snprintf(st->description, sizeof st->description, "native %s, instruction set %s, bf16 by %s", HONE_VERSION, set->name,
             st->bf16.name);
    return HONE_OK;
}

static const native_op *const ops[] = {&native_linear,  &native_linear_bf16, &native_attention,
                                       &native_add,     &native_gelu,        &native_gelu_tanh,
                                       &native_dropout, &native_layer_norm,  &native_cross_entropy};

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
    return op && op->scratch ? op->scratch(&((const state *)self->state)->set, c, direction) : 0;
}

static hone_status run(const hone_self *self, const hone_op_call *c, hone_direction direction, hone_error *err)
{
    const native_set *set = &((const state *)self->state)->set;
    const native_op *op = op_of(c);
    if (!op)
        return hone_fail(err, HONE_EUNSUPPORTED, "the native backend does not do %s", c->op->name);
    if (direction == HONE_FORWARD)
        return op->forward(set, c, err);
    op->backward(set, c);
    return HONE_OK;
}

static const native_forms *forms_of(const hone_op_call *c)
{
    return op_of(c) == &native_linear_bf16 ? &native_linear_bf16_forms : NULL;
}

static size_t form_size(const hone_self *self, const hone_op_call *c, hone_direction direction, uint32_t i)
{
    const native_forms *forms = forms_of(c);
    return forms ? forms->size(&((const state *)self->state)->set, c, direction, i) : 0;
}

static hone_status form(const hone_self *self, const hone_op_call *c, hone_direction direction, uint32_t i, void *out,
                        hone_error *err)
{
    const native_forms *forms = forms_of(c);
    (void)i;
    if (!forms)
        return hone_fail(err, HONE_EUNSUPPORTED, "the native backend has no forms of the weights of %s", c->op->name);
    forms->make(&((const state *)self->state)->set, c, direction, out);
    return HONE_OK;
}

static const native_run *const runs[] = {&native_linear_gelu, &native_residual_norm};

static const native_run *run_of(const hone_op_call *const *calls, uint32_t n, hone_direction direction, uint32_t *taken)
{
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        *taken = runs[i]->takes(calls, n, direction);
        if (*taken)
            return runs[i];
    }
    return NULL;
}

static uint32_t claim(const hone_self *self, const hone_op_call *const *calls, uint32_t n, hone_direction direction,
                      size_t *scratch)
{
    uint32_t taken = 0;
    const native_run *r = run_of(calls, n, direction, &taken);
    if (r)
        *scratch = r->scratch(&((const state *)self->state)->set, calls, taken, direction);
    return taken;
}

static hone_status run_claimed(const hone_self *self, const hone_op_call *const *calls, uint32_t n, hone_direction direction,
                               hone_error *err)
{
    const native_set *set = &((const state *)self->state)->set;
    uint32_t taken = 0;
    const native_run *r = run_of(calls, n, direction, &taken);
    if (!r || taken != n)
        return hone_fail(err, HONE_EUNSUPPORTED, "the native backend has not claimed %u calls from %s on", n,
                         calls[0]->op->name);
    if (direction == HONE_FORWARD)
        return r->forward(set, calls, n, err);
    r->backward(set, calls, n);
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
    .flags = HONE_BACKEND_ROWS_INDEPENDENT | HONE_BACKEND_WRITES,
    .create = create,
    .supports = supports,
    .scratch_size = scratch_size,
    .run = run,
    .describe = describe,
    .form_size = form_size,
    .form = form,
    .claim = claim,
    .run_claimed = run_claimed,
};

HONE_MODULE(&native.plugin);
