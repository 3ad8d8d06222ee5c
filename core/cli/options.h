/* options.h - the options of a command, out of a table.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_CLI_OPTIONS_H
#define HONE_CORE_CLI_OPTIONS_H

#include <hone/base.h>

/* "--json" sets *flag; "--kind head" and "--kind=head" set *value. One of the two is NULL. */
typedef struct hone__option {
    const char *name; /* with its hyphens; NULL ends a table */
    bool *flag;
    const char **value;
} hone__option;

/* Takes the options out of argv[1 ..] and leaves the other words in argv[1 .. *n], in their order; what follows "--" are words. "-" is a
 * word. Prints one sentence and returns false where an option is unknown, lacks its value, or stands there twice. */
bool hone__options_take(int argc, char **argv, const hone__option *options, int *n) HONE_CHECKED;

#endif
