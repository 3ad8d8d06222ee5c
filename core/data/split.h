/* split.h - shares of one file: seeded, and stratified over classes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_DATA_SPLIT_H
#define HONE_CORE_DATA_SPLIT_H

#include "data/example.h"

/* Cuts `whole` into parts of the given shares (train 0: what the others leave), each in the order of the file. A part with share 0 is
 * NULL. Examples whose share nobody has are left out. */
hone_status hone__corpus_split(hone_arena *arena, const hone_corpus *whole, const hone__data_config *config, hone_target target,
                               hone_corpus *parts[3], hone_error *err) HONE_CHECKED;

/* Are shares given? */
bool hone__split_given(const hone__split_config *split);

#endif
