/* documents.c - reader of plain text: documents, cut into passages of whole sentences, for pre-training.
 *
 * An example is a passage: two sentences or more, a line each, and the number of its document as group. It is as long as was asked for
 * or somewhat shorter, and does not reach over the end of its document.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

#include <string.h>

enum { BLANK_LINES, TITLES, NOTHING };
static const char *const dividers[] = {"blank_lines", "titles", "nothing", NULL};

typedef struct params {
    int32_t divided_by;
    bool cut_sentences;
    int64_t passage_characters;
} params;

static const hone_param rows[] = {
    HONE_PARAM_CHOICE(params, divided_by, dividers, .def_text = "blank_lines",
                      .help =
                          "what ends a document: blank lines; lines like \"= Title =\" (deeper headings are left out), as in "
                          "WikiText; or nothing, the file being one"),
    HONE_PARAM_BOOL(params, cut_sentences, .def_int = 1,
                    .help = "lines are paragraphs, to be cut at sentence ends; false: each line is one sentence"),
    HONE_PARAM_INT(params, passage_characters, .def_int = 480, .min_int = 1, .max_int = 10000000, .unit = "characters",
                   .help = "a passage has at most so many, unless two sentences have more; English has about four a token"),
};

/* A piece of the file. */
typedef struct piece {
    const char *begin;
    uint64_t n, characters, line;
} piece;

/* A document while it is read. */
typedef struct document {
    const hone_self *self;
    hone_sink *sink;
    piece *sentences;
    uint64_t n, cap;
    uint64_t number; /* of the document, from 0 */
    char *text;      /* room for one passage */
    uint64_t room;
} document;

/* ---- Passages ---------------------------------------------------------------------------------------------------- */

static hone_status add_passage(document *d, uint64_t begin, uint64_t end, hone_error *err)
{
    uint64_t n = 0;
    for (uint64_t i = begin; i < end; i++)
        n += d->sentences[i].n + 1;
    if (n > d->room) {
        d->room = 2 * n;
        d->text = hone_alloc(d->self->step, d->room);
        if (!d->text)
            return hone_no_memory(err, "reading a passage");
    }
    n = 0;
    for (uint64_t i = begin; i < end; i++) {
        memcpy(d->text + n, d->sentences[i].begin, d->sentences[i].n);
        n += d->sentences[i].n;
        d->text[n++] = '\n';
    }
    HONE_TRY(hone_sink_example(d->sink, NULL, d->sentences[begin].line, err));
    HONE_TRY(hone_sink_text(d->sink, "text", d->text, n - 1, err));
    return hone_sink_group(d->sink, d->number, err);
}

/* Where the passage that begins there ends. A last sentence does not stay alone where it can join the passage before it. */
static uint64_t passage_end(const document *d, uint64_t begin)
{
    const uint64_t wanted = (uint64_t)((const params *)d->self->params)->passage_characters;
    uint64_t end = begin, characters = 0;
    while (end < d->n && (end < begin + 2 || characters + d->sentences[end].characters <= wanted))
        characters += d->sentences[end++].characters;
    return end + 1 == d->n ? d->n : end;
}

static hone_status end_document(document *d, hone_error *err)
{
    for (uint64_t begin = 0, end; begin < d->n; begin = end) {
        end = passage_end(d, begin);
        HONE_TRY(add_passage(d, begin, end, err));
    }
    d->number += d->n > 0;
    d->n = 0;
    return HONE_OK;
}

/* ---- Sentences --------------------------------------------------------------------------------------------------- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static piece trimmed(const char *begin, const char *end, uint64_t line)
{
    while (begin < end && is_space(*begin))
        begin++;
    while (end > begin && is_space(end[-1]))
        end--;
    piece p = {.begin = begin, .n = (uint64_t)(end - begin), .line = line};
    for (uint64_t i = 0; i < p.n; i++)
        p.characters += ((unsigned char)begin[i] & 0xC0) != 0x80;
    return p;
}

static hone_status add_sentence(document *d, const char *begin, const char *end, uint64_t line, hone_error *err)
{
    const piece p = trimmed(begin, end, line);
    if (p.n == 0)
        return HONE_OK;
    if (d->n == d->cap) {
        const uint64_t cap = d->cap ? 2 * d->cap : 256;
        piece *more = hone_alloc_array(d->self->step, cap, sizeof *more);
        if (!more)
            return hone_no_memory(err, "reading a document");
        if (d->n)
            memcpy(more, d->sentences, d->n * sizeof *more);
        d->sentences = more;
        d->cap = cap;
    }
    d->sentences[d->n++] = p;
    return HONE_OK;
}

/* Bytes of the mark at p that may stand behind a sentence's last word: of "closing" ones behind that mark, or of ends themselves. */
static size_t mark_at(const char *p, const char *end, const char *const *marks)
{
    for (; *marks; marks++) {
        const size_t n = strlen(*marks);
        if ((size_t)(end - p) >= n && memcmp(p, *marks, n) == 0)
            return n;
    }
    return 0;
}

