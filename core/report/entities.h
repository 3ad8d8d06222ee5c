/* entities.h - the chunks (names, phrases) that the tags of a sentence mark; and of tags that mark none, the words that are wrong.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_REPORT_ENTITIES_H
#define HONE_CORE_REPORT_ENTITIES_H

#include <hone/metric.h>
#include <hone/tags.h>

typedef struct hone__entities {
    hone_chunk *chunks; /* [n] in order */
    uint64_t n;
} hone__entities;

/* Do the labels mark chunks, all of them being tags of some scheme? Else they are labels, such as parts of speech. */
bool hone__entities_marked(const hone_evaluation *e);
/* Of one answer, in `arena`. Of labels, each word where `other` has another one is a chunk. A word without a tag is outside. */
hone_status hone__entities_find(hone_arena *arena, const hone_evaluation *e, const hone_answer *answer,
                                const hone_answer *other, hone__entities *out, hone_error *err) HONE_CHECKED;
/* Is the same chunk, of the same type, among them? */
bool hone__entities_hold(const hone__entities *entities, const hone_chunk *chunk);
const char *hone__entity_type(const hone_chunk *chunk); /* "_" where tags have none */

#endif
