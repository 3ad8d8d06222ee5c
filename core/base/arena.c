/* arena.c - memory that is freed all at once: a chain of blocks, each handed out from its beginning to its end.
 *
 * Blocks in front of `current` are full, those behind it are empty. Under the address sanitizer whatever is not handed out is
 * poisoned, so that a pointer that outlives its arena's reset is found.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(WITH_ASAN)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

enum { ALIGNMENT = 64, DEFAULT_BLOCK = 64 * 1024 };

typedef struct block {
    struct block *next;
    char *data; /* aligned, `size` bytes */
    size_t used, size;
} block;

struct hone_arena {
    block *first, *current; /* NULL while empty */
    size_t block_size;      /* of the next block, at least */
    size_t bytes;
};

hone_arena *hone__arena_create(size_t block_size)
{
    hone_arena *arena = hone__calloc(1, sizeof *arena);
    if (arena)
        arena->block_size = block_size ? block_size : DEFAULT_BLOCK;
    return arena;
}

static void free_blocks(hone_arena *arena)
{
    for (block *b = arena->first, *next; b; b = next) {
        next = b->next;
        ASAN_UNPOISON_MEMORY_REGION(b->data, b->size);
        hone__free(b);
    }
    arena->first = arena->current = NULL;
    arena->bytes = 0;
}

void hone__arena_destroy(hone_arena *arena)
{
    if (!arena)
        return;
    free_blocks(arena);
    hone__free(arena);
}

static void empty_block(block *b, size_t used)
{
    ASAN_POISON_MEMORY_REGION(b->data + used, b->size - used);
    b->used = used;
}

void hone__arena_reset(hone_arena *arena)
{
    if (arena->first && arena->first->next) {
        /* One block of the whole size takes their place with the next allocation, so that after a few rounds of a loop there
         * is one block, and no more to ask for. */
        if (arena->bytes > arena->block_size)
            arena->block_size = arena->bytes;
        free_blocks(arena);
    } else if (arena->first) {
        empty_block(arena->first, 0);
    }
}

hone__mark hone__arena_mark(const hone_arena *arena)
{
    return (hone__mark){arena->current, arena->current ? arena->current->used : 0};
}

void hone__arena_release(hone_arena *arena, hone__mark mark)
{
    block *back_to = mark.block ? mark.block : arena->first;
    if (!back_to)
        return;
    empty_block(back_to, mark.used);
    for (block *b = back_to->next; b; b = b->next)
        empty_block(b, 0);
    arena->current = back_to;
}

size_t hone__arena_bytes(const hone_arena *arena)
{
    return arena->bytes;
}

static block *new_block(hone_arena *arena, size_t size)
{
    if (size < arena->block_size)
        size = arena->block_size;
    if (size > PTRDIFF_MAX - sizeof(block) - ALIGNMENT)
        return NULL;
    block *b = hone__malloc(sizeof *b + ALIGNMENT + size);
    if (!b)
        return NULL;
    size_t skip = ALIGNMENT - (uintptr_t)(b + 1) % ALIGNMENT;
    *b = (block){.data = (char *)(b + 1) + skip, .size = size};
    ASAN_POISON_MEMORY_REGION(b->data, b->size);
    arena->bytes += size;
    return b;
}

/* Takes the first block behind `current` that has room out of the chain; NULL if there is none. */
static block *take_empty(hone_arena *arena, size_t size)
{
    block **link = arena->current ? &arena->current->next : &arena->first;
    while (*link && (*link)->size < size)
        link = &(*link)->next;
    block *found = *link;
    if (found)
        *link = found->next;
    return found;
}

static block *block_with_room(hone_arena *arena, size_t size)
{
    block *b = take_empty(arena, size);
    if (!b)
        b = new_block(arena, size);
    if (!b)
        return NULL;
    block **link = arena->current ? &arena->current->next : &arena->first;
    b->next = *link;
    *link = b;
    arena->current = b;
    return b;
}

/* `size` bytes as they come, aligned to `alignment`, a power of two up to ALIGNMENT. */
static void *take(hone_arena *arena, size_t size, size_t alignment)
{
    block *b = arena->current;
    size_t begin = b ? (b->used + alignment - 1) & ~(alignment - 1) : 0;
    if (!b || begin > b->size || size > b->size - begin) {
        b = block_with_room(arena, size);
        begin = 0;
    }
    if (!b)
        return NULL;
    b->used = begin + size;
    ASAN_UNPOISON_MEMORY_REGION(b->data + begin, size);
    return b->data + begin;
}

void *hone_alloc(hone_arena *arena, size_t size)
{
    if (size == 0)
        size = 1;
    void *p = take(arena, size, ALIGNMENT);
    return p ? memset(p, 0, size) : NULL;
}

void *hone_alloc_array(hone_arena *arena, size_t n, size_t size)
{
    if (size && n > SIZE_MAX / size)
        return NULL;
    return hone_alloc(arena, n * size);
}

char *hone_strndup(hone_arena *arena, const char *text, size_t n)
{
    n = strnlen(text, n);
    char *copy = take(arena, n + 1, 1);
    if (!copy)
        return NULL;
    memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}

char *hone_strdup(hone_arena *arena, const char *text)
{
    return hone_strndup(arena, text, strlen(text));
}

char *hone_sprintf(hone_arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = n < 0 ? NULL : take(arena, (size_t)n + 1, 1);
    if (!text)
        return NULL;
    va_start(args, fmt);
    vsnprintf(text, (size_t)n + 1, fmt, args);
    va_end(args);
    return text;
}
