/* tokenizer.c - what a tokenizer promises.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/file.h"
#include "conformance/kinds.h"
#include "data/encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const texts[] = {
    "",
    "Hello, world!",
    "  blanks\tand\nlines  ",
    "na\xc3\xafve caf\xc3\xa9 e\xcc\x81",                 /* accents, composed and not */
    "\xe4\xbd\xa0\xe5\xa5\xbd, \xd0\x9c\xd0\xb8\xd1\x80", /* Chinese, Cyrillic */
    "\xf0\x9f\x98\x80\xe2\x80\x8d\xf0\x9f\x91\xa9",       /* emoji and a joiner */
    "\x01\x02 control \x7f",
    "averyveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryverylongword",
};
enum { TEXTS = sizeof texts / sizeof texts[0] };

typedef struct subject {
    const hone_tokenizer *table;
    hone_self *self;
    hone_tokenizer_info info;
} subject;

/* From what was saved in `dir`; NULL: from what the lab has. */
static hone_status open_with(hone__lab *lab, const char *dir, subject *s, hone_error *err)
{
    s->table = (const hone_tokenizer *)(const void *)lab->table;
    HONE_TRY(hone__lab_choose_vocabulary(lab, err));
    hone_corpus *train = lab->train;
    if (dir) {
        lab->dir = dir;
        lab->train = NULL;
    }
    HONE_TRY(hone__lab_self(lab, &s->self, err));
    lab->train = train;
    return hone__tokenizer_info_of(s->table, s->self, &s->info, err);
}

static hone_status encode(hone__lab *lab, const subject *s, const char *text, hone_tokens *tokens, hone_error *err)
{
    const hone__encoder encoder = {s->table, s->self, &s->info, lab->arena, lab->step};
    tokens->size = sizeof *tokens;
    return hone__encode_text(&encoder, text, strlen(text), tokens, err);
}

static bool is_border(const char *text, uint64_t at)
{
    return ((unsigned char)text[at] & 0xC0) != 0x80;
}

static hone_status ids_and_offsets_are_within_bounds(hone__lab *lab, hone_error *err)
{
    subject s;
    HONE_TRY(open_with(lab, NULL, &s, err));
    for (int t = 0; t < TEXTS; t++) {
        hone_tokens tokens;
        const uint64_t n = strlen(texts[t]);
        HONE_TRY(encode(lab, &s, texts[t], &tokens, err));
        for (uint64_t i = 0; i < tokens.n; i++) {
            HONE__EXPECT(tokens.ids[i] >= 0 && tokens.ids[i] < s.info.vocabulary, "token %llu of text %d has the id %d",
                         (unsigned long long)i, t, tokens.ids[i]);
            HONE__EXPECT(tokens.begin[i] <= tokens.end[i] && tokens.end[i] <= n,
                         "token %llu of text %d lies at %llu to %llu of %llu", (unsigned long long)i, t,
                         (unsigned long long)tokens.begin[i], (unsigned long long)tokens.end[i], (unsigned long long)n);
            HONE__EXPECT(i == 0 || tokens.begin[i] >= tokens.begin[i - 1],
                         "token %llu of text %d begins before the one before it", (unsigned long long)i, t);
            HONE__EXPECT(is_border(texts[t], tokens.begin[i]) && is_border(texts[t], tokens.end[i]),
                         "token %llu of text %d begins or ends inside a character", (unsigned long long)i, t);
            HONE__EXPECT(s.table->token(s.self, tokens.ids[i]), "the id %d has no text", tokens.ids[i]);
        }
    }
    HONE__EXPECT(!s.table->token(s.self, -1), "the id -1 has a text");
    HONE__EXPECT(s.info.vocabulary > INT32_MAX || !s.table->token(s.self, (int32_t)s.info.vocabulary),
                 "an id behind the vocabulary has a text");
    return HONE_OK;
}

static bool same_tokens(const hone_tokens *a, const hone_tokens *b)
{
    return a->n == b->n && memcmp(a->ids, b->ids, a->n * sizeof *a->ids) == 0 &&
           memcmp(a->begin, b->begin, a->n * sizeof *a->begin) == 0 && memcmp(a->end, b->end, a->n * sizeof *a->end) == 0;
}

