/* new.c - `hone new KIND NAME`: the beginning of a plugin, which builds and passes conformance as written.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/kind.h"
#include "cli/options.h"
#include "cli/skeletons.h"
#include "plugin/load.h"

#include <stdio.h>
#include <string.h>

static const char *skeleton_of(const char *kind)
{
    for (const hone__skeleton *s = hone__skeletons; s->kind; s++)
        if (strcmp(s->kind, kind) == 0)
            return s->text;
    return NULL;
}

/* The text with @NAME@ replaced. */
static void fill(hone__str *out, const char *text, const char *name)
{
    static const char place[] = "@NAME@";
    for (const char *next; (next = strstr(text, place)) != NULL; text = next + sizeof place - 1) {
        hone__str_addn(out, text, (size_t)(next - text));
        hone__str_add(out, name);
    }
    hone__str_add(out, text);
}

static bool name_is_good(const char *name)
{
    char shown[80];
    if (!hone__plugin_name_ok(name)) {
        fprintf(stderr,
                "hone new: the name %s is not possible; a name is a small letter and then small letters, digits and _\n",
                hone__shown(name, shown, sizeof shown));
        return false;
    }
    return true;
}

static hone_status write_new(const char *path, const char *skeleton, const char *name, hone_error *err)
{
    if (hone__exists(path))
        return hone_fail(err, HONE_EEXIST, "%s is there already; remove it, or take another name or --dir", path);
    hone__str text = {0};
    fill(&text, skeleton, name);
    const hone_status status =
        text.failed ? hone_no_memory(err, "writing a plugin") : hone__write_file(path, hone__str_text(&text), text.n, err);
    hone__str_clear(&text);
    return status;
}

int hone__cli_new(int argc, char **argv)
{
    const char *dir = NULL;
    const hone__option options[] = {{"--dir", NULL, &dir}, {0}};
    hone_kind kind;
    hone_error err = {0};
    char path[4096];
    int n;
    if (!hone__options_take(argc, argv, options, &n))
        return HONE__EXIT_USAGE;
    if (n != 2) {
        fprintf(stderr, "hone new: it takes a KIND and a NAME; `hone new --help` says more\n");
        return HONE__EXIT_USAGE;
    }
    if (!hone__cli_kind("new", argv[1], &kind) || !name_is_good(argv[2]))
        return HONE__EXIT_USAGE;
    if (snprintf(path, sizeof path, "%s/%s.c", dir ? dir : ".", argv[2]) >= (int)sizeof path) {
        fprintf(stderr, "hone new: the path of the folder is too long\n");
        return HONE__EXIT_USAGE;
    }
    const char *skeleton = skeleton_of(hone__kinds[kind].name);
    if (!skeleton) {
        fprintf(stderr, "hone new: there is no skeleton of a %s\n", hone__kinds[kind].name);
        return HONE__EXIT_FAILED;
    }
    if (write_new(path, skeleton, argv[2], &err) != HONE_OK) {
        fprintf(stderr, "hone new: %s\n", err.msg);
        return HONE__EXIT_FAILED;
    }
    printf("%s is written; its first lines say how to build, check and use it\n", path);
    return HONE__EXIT_DONE;
}
