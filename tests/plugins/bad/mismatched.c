/* mismatched.c - a module of a head, a metric, a loss and a task that do not fit to class labels, for the tests of what an experiment
 * file may combine.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/metric.h>
#include <hone/task.h>

static hone_status create(const hone_self *self, const hone_head_setup *setup, hone_error *err)
{
    (void)self;
    (void)setup;
    (void)err;
    return HONE_OK;
}

static hone_status build(const hone_self *self, hone_graph *g, const hone_head_io *io, hone_error *err)
{
    (void)self;
    (void)g;
    (void)io;
    (void)err;
    return HONE_OK;
}

static hone_status decode(const hone_self *self, const hone_decode *in, hone_answer *answers, hone_error *err)
{
    (void)self;
    (void)in;
    (void)answers;
    (void)err;
    return HONE_OK;
}

typedef struct params {
    const hone_self *loss;
    double width;
} params;

static const hone_param rows[] = {
    HONE_PARAM_PLUGIN(params, loss, HONE_KIND_LOSS, .def_text = "pairwise", .help = "what training makes small"),
    HONE_PARAM_REAL(params, width, .def_real = 1, .max_real = 10, .unit = "1", .help = "a setting of its own"),
};

static const hone_output_of_head outputs[] = {{.name = "", .target = HONE_TARGET_SPAN}};
static const hone_head head = {
    .plugin = {HONE_PLUGIN(hone_head, HONE_KIND_HEAD), .name = "spans", .summary = "a plugin for the tests of configurations",
               HONE_PARAMS(params, rows)},
    .takes = HONE_TAKES(HONE_TARGET_SPAN) | HONE_TAKES(HONE_TARGET_NONE),
    .n_outputs = 1,
    .outputs = outputs,
    .output_size = sizeof(hone_output_of_head),
    .create = create,
    .build = build,
    .decode = decode,
};

static hone_node *build_loss(const hone_self *self, hone_graph *g, const char *scope, hone_node *scores, hone_node *gold)
{
    (void)self;
    (void)g;
    (void)scope;
    (void)gold;
    return scores;
}

static const hone_loss loss = {
    .plugin = {HONE_PLUGIN(hone_loss, HONE_KIND_LOSS), .name = "pairwise",
               .summary = "a plugin for the tests of configurations"},
    .targets = HONE_TAKES(HONE_TARGET_CHOICE),
    .build = build_loss,
};

static hone_status compute(const hone_self *self, const hone_evaluation *evaluation, hone_exhibits *out, hone_error *err)
{
    (void)self;
    (void)evaluation;
    return hone_figure(out, NULL, 0, NULL, err);
}

static const hone_metric metric = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "overlap",
               .summary = "a plugin for the tests of configurations"},
    .targets = HONE_TAKES(HONE_TARGET_SPAN) | HONE_TAKES(HONE_TARGET_TAGS) | HONE_TAKES(HONE_TARGET_SCORE),
    .compute = compute,
};

static const hone_task task = {
    .plugin = {HONE_PLUGIN(hone_task, HONE_KIND_TASK), .name = "made_up",
               .summary = "a plugin for the tests of configurations"},
    .settings = "data: {type: null, labels: 3}\nhead: {type: null}\noptimizer: {type: null, learning_rate: 0.5}\n"
                "metrics: [accuracy]\n",
};
HONE_MODULE(&head.plugin, &loss.plugin, &metric.plugin, &task.plugin);
