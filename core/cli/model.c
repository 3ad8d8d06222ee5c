/* model.c - opening a trained model and a file of data for a command.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/model.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool hone__model_words_take(hone__model_session *s, int n, char **argv, hone__model_words *words)
{
    s->arena = hone__arena_create(0);
    s->overrides = s->arena ? hone_alloc_array(s->arena, (size_t)n + 1, sizeof *s->overrides) : NULL;
    if (n < 2) {
        fprintf(stderr, "hone %s: which model and which file? `hone %s --help` has an example\n", argv[0], argv[0]);
        return false;
    }
    words->dir = argv[1];
    words->file = argv[2];
    for (int i = 3; i <= n && s->overrides; i++) {
        char *equals = strchr(argv[i], '=');
        if (!equals || equals == argv[i]) {
            fprintf(stderr,
                    "hone %s: %s is neither the model nor the file; settings of the reader look like columns.text=review\n",
                    argv[0], argv[i]);
            return false;
        }
        const char *path = hone_strndup(s->arena, argv[i], (size_t)(equals - argv[i]));
        if (path)
            s->overrides[s->n_overrides++] = (hone__override){path, equals + 1};
    }
    return true;
}

hone_status hone__option_int(const char *option, const char *text, int64_t least, int64_t most, int64_t *out, hone_error *err)
{
    char *end = NULL, shown[40];
    if (!text)
        return HONE_OK;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end || value < least || value > most)
        return hone_fail(err, HONE_ECONFIG, "%s is %s; it must be an integer in [%lld, %lld]", option,
                         hone__shown(text, shown, sizeof shown), (long long)least, (long long)most);
    *out = value;
    return HONE_OK;
}

static hone_status shorten(hone__trained *t, uint64_t max_length, hone_error *err)
{
    const hone__network *net = &t->network;
    const int64_t most = net->model->max_length ? net->model->max_length(net->model_self) : 0;
    if (most > 0 && max_length > (uint64_t)most)
        return hone_fail(err, HONE_ECONFIG, "--max-length is %llu, but the model takes at most %lld tokens",
                         (unsigned long long)max_length, (long long)most);
    if (max_length)
        t->preparer.max_length = t->facts.max_length = max_length;
    return HONE_OK;
}

hone_status hone__model_session_open(hone__model_session *s, const hone__model_words *words, bool encoder, bool gold,
                                     hone_error *err)
{
    int64_t threads = 0;
    s->log = hone__log_create(stderr, HONE_LOG_WARNING);
    s->registry = hone__registry_create(s->log, true);
    if (!s->arena || !s->overrides || !s->log || !s->registry)
        return hone_no_memory(err, "starting");
    HONE_TRY(hone__option_int("--threads", words->threads, 1, 4096, &threads, err));
    if (words->plugin)
        HONE_TRY(hone__registry_add_file(s->registry, words->plugin, err));
    const hone__trained_setup setup = {.registry = s->registry,
                                       .dir = words->dir,
                                       .log = s->log,
                                       .threads = (int)threads,
                                       .encoder = encoder,
                                       .tokenizer = words->tokenizer ? words->tokenizer : "wordpiece",
                                       .data = s->overrides,
                                       .n_data = s->n_overrides};
    HONE_TRY(hone__trained_open(&setup, &s->trained, err));
    HONE_TRY(shorten(s->trained, words->max_length, err));
    if (words->lines || !s->trained->reader)
        HONE_TRY(hone__trained_read_lines(s->trained, words->file, &s->corpus, err));
    else
        HONE_TRY(hone__trained_read(s->trained, words->file, gold, &s->corpus, err));
    HONE_TRY(hone__trained_prepare(s->trained, s->corpus, &s->prepared, err));
    return hone__trained_load(s->trained, s->prepared, gold, err);
}

void hone__model_session_close(hone__model_session *s)
{
    hone__prepared_destroy(s->prepared);
    hone__trained_close(s->trained);
    hone__registry_destroy(s->registry);
    hone__log_destroy(s->log);
    hone__arena_destroy(s->arena);
    *s = (hone__model_session){0};
}

int hone__model_exit(const char *command, hone_status status, const hone_error *err)
{
    if (status == HONE_OK)
        return HONE__EXIT_DONE;
    fprintf(stderr, "hone %s: %s\n", command, err->msg);
    return status == HONE_ECONFIG || status == HONE_ENOTFOUND ? HONE__EXIT_USAGE : HONE__EXIT_FAILED;
}

hone_status hone__output_write(const char *path, const hone__str *text, hone_error *err)
{
    if (text->failed)
        return hone_no_memory(err, "writing what came out");
    if (path && strcmp(path, "-") != 0)
        return hone__write_file(path, hone__str_text(text), text->n, err);
    if (fwrite(hone__str_text(text), 1, text->n, stdout) != text->n || fflush(stdout) != 0)
        return hone_fail(err, HONE_EIO, "cannot write to standard output: %s", strerror(errno));
    return HONE_OK;
}
