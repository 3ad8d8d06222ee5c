/* options.c - the options of a command, out of a table.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

static const char *option_name(const void *ctx, size_t i)
{
    return ((const hone__option *)ctx)[i].name;
}

static const hone__option *find(const hone__option *options, const char *word, size_t n)
{
    for (const hone__option *o = options; o->name; o++)
        if (strlen(o->name) == n && strncmp(o->name, word, n) == 0)
            return o;
    return NULL;
}

static bool complain(const char *command, const hone__option *options, const char *word)
{
    char shown[80];
    const char *nearest = hone__nearest(word, option_name, options);
    fprintf(stderr, "hone %s: there is no option %s", command, hone__shown(word, shown, sizeof shown));
    if (nearest)
        fprintf(stderr, "; did you mean %s?\n", nearest);
    else
        fprintf(stderr, "; `hone %s --help` says what there is\n", command);
    return false;
}

/* One option at argv[*i]; *i moves on where its value is the next word. */
static bool take(int argc, char **argv, int *i, const hone__option *options)
{
    const char *word = argv[*i], *equals = strchr(word, '=');
    const size_t n = equals ? (size_t)(equals - word) : strlen(word);
    const hone__option *o = find(options, word, n);
    if (!o)
        return complain(argv[0], options, word);
    if (o->flag ? *o->flag : *o->value != NULL) {
        fprintf(stderr, "hone %s: %s is there twice\n", argv[0], o->name);
        return false;
    }
    if (o->flag && equals) {
        fprintf(stderr, "hone %s: %s takes no value\n", argv[0], o->name);
        return false;
    }
    if (o->flag) {
        *o->flag = true;
        return true;
    }
    if (!equals && *i + 1 >= argc) {
        fprintf(stderr, "hone %s: %s needs a value\n", argv[0], o->name);
        return false;
    }
    *o->value = equals ? equals + 1 : argv[++*i];
    return true;
}

bool hone__options_take(int argc, char **argv, const hone__option *options, int *n)
{
    bool only_words = false;
    *n = 0;
    for (int i = 1; i < argc; i++) {
        if (!only_words && strcmp(argv[i], "--") == 0)
            only_words = true;
        else if (!only_words && argv[i][0] == '-' && argv[i][1] != '\0') {
            if (!take(argc, argv, &i, options))
                return false;
        } else
            argv[++*n] = argv[i];
    }
    return true;
}
