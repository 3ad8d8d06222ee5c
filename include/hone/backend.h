/* hone/backend.h - faster operators than the reference ones.
 *
 * A backend offers faster versions of single operators, and of runs of them that stand one after another. The operators of the core are known to it by name
 * and version; what it does not support runs on the reference. Each faster version is compared to the reference.
 * Bits must not depend on the number of threads: fixed tiles shared out over call->pool, sums in a fixed order.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_BACKEND_H
#define HONE_BACKEND_H

#include "graph.h"
#include "plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    /* Forward and dX of a row (in attention: of a sequence) depend on it alone, not on its place in the batch, the tile or the tail:
     * conformance tests it. */
    HONE_BACKEND_ROWS_INDEPENDENT = 1u << 0,
    /* Backward writes the gradients that call->fresh names, every element, so that nobody clears them before. Without this flag
     * nothing is fresh, and all is added to. */
    HONE_BACKEND_WRITES = 1u << 1
};

typedef enum hone_direction { HONE_FORWARD = 0, HONE_BACKWARD = 1 } hone_direction;

typedef struct hone_backend {
    hone_plugin plugin;
    uint32_t flags; /* HONE_BACKEND_* */
    uint32_t zero;
    /* Detects, self-tests; HONE_EUNSUPPORTED with the reason where this machine lacks what it needs. */
    hone_status (*create)(const hone_self *self, hone_error *err);
    /* Is this call (shapes and types are filled, data is not) done here? Decided while planning, so it must not depend on data. */
    bool (*supports)(const hone_self *self, const hone_op_call *call, hone_direction direction);
    /* Scratch for such a call in bytes; may be NULL: none. (Instead of the operator's own scratch.) */
    size_t (*scratch_size)(const hone_self *self, const hone_op_call *call, hone_direction direction);
    /* saved has the operator's own saved_size and meaning, so that either side may run backward. */
    hone_status (*run)(const hone_self *self, const hone_op_call *call, hone_direction direction, hone_error *err);
    /* "OpenBLAS 0.3.21, pthread build, core type Zen": for `hone version` and environment.json; one line, owned by the instance. */
    const char *(*describe)(const hone_self *self);
    /* May be NULL. How many of these n >= 2 calls, from the first on, run_claimed() runs as one: 0 or 1 for none. They are in the order of
     * forward, in both directions. y[0] of each but the last is a link: an input of the next (the same hone_tensor), of nobody else, and not
     * looked at after the run. Asked while planning, as supports() is, and for each direction by itself: what was claimed forward may run
     * backward one by one, and the other way round. So the bits must be those of run() on one call after the other: whether a link is
     * looked at shows in no number. *scratch, 0 at first, becomes the bytes of scratch that the run needs; every call of it gets the same. */
    uint32_t (*claim)(const hone_self *self, const hone_op_call *const *calls, uint32_t n, hone_direction direction,
                      size_t *scratch);
    /* Forward it writes what each call saves, the outputs of the last, and of links the data that backward needs (backward_needs of the
     * calls, while training). Backward it gets the gradient of the last call's outputs, and adds to dx of every call (what is fresh it writes) but where x is a link:
     * a link's gradient holds nothing at first, is not looked at, and is room to use, as a link's data is forward. */
    hone_status (*run_claimed)(const hone_self *self, const hone_op_call *const *calls, uint32_t n, hone_direction direction,
                               hone_error *err);
    /* May be NULL. Another form of input i, a weight, that run() wants to have in call->forms[i]: packed, rounded. form_size() gives its
     * bytes, 0 for none, by shapes alone and in backward by which call->dx are wanted; form() makes it. The host keeps it with the weight,
     * for all calls of that operator in that direction, and has it made again once the weight has changed: so once a step, and once for
     * all batches of an evaluation. Inputs that are no weights have none. */
    size_t (*form_size)(const hone_self *self, const hone_op_call *call, hone_direction direction, uint32_t i);
    hone_status (*form)(const hone_self *self, const hone_op_call *call, hone_direction direction, uint32_t i, void *form,
                        hone_error *err);
} hone_backend;

#ifdef __cplusplus
}
#endif

#endif
