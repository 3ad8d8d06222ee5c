/* labels.h - the label list: made from the training split (or fixed by the reader), and how its labels are shown.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_DATA_LABELS_H
#define HONE_CORE_DATA_LABELS_H

#include "data/example.h"

/* Collects the labels of `train` in their order (or the reader's fixed list) and counts them. Names lie in `arena` or live as long as
 * the reader. */
hone_status hone__labels_build(hone_arena *arena, const hone_corpus *train, const hone_reader *reader, const hone_self *self,
                               hone__labels *labels, hone_error *err) HONE_CHECKED;
/* Resolves data.label_names and data.positive_label. */
hone_status hone__labels_show(hone_arena *arena, const hone__data_config *config, hone__labels *labels,
                              hone_error *err) HONE_CHECKED;

#endif
