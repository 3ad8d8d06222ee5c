/* answers.c - how well two short texts agree: exactly, and by the words they share.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/statistics.h>

#include <string.h>
#include <utf8proc.h>

/* ---- Words -------------------------------------------------------------------------------------------- */

static bool is_ascii_punctuation(utf8proc_int32_t c)
{
    return c < 128 && c > 0 && strchr("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", (int)c);
}

/* As Python's str.split() and \s. */
static bool is_white(utf8proc_int32_t c)
{
    const utf8proc_category_t category = utf8proc_category(c);
    return (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x1f) || c == 0x85 || category == UTF8PROC_CATEGORY_ZS ||
           category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

/* A letter or a number, as Python's \w (without _, which is punctuation and gone by then). */
static bool is_word(utf8proc_int32_t c)
{
    const utf8proc_category_t category = utf8proc_category(c);
    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) || category == UTF8PROC_CATEGORY_ND ||
           category == UTF8PROC_CATEGORY_NL || category == UTF8PROC_CATEGORY_NO;
}

/* The next character from *at on, in lower case and without ASCII punctuation; 0 at the end. */
static utf8proc_int32_t next_character(const char *text, size_t n, size_t *at)
{
    while (*at < n) {
        utf8proc_int32_t c = 0;
        const utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)text + *at, (utf8proc_ssize_t)(n - *at), &c);
        *at += size > 0 ? (size_t)size : 1;
        if (size > 0 && !is_ascii_punctuation(c))
            return utf8proc_tolower(c);
    }
    return 0;
}

static bool is_article(const char *bytes, size_t n)
{
    return (n == 1 && bytes[0] == 'a') || (n == 2 && memcmp(bytes, "an", 2) == 0) || (n == 3 && memcmp(bytes, "the", 3) == 0);
}

/* Lower case without punctuation into out, and then a space for every article that stands alone. A run of letters is alone where no letter
 * touches it; articles are runs of letters. */
static char *clean(const char *text, char *out)
{
    const size_t n = strlen(text);
    size_t at = 0, run = 0; /* the run of letters that ends at `to` begins at out + run */
    char *to = out;
    bool in_run = false;
    for (;;) {
        const utf8proc_int32_t c = next_character(text, n, &at);
        if (in_run && !is_word(c)) {
            in_run = false;
            if (is_article(out + run, (size_t)(to - out) - run)) {
                to = out + run;
                *to++ = ' ';
            }
        }
        if (c == 0)
            break;
        if (!in_run && is_word(c)) {
            in_run = true;
            run = (size_t)(to - out);
        }
        if (is_white(c))
            *to++ = ' ';
        else
            to += utf8proc_encode_char(c, (utf8proc_uint8_t *)to);
    }
    *to = '\0';
    return out;
}

/* Small letters may need more bytes than large ones, and an article one more as a space: four times as many are enough. */
hone_status hone_answer_words_of(hone_arena *arena, const char *text, hone_answer_words *out, hone_error *err)
{
    char *room = hone_alloc_array(arena, strlen(text) + 1, 4);
    char **list = hone_alloc_array(arena, strlen(text) + 1, sizeof *list), *save = NULL;
    if (!room || !list)
        return hone_no_memory(err, "comparing answers");
    *out = (hone_answer_words){.word = (const char *const *)list};
    for (char *word = strtok_r(clean(text, room), " ", &save); word; word = strtok_r(NULL, " ", &save))
        list[out->n++] = word;
    return HONE_OK;
}

/* ---- Agreement of two texts -------------------------------------------------------------------------------------- */

bool hone_answer_exact(const hone_answer_words *a, const hone_answer_words *b)
{
    bool same = a->n == b->n;
    for (uint64_t i = 0; same && i < a->n; i++)
        same = strcmp(a->word[i], b->word[i]) == 0;
    return same;
}

/* Words that both have, each as often as both have it. */
static uint64_t shared_words(const hone_answer_words *a, const hone_answer_words *b)
{
    uint64_t shared = 0;
    for (uint64_t i = 0; i < a->n; i++) {
        uint64_t before = 0, there = 0;
        for (uint64_t k = 0; k < i; k++)
            before += strcmp(a->word[k], a->word[i]) == 0;
        for (uint64_t k = 0; k < b->n; k++)
            there += strcmp(b->word[k], a->word[i]) == 0;
        shared += before < there;
    }
    return shared;
}

double hone_answer_f1(const hone_answer_words *gold, const hone_answer_words *predicted)
{
    const double same = (double)shared_words(gold, predicted);
    if (gold->n == 0 || predicted->n == 0)
        return gold->n == predicted->n;
    if (same == 0)
        return 0;
    const double precision = same / (double)predicted->n, recall = same / (double)gold->n;
    return 2 * precision * recall / (precision + recall);
}
