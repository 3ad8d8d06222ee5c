/* test_pieces.c - vocabularies learnt from texts: against merges by hand, against the slow definition, and at their edges.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "suite.h"

#include <hone/words.h>
#include <stdio.h>

static const char *const specials[] = {"[PAD]", "[UNK]"};

static hone_pieces_rules rules_of(uint64_t vocab_size, uint64_t min_frequency)
{
    return (hone_pieces_rules){.size = sizeof(hone_pieces_rules),
                               .vocab_size = vocab_size,
                               .min_frequency = min_frequency,
                               .specials = specials,
                               .n_specials = 2};
}

static hone_status learn(hone_arena *arena, const char *const *texts, const hone_pieces_rules *rules, const char ***tokens,
                         uint64_t *n, hone_error *err)
{
    const hone_word_rules word_rules = {
        .size = sizeof word_rules, .lowercase = true, .strip_accents = true, .chinese_alone = true, .max_chars = 100};
    const hone_words *words;
    hone_pieces *pieces;
    HONE_TRY(hone_words_create(arena, &word_rules, &words, err));
    HONE_TRY(hone_pieces_create(words, &pieces, err));
    hone_status status = HONE_OK;
    for (; *texts && status == HONE_OK; texts++)
        status = hone_pieces_add(pieces, *texts, strlen(*texts), err);
    if (status == HONE_OK)
        status = hone_pieces_learn(pieces, rules, arena, tokens, n, err);
    hone_pieces_destroy(pieces);
    return status;
}

/* The vocabulary's tokens behind the special ones, with blanks between them. */
static const char *vocabulary(hone_arena *arena, const char *const *texts, const hone_pieces_rules *rules)
{
    hone_error err;
    const char **tokens, *list = "";
    uint64_t n;
    ck_assert_msg(learn(arena, texts, rules, &tokens, &n, &err) == HONE_OK, "%s", err.msg);
    ck_assert_uint_le(n, rules->vocab_size);
    for (uint64_t i = 0; i < n; i++) {
        if (i < rules->n_specials)
            ck_assert_str_eq(tokens[i], rules->specials[i]);
        else
            list = hone_sprintf(arena, "%s%s%s", list, *list ? " " : "", tokens[i]);
    }
    return list;
}

static void expect(const char *const *texts, hone_pieces_rules rules, const char *expected)
{
    hone_arena *arena = hone__arena_create(0);
    ck_assert_str_eq(vocabulary(arena, texts, &rules), expected);
    hone__arena_destroy(arena);
}

/* hug 10, pug 5, pun 12, bun 4, hugs 5: pairs ug 20, un 16, h+ug 15, p+un 12, hug+s 5, p+ug 5 (hug comes first), b+un 4. */
static const char *const animals[] = {"Hug hug hug hug hug hug hug hug hug hug",
                                      "pug pug pug pug pug",
                                      "pun pun pun pun pun pun pun pun pun pun pun pun",
                                      "bun bun bun bun",
                                      "hugs hugs hugs hugs hugs",
                                      NULL};

START_TEST(the_most_frequent_pair_is_merged_first)
{
    expect(animals, rules_of(100, 1), "b g h n p s u ##g ##n ##s ##u ##ug ##un hug pun hugs pug bun");
    expect(animals, rules_of(14, 1), "b g h n p s u ##g ##n ##s ##u ##ug");
    expect(animals, rules_of(100, 5), "b g h n p s u ##g ##n ##s ##u ##ug ##un hug pun hugs pug");
    expect(animals, rules_of(100, 13), "b g h n p s u ##g ##n ##s ##u ##ug ##un hug");
}
END_TEST

