/* corpus.c - data files to corpora: reading with a reader, splitting, and the label list that all splits share.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/file.h"
#include "data/labels.h"
#include "data/split.h"

#include <string.h>

/* Runs the reader over the bytes of a file. */
static hone_status read_bytes(const hone_reader *reader, const hone_self *self, const hone__sink_setup *setup,
                              const hone_source *source, hone_corpus **corpus, hone_error *err)
{
    hone_sink *sink = hone__sink_create(setup);
    if (!sink)
        return hone_no_memory(err, "reading examples");
    hone_status status = reader->read(self, source, sink, err);
    if (status == HONE_OK)
        status = hone__sink_finish(sink, corpus, err);
    hone__sink_destroy(sink);
    return status;
}

/* `kept` (may be NULL): columns that the examples keep beside their fields. */
static hone_status read_keeping(hone_arena *arena, const hone_reader *reader, const hone_self *self, const char *path,
                                const char *split, bool needs_gold, const char *const *kept, hone_corpus **corpus,
                                hone_error *err)
{
    bool from_stdin = strcmp(path, "-") == 0;
    hone_target target = reader->target(self);
    hone__sink_setup setup = {
        .arena = arena,
        .file = hone_strdup(arena, from_stdin ? "standard input" : path),
        .split = hone_strdup(arena, split),
        .reader = reader->plugin.name,
        .fields = reader->fields ? reader->fields(self) : NULL,
        .target = target,
        .needs_gold = needs_gold && target != HONE_TARGET_NONE,
        .kept = kept,
    };
    if (!setup.file || !setup.split)
        return hone_no_memory(err, "reading examples");
    char *bytes;
    size_t n;
    HONE_TRY(hone__read_file(from_stdin ? "/dev/stdin" : path, 0, &bytes, &n, err));
    hone_source source = {
        .size = sizeof source, .path = setup.file, .split = split, .bytes = bytes, .n = n, .needs_gold = setup.needs_gold};
    hone_status status = read_bytes(reader, self, &setup, &source, corpus, err);
    hone__free(bytes);
    return status;
}

hone_status hone__corpus_read(hone_arena *arena, const hone_reader *reader, const hone_self *self, const char *path,
                              const char *split, bool needs_gold, hone_corpus **corpus, hone_error *err)
{
    return read_keeping(arena, reader, self, path, split, needs_gold, NULL, corpus, err);
}

/* The file of each split; a split that a share of the training file gives stays NULL. */
static hone_status read_files(hone_arena *arena, const hone__data_config *config, const hone_reader *reader,
                              const hone_self *self, hone__dataset *dataset, hone_error *err)
{
    const char *const *kept = (const char *const *)config->kept, *const *of_train =
                                                                     hone__split_given(&config->split) ? kept : NULL;
    HONE_TRY(read_keeping(arena, reader, self, config->train, "train", true, of_train, &dataset->train, err));
    if (config->validation)
        HONE_TRY(read_keeping(arena, reader, self, config->validation, "validation", true, kept, &dataset->validation, err));
    if (config->test)
        HONE_TRY(read_keeping(arena, reader, self, config->test, "test", true, kept, &dataset->test, err));
    return HONE_OK;
}

static hone_status split_training(hone_arena *arena, const hone__data_config *config, hone__dataset *dataset, hone_error *err)
{
    hone_corpus *parts[3];
    if (!hone__split_given(&config->split))
        return HONE_OK;
    HONE_TRY(hone__corpus_split(arena, dataset->train, config, dataset->target, parts, err));
    dataset->train = parts[0];
    if (parts[1])
        dataset->validation = parts[1];
    if (parts[2])
        dataset->test = parts[2];
    return HONE_OK;
}

/* The validation data behind that for training. */
static hone_status join_validation(hone_arena *arena, hone__dataset *dataset, hone_error *err)
{
    const hone_corpus *train = dataset->train, *validation = dataset->validation;
    if (!validation)
        return hone_fail(err, HONE_ECONFIG, "data.train_with_validation is true, but there is no validation data");
    hone_corpus *whole = hone_alloc(arena, sizeof *whole);
    hone_example **examples = hone_alloc_array(arena, train->n + validation->n, sizeof *examples);
    if (!whole || !examples)
        return hone_no_memory(err, "joining the training and the validation data");
    for (uint64_t i = 0; i < train->n + validation->n; i++)
        examples[i] = i < train->n ? train->examples[i] : validation->examples[i - train->n];
    *whole = (hone_corpus){.file = train->file, .split = train->split, .examples = examples, .n = train->n + validation->n};
    dataset->train = whole;
    dataset->validation = NULL;
    return HONE_OK;
}

hone_status hone__dataset_load(hone_arena *arena, const hone__data_config *config, const hone_reader *reader,
                               const hone_self *self, hone__dataset *dataset, hone_error *err)
{
    *dataset = (hone__dataset){.target = reader->target(self), .labels = {.positive = -1}};
    if (!config->train)
        return hone_fail(err, HONE_ECONFIG, "data.train is missing: the file to train on");
    HONE_TRY(read_files(arena, config, reader, self, dataset, err));
    HONE_TRY(split_training(arena, config, dataset, err));
    HONE_TRY(hone__labels_build(arena, dataset->train, reader, self, &dataset->labels, err));
    HONE_TRY(hone__labels_show(arena, config, &dataset->labels, err));
    if (dataset->validation)
        HONE_TRY(hone__corpus_index(dataset->validation, &dataset->labels, err));
    if (dataset->test)
        HONE_TRY(hone__corpus_index(dataset->test, &dataset->labels, err));
    if (config->train_with_validation) /* last, so that the labels are those of a training that validates */
        HONE_TRY(join_validation(arena, dataset, err));
    return HONE_OK;
}