static const char *const ends[] = {".", "!", "?", NULL}, *const wide_ends[] = {"。", "！", "？", NULL};
static const char *const closing[] = {"\"", "'", ")", "]", "”", "’", "」", "』", "）", NULL};

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* Does the word before this full stop end in one as an abbreviation does: a single capital letter ("J."), or a usual title? */
static bool is_abbreviation(const char *begin, const char *stop)
{
    static const char *const usual[] = {"Mr", "Mrs", "Ms",   "Dr",  "St", "Prof", "Sr",  "Jr",  "Gen", "Col",
                                        "Lt", "Sgt", "Capt", "Rev", "vs", "etc",  "e.g", "i.e", "cf",  "al",
                                        "No", "Vol", "pp",   "Fig", "ca", "Inc",  "Ltd", "Co",  NULL};
    const char *word = stop;
    while (word > begin && !is_space(word[-1]) && word[-1] != '(')
        word--;
    const size_t n = (size_t)(stop - word);
    if (n == 1 && is_capital(*word))
        return true;
    for (const char *const *u = usual; *u; u++)
        if (strlen(*u) == n && memcmp(*u, word, n) == 0)
            return true;
    return false;
}

/* The end of the sentence that begins at `begin`: behind its full stop and what closes with it, where white space and no small letter
 * follow; behind a Chinese or Japanese one at once. */
static const char *sentence_end(const char *begin, const char *end)
{
    for (const char *p = begin; p < end; p++) {
        const size_t wide = mark_at(p, end, wide_ends), n = wide ? wide : mark_at(p, end, ends);
        if (!n || (*p == '.' && is_abbreviation(begin, p)))
            continue;
        const char *behind = p + n;
        for (size_t more; (more = mark_at(behind, end, closing)) || (more = mark_at(behind, end, wide ? wide_ends : ends));)
            behind += more;
        const char *next = behind;
        while (next < end && is_space(*next))
            next++;
        if (wide || next == end || (next > behind && !(*next >= 'a' && *next <= 'z')))
            return behind;
        p = behind - 1;
    }
    return end;
}

/* ---- Lines ------------------------------------------------------------------------------------------------------- */

/* "= Title =" is 1, "= = Section = =" 2, anything else 0. */
static int heading_depth(const piece *line)
{
    const char *p = line->begin, *end = line->begin + line->n;
    if (line->n < 5 || p[0] != '=' || p[1] != ' ' || end[-1] != '=' || end[-2] != ' ')
        return 0;
    return p[2] == '=' && p[3] == ' ' ? 2 : 1;
}

static hone_status add_line(document *d, const char *begin, const char *end, uint64_t line, hone_error *err)
{
    const params *p = d->self->params;
    if (!p->cut_sentences)
        return add_sentence(d, begin, end, line, err);
    while (begin < end) {
        const char *stop = sentence_end(begin, end);
        HONE_TRY(add_sentence(d, begin, stop, line, err));
        begin = stop;
    }
    return HONE_OK;
}

/* Behind a title: a document without text is most likely a mistake of the file's. */
static hone_status check_title(document *d, const piece *title, hone_error *err)
{
    if (title->n && d->n == 0)
        return hone_sink_fail(d->sink, title->line, err,
                              "the document \"%.*s\" has no text; give it some, or take the title out",
                              (int)(title->n > 60 ? 60 : title->n), title->begin);
    return HONE_OK;
}

static hone_status read(const hone_self *self, const hone_source *source, hone_sink *sink, hone_error *err)
{
    const params *p = self->params;
    document d = {.self = self, .sink = sink};
    piece title = {0};
    uint64_t number = 1;
    const char *end = source->bytes + source->n;
    for (const char *at = source->bytes, *stop; at < end; at = stop + 1, number++) {
        stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop ? stop : end;
        const piece line = trimmed(at, stop, number);
        const int depth = p->divided_by == TITLES ? heading_depth(&line) : 0;
        if (depth == 1)
            HONE_TRY(check_title(&d, &title, err));
        if (depth == 1 || (line.n == 0 && p->divided_by == BLANK_LINES))
            HONE_TRY(end_document(&d, err));
        if (depth == 1)
            title = line;
        if (depth == 0)
            HONE_TRY(add_line(&d, line.begin, line.begin + line.n, number, err));
    }
    HONE_TRY(check_title(&d, &title, err));
    HONE_TRY(end_document(&d, err));
    if (d.number == 0)
        return hone_sink_fail(sink, 0, err, "there is no text in it");
    return HONE_OK;
}

static hone_target target(const hone_self *self)
{
    (void)self;
    return HONE_TARGET_NONE;
}

static const char *const *fields(const hone_self *self)
{
    static const char *const names[] = {"text", NULL};
    (void)self;
    return names;
}

static const hone_reader documents = {
    .plugin = {HONE_PLUGIN(hone_reader, HONE_KIND_READER), .name = "documents",
               .summary = "plain text as passages of whole sentences, for pre-training",
               .help = "    data: {type: documents, train: train.txt, validation: valid.txt, divided_by: titles}",
               HONE_PARAMS(params, rows)},
    .target = target,
    .read = read,
    .fields = fields,
};
HONE_MODULE(&documents.plugin);
