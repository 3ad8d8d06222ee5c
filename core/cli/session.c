/* session.c - what the commands that take an experiment file begin with: FILE [key=value ...].
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/session.h"

#include "base/arena.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

void hone__session_close(hone__session *s)
{
    hone__registry_destroy(s->registry);
    hone__log_destroy(s->log);
    hone__arena_destroy(s->arena);
}

hone_status hone__session_open(hone__session *s, hone_error *err)
{
    s->arena = hone__arena_create(0);
    s->log = hone__log_create(stderr, HONE_LOG_WARNING);
    s->registry = hone__registry_create(s->log, true);
    s->issues.arena = s->arena;
    return s->arena && s->log && s->registry ? HONE_OK : hone_no_memory(err, "starting");
}

/* ---- Arguments --------------------------------------------------------------------------------------------------- */

static hone_status add_override(hone__session *s, const char *argument, hone_error *err)
{
    const char *equals = strchr(argument, '=');
    char *path = hone_strndup(s->arena, argument, (size_t)(equals - argument));
    if (!path)
        return hone_no_memory(err, "reading the command line");
    s->overrides[s->n_overrides++] = (hone__override){path, equals + 1};
    return HONE_OK;
}

/* FILE [key=value ...]; a file whose name holds a = is given with its folder (./a=b.yaml). */
static hone_status read_words(hone__session *s, const char *command, int n, char **words, hone_error *err)
{
    s->overrides = hone_alloc_array(s->arena, (size_t)n, sizeof *s->overrides);
    if (!s->overrides)
        return hone_no_memory(err, "reading the command line");
    for (int i = 0; i < n; i++) {
        const char *slash = strchr(words[i], '/'), *equals = strchr(words[i], '=');
        const bool is_file = !equals || (slash && slash < equals && !s->file);
        if (is_file && s->file)
            return hone_fail(err, HONE_EINVAL, "%s is neither the file nor key=value; one file is taken at a time", words[i]);
        if (is_file)
            s->file = words[i];
        else
            HONE_TRY(add_override(s, words[i], err));
    }
    return s->file ? HONE_OK : hone_fail(err, HONE_EINVAL, "no file is given; hone %s FILE [key=value ...]", command);
}

hone_status hone__session_load(hone__session *s, const char *command, int n, char **words, hone__experiment **e,
                               hone_error *err)
{
    HONE_TRY(read_words(s, command, n, words, err));
    return hone__experiment_load(s->arena, s->registry, s->file, s->overrides, s->n_overrides, e, &s->issues, err);
}

void hone__session_complain(const hone__session *s, hone_status status, const hone_error *err)
{
    for (size_t i = 0; status == HONE_ECONFIG && i < s->issues.n; i++)
        fprintf(stderr, "%s\n", s->issues.text[i]);
    if (status != HONE_OK && (status != HONE_ECONFIG || s->issues.n == 0))
        fprintf(stderr, "hone: %s\n", err->msg);
    else if (s->issues.n > 1)
        fprintf(stderr, "hone: %zu mistakes\n", s->issues.n);
}
