/* skeletons.h - the beginnings of plugins that `hone new` writes; the array is made from core/cli/skeletons/ when hone is built.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_CLI_SKELETONS_H
#define HONE_CORE_CLI_SKELETONS_H

#include <hone/base.h>

typedef struct hone__skeleton {
    const char *kind, *text; /* @NAME@ stands for the plugin's name */
} hone__skeleton;

/* Ended by a row without a kind. */
extern const hone__skeleton hone__skeletons[];

#endif
