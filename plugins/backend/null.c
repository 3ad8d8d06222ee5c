/* null.c - the smallest backend: it does nothing, so everything runs on the reference operators.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

static hone_status create(const hone_self *self, hone_error *err)
{
    (void)self;
    (void)err;
    return HONE_OK;
}

static bool supports(const hone_self *self, const hone_op_call *call, hone_direction direction)
{
    (void)self;
    (void)call;
    (void)direction;
    return false;
}

static hone_status run(const hone_self *self, const hone_op_call *call, hone_direction direction, hone_error *err)
{
    (void)self;
    (void)direction;
    return hone_fail(err, HONE_EUNSUPPORTED, "the null backend was asked to run %s", call->op->name);
}

static const char *describe(const hone_self *self)
{
    (void)self;
    return "no backend: the reference operators";
}

static const hone_backend null_backend = {
    .plugin = {HONE_PLUGIN(hone_backend, HONE_KIND_BACKEND), .name = "null", .summary = "the reference operators alone"},
    .flags = HONE_BACKEND_ROWS_INDEPENDENT,
    .create = create,
    .supports = supports,
    .run = run,
    .describe = describe,
};

HONE_MODULE(&null_backend.plugin);
