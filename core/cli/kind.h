/* kind.h - kinds and names of plugins as words of the command line.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_CLI_KIND_H
#define HONE_CORE_CLI_KIND_H

#include "plugin/registry.h"

/* The kind of that name (a plural is understood); prints one sentence and returns false where there is none. */
bool hone__cli_kind(const char *command, const char *word, hone_kind *kind) HONE_CHECKED;

#endif
