/* null.c - the reader that looks at no file: it makes examples up, always the same ones.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/data.h>

#include <stdio.h>
#include <string.h>

enum { MOST_LABELS = 100, LONGEST_LABEL = 16 };

typedef struct params {
    int64_t examples, labels, words, seed;
} params;

static const hone_param rows[] = {
    HONE_PARAM_INT(params, examples, .def_int = 16, .min_int = 1, .max_int = 100000000, .unit = "examples",
                   .help = "examples of each split"),
    HONE_PARAM_INT(params, labels, .def_int = 2, .min_int = 1, .max_int = MOST_LABELS, .unit = "labels",
                   .help = "different labels"),
    HONE_PARAM_INT(params, words, .def_int = 4, .min_int = 1, .max_int = 1000, .unit = "words", .help = "words of each text"),
    HONE_PARAM_INT(params, seed, .def_int = 0, .min_int = 0, .max_int = INT64_MAX, .unit = "1",
                   .help = "other seeds give other examples"),
};

typedef struct state {
    char labels[MOST_LABELS][LONGEST_LABEL];
} state;

static hone_status create(const hone_self *self, hone_error *err)
{
    state *s = self->state;
    (void)err;
    for (int i = 0; i < MOST_LABELS; i++)
        snprintf(s->labels[i], LONGEST_LABEL, "label%d", i);
    return HONE_OK;
}

static hone_target target(const hone_self *self)
{
    (void)self;
    return HONE_TARGET_CLASS;
}

/* Words of one letter; the first one follows from the label, so that there is something to learn. */
static hone_status add_text(const params *p, hone_stream random, uint64_t i, uint64_t label, hone_sink *sink, hone_error *err)
{
    char text[2 * 1000];
    const size_t n = 2 * (size_t)p->words - 1;
    memset(text, ' ', n);
    for (uint64_t w = 0; w < (uint64_t)p->words; w++)
        text[2 * w] = (char)('a' + (w == 0 ? label % 26 : hone_random_below(random, i, 1 + w, 26)));
    return hone_sink_text(sink, "text", text, n, err);
}

static hone_status read(const hone_self *self, const hone_source *source, hone_sink *sink, hone_error *err)
{
    const params *p = self->params;
    const state *s = self->state;
    const hone_key key = {.seed = (uint64_t)p->seed, .scope = hone_scope_hash(source->split)};
    const hone_stream random = hone_stream_of(&key);
    for (uint64_t i = 0; i < (uint64_t)p->examples; i++) {
        /* The first examples have every label once, so that each is known from training. */
        const uint64_t n = (uint64_t)p->labels, label = i < n ? i : hone_random_below(random, i, 0, n);
        const char *const names[] = {s->labels[label]};
        hone_answer gold = hone_answer_of(HONE_TARGET_CLASS);
        gold.names = names;
        gold.n = 1;
        HONE_TRY(hone_sink_example(sink, NULL, 0, err));
        HONE_TRY(add_text(p, random, i, label, sink, err));
        HONE_TRY(hone_sink_gold(sink, &gold, err));
    }
    return HONE_OK;
}

static const char *label_name(const hone_self *self, uint64_t i)
{
    return i < (uint64_t)((const params *)self->params)->labels ? ((const state *)self->state)->labels[i] : NULL;
}

static const char *const *fields(const hone_self *self)
{
    static const char *const names[] = {"text", NULL};
    (void)self;
    return names;
}

static const hone_reader null_reader = {
    .plugin = {HONE_PLUGIN(hone_reader, HONE_KIND_READER), .name = "null",
               .summary = "examples out of nothing: short texts with a label",
               .help = "    data: {type: \"null\", train: /dev/null, examples: 100}", .state_size = sizeof(state),
               HONE_PARAMS(params, rows)},
    .create = create,
    .target = target,
    .read = read,
    .label = label_name,
    .fields = fields,
};
HONE_MODULE(&null_reader.plugin);
