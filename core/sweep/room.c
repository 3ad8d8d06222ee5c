/* room.c - memory for the next trial: one that does not fit beside those that run waits, instead of being killed later.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "plugin/environment.h"
#include "sweep/footprint.h"
#include "sweep/supervisor_parts.h"

/* Asking takes a process that reads the data. Where trials of so many times the largest footprint so far would fit side by side, it is not
 * asked for. */
#define PLENTY 4

#define GIB 1073741824.0

hone_status hone__room_begin(hone__supervisor *s, hone_error *err)
{
    hone__environment machine;
    if (!s->sweep || s->n_slots < 2 || (s->launch->flags & HONE_LAUNCHER_RUNS_NOTHING))
        return HONE_OK;
    s->room = (uint64_t)(s->sweep->memory_gib * GIB);
    if (s->room)
        return HONE_OK;
    HONE_TRY(hone__environment_gather(s->arena, &machine, err));
    s->room = machine.available;
    return HONE_OK;
}

static void measure(hone__supervisor *s, hone__slot *t)
{
    hone__footprint f = {0};
    hone_error why;
    t->measured = true;
    if (s->largest && s->largest <= s->room / s->n_slots / PLENTY)
        f.bytes = s->largest;
    else if (hone__footprint_ask(s->setup->program, t->dir, s->setup->interrupts, &f, &why) != HONE_OK)
        hone_log_line(s->setup->log, HONE_LOG_DEBUG, "the memory of trial %llu is not known: %s", (unsigned long long)t->trial,
                      why.msg);
    t->bytes = f.bytes;
    t->mapped = f.mapped;
    s->largest = f.bytes + f.mapped > s->largest ? f.bytes + f.mapped : s->largest;
}

bool hone__room_for(hone__supervisor *s, hone__slot *t)
{
    uint64_t bytes = 0, mapped = 0;
    size_t n = 0;
    if (!s->room)
        return true;
    if (!t->measured)
        measure(s, t);
    for (size_t i = 0; i < s->n_slots; i++) {
        const hone__slot *other = &s->slots[i];
        if (other->state != HONE__SLOT_RUNNING)
            continue;
        n++;
        bytes += other->bytes;
        mapped = other->mapped > mapped ? other->mapped : mapped;
    }
    mapped = t->mapped > mapped ? t->mapped : mapped;
    return n == 0 || bytes + t->bytes + mapped <= s->room;
}