START_TEST(neither_the_order_of_texts_nor_their_cutting_matters)
{
    static const char *const other[] = {"hugs hugs pun pun bun hug", "hugs hugs hugs pug pug",
                                        "pug pug pug bun bun bun",   "hug hug hug hug hug hug hug hug hug pun pun pun pun pun",
                                        "pun pun pun pun pun",       NULL};
    hone_arena *arena = hone__arena_create(0);
    const hone_pieces_rules rules = rules_of(100, 1);
    ck_assert_str_eq(vocabulary(arena, animals, &rules), vocabulary(arena, other, &rules));
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(ties_go_to_the_bytes_that_come_first)
{
    static const char *const texts[] = {"zx yx ab", NULL};
    expect(texts, rules_of(100, 1), "a b x y z ##b ##x ab yx zx");
    expect(texts, rules_of(10, 1), "a b x y z ##b ##x ab");
}
END_TEST

START_TEST(letters_that_repeat_are_merged_from_the_left)
{
    static const char *const texts[] = {"aaaaa aaaaa", NULL};
    /* a a a a a: the pair of two inner ones is seen three times a word, then stands twice in it. */
    expect(texts, rules_of(100, 1), "a ##a ##aa ##aaaa aaaaa");
}
END_TEST

START_TEST(letters_that_find_no_room_are_the_rarest)
{
    static const char *const texts[] = {"ab ab ab ab xb xb q", NULL};
    expect(texts, rules_of(5, 1), "a b ##b");
    expect(texts, rules_of(6, 1), "a b x ##b");
    hone_pieces_rules rules = rules_of(100, 1);
    rules.max_alphabet = 2;
    expect(texts, rules, "a b ##b ab");
}
END_TEST

START_TEST(chinese_characters_are_words_and_accents_are_gone)
{
    static const char *const texts[] = {"\xe4\xb8\xad\xe5\x9b\xbd caf\xc3\xa9 CAFE!", NULL};
    expect(texts, rules_of(100, 2), "! a c e f \xe4\xb8\xad \xe5\x9b\xbd ##a ##e ##f ##af ##afe cafe");
}
END_TEST

START_TEST(words_of_more_than_100_characters_teach_nothing)
{
    char text[204];
    memset(text, 'a', 203);
    text[101] = ' ';
    text[102] = 'b';
    text[103] = '\0';
    const char *const texts[] = {text, NULL};
    expect(texts, rules_of(100, 1), "b");
}
END_TEST

START_TEST(no_words_give_the_special_tokens)
{
    static const char *const texts[] = {" \n", NULL};
    expect(texts, rules_of(100, 1), "");
}
END_TEST

START_TEST(a_size_without_room_beside_the_special_tokens_is_refused)
{
    hone_error err;
    const char **tokens;
    uint64_t n;
    hone_arena *arena = hone__arena_create(0);
    const hone_pieces_rules rules = rules_of(2, 1);
    ck_assert_int_eq(learn(arena, animals, &rules, &tokens, &n, &err), HONE_EINVAL);
    ck_assert_str_eq(err.msg,
                     "a vocabulary of 2 tokens was asked for; it must have more than its 2 special tokens, and at most "
                     "2147483647");
    hone__arena_destroy(arena);
}
END_TEST

/* ---- The definition, counted anew after every merge --------------------------------------------------------------- */

enum { MOST_TOKENS = 4000, MOST_PIECES = 40000 };

typedef struct slow {
    const char *pieces[MOST_PIECES]; /* of all words, in a row; NULL ends a word */
    size_t n;
    hone_arena *arena;
} slow;

static hone_status spell(void *ctx, const hone_word *word, hone_error *err)
{
    slow *s = ctx;
    (void)err;
    for (uint64_t i = 0; i < word->n; i++) /* ASCII only */
        s->pieces[s->n++] = hone_sprintf(s->arena, "%s%c", i ? "##" : "", word->bytes[i]);
    s->pieces[s->n++] = NULL;
    ck_assert_uint_lt(s->n, MOST_PIECES - 200);
    return HONE_OK;
}

typedef struct counted {
    const char *left, *right;
    uint64_t count;
} counted;

static int by_text(const void *a, const void *b)
{
    const counted *x = a, *y = b;
    const int order = strcmp(x->left, y->left);
    return order ? order : strcmp(x->right, y->right);
}

/* The most frequent pair, the first of several by its bytes. */
static counted most_frequent(const slow *s, counted *room)
{
    size_t n = 0;
    counted best = {NULL, NULL, 0};
    for (size_t i = 0; i + 1 < s->n; i++)
        if (s->pieces[i] && s->pieces[i + 1])
            room[n++] = (counted){s->pieces[i], s->pieces[i + 1], 1};
    qsort(room, n, sizeof *room, by_text);
    for (size_t i = 0; i < n;) {
        size_t to = i;
        while (to < n && by_text(&room[to], &room[i]) == 0)
            to++;
        if (to - i > best.count)
            best = (counted){room[i].left, room[i].right, to - i};
        i = to;
    }
    return best;
}

static const char *merge(slow *s, counted c)
{
    const char *merged = hone_sprintf(s->arena, "%s%s", c.left, c.right + 2);
    size_t to = 0;
    for (size_t i = 0; i < s->n; i++) {
        const bool here = s->pieces[i] && i + 1 < s->n && s->pieces[i + 1] && strcmp(s->pieces[i], c.left) == 0 &&
                          strcmp(s->pieces[i + 1], c.right) == 0;
        s->pieces[to++] = here ? merged : s->pieces[i];
        i += here;
    }
    s->n = to;
    return merged;
}

static bool has(const char *const *tokens, uint64_t n, const char *token)
{
    for (uint64_t i = 0; i < n; i++)
        if (strcmp(tokens[i], token) == 0)
            return true;
    return false;
}

/* From the first merge on, each token learnt must be the one of the slow way. */
static void expect_definition(hone_arena *arena, const hone_words *words, const char *text, uint64_t size)
{
    hone_error err;
    const char **tokens;
    uint64_t n, at = 2;
    const hone_pieces_rules rules = rules_of(size, 2);
    slow *s = hone_alloc(arena, sizeof *s);
    counted *room = hone_alloc_array(arena, MOST_PIECES, sizeof *room);
    void *scratch = hone_alloc(arena, hone_words_scratch(words));
    s->arena = arena;
    ck_assert_int_eq(hone_words_each(words, scratch, text, 0, strlen(text), spell, s, &err), HONE_OK);
    ck_assert_int_eq(learn(arena, (const char *const[]){text, NULL}, &rules, &tokens, &n, &err), HONE_OK);
    while (at < n && (strlen(tokens[at]) == 1 || (strlen(tokens[at]) == 3 && tokens[at][0] == '#')))
        at++; /* the alphabet */
    while (at < n) {
        const counted c = most_frequent(s, room);
        ck_assert_uint_ge(c.count, 2);
        const char *merged = merge(s, c);
        if (has(tokens, at, merged))
            continue;
        ck_assert_str_eq(tokens[at], merged);
        at++;
    }
    if (n < size)
        ck_assert_uint_lt(most_frequent(s, room).count, 2);
}

START_TEST(kept_counts_give_what_counting_anew_gives)
{
    hone_error err;
    char *text;
    size_t n;
    const hone_word_rules rules = {.size = sizeof rules, .lowercase = true, .strip_accents = true, .max_chars = 100};
    const hone_words *words;
    hone_arena *arena = hone__arena_create(0);
    ck_assert_int_eq(hone_words_create(arena, &rules, &words, &err), HONE_OK);
    ck_assert_int_eq(hone__read_file("LICENSE", 0, &text, &n, &err), HONE_OK);
    expect_definition(arena, words, text, 900);
    expect_definition(arena, words, "banana bandana anna nana ananas baobab abba aab baa ababab abab", MOST_TOKENS);
    hone__free(text);
    hone__arena_destroy(arena);
}
END_TEST

/* ---- Short of memory --------------------------------------------------------------------------------------------- */

static hone_status learn_animals(void *ctx, hone_error *err)
{
    const char **tokens;
    uint64_t n;
    const hone_pieces_rules rules = rules_of(100, 1);
    (void)ctx;
    hone_arena *arena = hone__arena_create(0);
    hone_status status = arena ? learn(arena, animals, &rules, &tokens, &n, err) : hone_no_memory(err, "testing");
    hone__arena_destroy(arena);
    return status;
}

START_TEST(every_failing_allocation_is_an_error_and_leaks_nothing)
{
    ck_assert_int_gt(suite_every_allocation_fails(learn_animals, NULL), 20);
}
END_TEST

SUITE("pieces", the_most_frequent_pair_is_merged_first, neither_the_order_of_texts_nor_their_cutting_matters,
      ties_go_to_the_bytes_that_come_first, letters_that_repeat_are_merged_from_the_left,
      letters_that_find_no_room_are_the_rarest, chinese_characters_are_words_and_accents_are_gone,
      words_of_more_than_100_characters_teach_nothing, no_words_give_the_special_tokens,
      a_size_without_room_beside_the_special_tokens_is_refused, kept_counts_give_what_counting_anew_gives,
      every_failing_allocation_is_an_error_and_leaks_nothing)