enum { ROUNDS = 64 };
typedef struct round_of {
    const subject *s;
    hone_arena *arenas[2][ROUNDS];
    hone_tokens tokens[ROUNDS];
    hone_status status[ROUNDS];
} rounds;

static void encode_rounds(void *ctx, int64_t begin, int64_t end, int worker)
{
    rounds *r = ctx;
    (void)worker;
    for (int64_t i = begin; i < end; i++) {
        hone_error why;
        const hone__encoder encoder = {r->s->table, r->s->self, &r->s->info, r->arenas[0][i], r->arenas[1][i]};
        const char *text = texts[i % TEXTS];
        r->tokens[i].size = sizeof r->tokens[i];
        r->status[i] = r->arenas[0][i] && r->arenas[1][i] ? hone__encode_text(&encoder, text, strlen(text), &r->tokens[i], &why)
                                                          : HONE_ENOMEM;
    }
}

static hone_status two_threads_give_the_ids_of_one(hone__lab *lab, hone_error *err)
{
    subject s;
    hone_pool *pool;
    HONE_TRY(open_with(lab, NULL, &s, err));
    HONE_TRY(hone__lab_pool(lab, 2, &pool, err));
    rounds *r = hone_alloc(lab->arena, sizeof *r);
    if (!r)
        return hone_no_memory(err, "encoding in threads");
    r->s = &s;
    for (int i = 0; i < ROUNDS; i++) {
        r->arenas[0][i] = hone__arena_create(4096);
        r->arenas[1][i] = hone__arena_create(4096);
    }
    hone_pool_run(pool, ROUNDS, 1, encode_rounds, r);
    hone_status status = HONE_OK;
    for (int i = 0; i < ROUNDS && status == HONE_OK; i++) {
        hone_tokens alone;
        status = r->status[i] == HONE_OK ? encode(lab, &s, texts[i % TEXTS], &alone, err)
                                         : hone_fail(err, r->status[i], "encoding in threads failed");
        if (status == HONE_OK && !same_tokens(&alone, &r->tokens[i]))
            status = hone_fail(err, HONE_EPLUGIN, "text %d has other tokens when two threads encode", i % TEXTS);
    }
    for (int i = 0; i < ROUNDS; i++) {
        hone__arena_destroy(r->arenas[0][i]);
        hone__arena_destroy(r->arenas[1][i]);
    }
    return status;
}

static hone_status compare_saved(hone__lab *lab, const subject *s, const char *dir, hone_error *err)
{
    subject again;
    HONE_TRY(s->table->save(s->self, dir, err));
    HONE_TRY(open_with(lab, dir, &again, err));
    HONE__EXPECT(again.info.vocabulary == s->info.vocabulary, "the saved vocabulary has %lld entries and not %lld",
                 (long long)again.info.vocabulary, (long long)s->info.vocabulary);
    for (int t = 0; t < TEXTS; t++) {
        hone_tokens before, after;
        HONE_TRY(encode(lab, s, texts[t], &before, err));
        HONE_TRY(encode(lab, &again, texts[t], &after, err));
        HONE__EXPECT(same_tokens(&before, &after), "text %d has other tokens after saving and loading", t);
    }
    return HONE_OK;
}

static hone_status what_is_saved_gives_the_same_ids(hone__lab *lab, hone_error *err)
{
    subject s;
    hone_error ignored;
    char dir[4096];
    const char *tmp = getenv("TMPDIR");
    HONE_TRY(open_with(lab, NULL, &s, err));
    snprintf(dir, sizeof dir, "%s/hone-check-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(dir))
        return hone_fail(err, HONE_EIO, "cannot make a folder for temporary files: %s", dir);
    const hone_status status = compare_saved(lab, &s, dir, err);
    (void)!hone__remove_tree(dir, &ignored);
    return status;
}

const hone__check hone__checks_of_tokenizer[] = {
    {"ids and offsets are within bounds, in order and on borders of characters", ids_and_offsets_are_within_bounds},
    {"two threads give the ids of one", two_threads_give_the_ids_of_one},
    {"what is saved gives the same ids", what_is_saved_gives_the_same_ids},
    {NULL, NULL},
};
