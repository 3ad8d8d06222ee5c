/* metric_dies.c - a metric that loads and then ends its process while it reckons: "crash" by a signal, "leave" by exit(); "hang" never ends
 * it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/metric.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static hone_status crash(const hone_self *self, const hone_evaluation *evaluation, hone_exhibits *out, hone_error *err)
{
    (void)self;
    (void)evaluation;
    (void)out;
    (void)err;
    raise(SIGKILL);
    return HONE_OK;
}

static hone_status leave(const hone_self *self, const hone_evaluation *evaluation, hone_exhibits *out, hone_error *err)
{
    (void)self;
    (void)evaluation;
    (void)out;
    (void)err;
    _Exit(7);
}

static hone_status hang(const hone_self *self, const hone_evaluation *evaluation, hone_exhibits *out, hone_error *err)
{
    (void)self;
    (void)evaluation;
    (void)out;
    (void)err;
    while (getpid() > 0)
        pause();
    return HONE_OK;
}

static const hone_metric crashing = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "crash", .summary = "a metric for the tests of reports"},
    .targets = HONE_TAKES(HONE_TARGET_CLASS),
    .direction = 1,
    .compute = crash,
};
static const hone_metric leaving = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "leave", .summary = "a metric for the tests of reports"},
    .targets = HONE_TAKES(HONE_TARGET_CLASS),
    .direction = 1,
    .compute = leave,
};
static const hone_metric hanging = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "hang", .summary = "a metric for the tests of reports"},
    .targets = HONE_TAKES(HONE_TARGET_CLASS),
    .direction = 1,
    .compute = hang,
};
HONE_MODULE(&crashing.plugin, &leaving.plugin, &hanging.plugin);
