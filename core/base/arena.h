/* arena.h - making, emptying and freeing arenas.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_BASE_ARENA_H
#define HONE_CORE_BASE_ARENA_H

#include <hone/base.h>

/* `block` bytes are asked from the system at a time (0: 64 KiB). NULL when memory is short. */
hone_arena *hone__arena_create(size_t block) HONE_CHECKED;
void hone__arena_destroy(hone_arena *arena); /* NULL is fine */

/* Everything allocated so far dies; the room stays for what comes next (as one block, if it was several), so that a loop asks
 * the system only in its first rounds. */
void hone__arena_reset(hone_arena *arena);

/* A place to come back to: what was allocated after the mark dies at the release. */
typedef struct hone__mark {
    void *block;
    size_t used;
} hone__mark;
hone__mark hone__arena_mark(const hone_arena *arena);
void hone__arena_release(hone_arena *arena, hone__mark mark);

size_t hone__arena_bytes(const hone_arena *arena); /* asked from the system */

#endif
