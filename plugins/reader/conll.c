/* conll.c - reader of columns: a word a line with its tag, an empty line between sentences.
 *
 * Source: the shared tasks of CoNLL 2000 and 2003, whose files have this form; -DOCSTART- divides documents there.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHITE, TAB };
static const char *const delimiters[] = {"white", "tab", NULL};
static const char *const forms[] = {"same", "bio", "iob1", "bioes", "bmes", NULL}; /* as hone_tag_schemes, but for the first */

typedef struct columns {
    const char *words, *tags;
} columns;

typedef struct params {
    columns columns;
    bool header, comments, segmentation_digits, repair;
    int32_t delimiter;
    int32_t scheme, convert; /* hone_tag_scheme; convert 0: the same */
} params;

static const hone_param column_rows[] = {
    HONE_PARAM_STRING(columns, words, .def_text = "1",
                      .help = "the words: a number from 1, from the end -1, or a name of the header"),
    HONE_PARAM_STRING(columns, tags, .def_text = "-1", .help = "their tags"),
};

static const hone_param rows[] = {
    HONE_PARAM_TABLE(params, columns, columns, column_rows, .help = "which column holds what"),
    HONE_PARAM_BOOL(params, header, .help = "the first line names the columns"),
    HONE_PARAM_CHOICE(params, delimiter, delimiters, .def_text = "white",
                      .help = "what stands between two columns: any number of spaces and tabs, or one tab"),
    HONE_PARAM_CHOICE(params, scheme, hone_tag_schemes, .def_text = "bio",
                      .help = "how the tags of the file mark chunks; none: they are labels, such as parts of speech",
                      .source = "Sang and Veenstra 1999"),
    HONE_PARAM_CHOICE(params, convert, forms, .def_text = "same", .help = "the scheme of the tags that examples get"),
    HONE_PARAM_BOOL(
        params, repair,
        .help = "tags that the scheme does not allow behind their neighbour are read as conlleval reads them; else they "
                "are an error"),
    HONE_PARAM_BOOL(
        params, segmentation_digits,
        .help = "words are characters, each with a number behind it that tells its place in a word from 0 on (Weibo NER), "
                "which is taken off"),
    HONE_PARAM_BOOL(params, comments, .help = "lines that begin with # between sentences are left out (CoNLL-U)"),
};

/* ---- Parameters -------------------------------------------------------------------------------------------------- */

/* A column number, from 1 or -1; 0 where it is none. */
static long as_number(const char *text)
{
    char *end;
    errno = 0;
    const long number = strtol(text, &end, 10);
    return *text && *end == '\0' && errno == 0 && labs(number) <= 10000 ? number : 0;
}

static hone_status check_column(const params *p, const char *role, const char *column, hone_error *err)
{
    if (!*column)
        return hone_fail(err, HONE_ECONFIG, "data.columns.%s is empty; it must be a number from 1, from the end -1, or a name",
                         role);
    if (!p->header && as_number(column) == 0)
        return hone_fail(
            err, HONE_ECONFIG,
            "data.columns.%s is %.60s; without a header (`header: true`) columns are numbers, the first is 1 and the "
            "last -1",
            role, column);
    return HONE_OK;
}

static hone_status create(const hone_self *self, hone_error *err)
{
    const params *p = self->params;
    HONE_TRY(check_column(p, "words", p->columns.words, err));
    HONE_TRY(check_column(p, "tags", p->columns.tags, err));
    if (strcmp(p->columns.words, p->columns.tags) == 0)
        return hone_fail(err, HONE_ECONFIG, "data.columns.words and data.columns.tags name the same column %.60s",
                         p->columns.words);
    if (p->scheme == HONE_SCHEME_NONE && (p->convert || p->repair))
        return hone_fail(err, HONE_ECONFIG, "data.%s needs data.scheme, which is none: the tags are labels",
                         p->convert ? "convert" : "repair");
    return HONE_OK;
}

static hone_target target(const hone_self *self)
{
    (void)self;
    return HONE_TARGET_TAGS;
}

static const char *const *fields(const hone_self *self)
{
    static const char *const names[] = {"words", NULL};
    (void)self;
    return names;
}

/* ---- A sentence -------------------------------------------------------------------------------------------------- */

typedef struct reading {
    const params *p;
    const hone_source *source;
    hone_sink *sink;
    hone_arena *arena;
    uint64_t line;            /* from 1 */
    const char *words, *tags; /* the columns, numbers as text where there is a header with names */
    uint64_t document;
    uint64_t n, cap;          /* words of the sentence */
    const char **word, **tag; /* [n] tag NULL: there is none */
    uint64_t *at;             /* [n] lines */
} reading;

static const void *grown(hone_arena *arena, const void *old, uint64_t n, uint64_t cap, size_t size)
{
    void *items = hone_alloc_array(arena, cap, size);
    if (items && n)
        memcpy(items, old, n * size);
    return items;
}

static hone_status reserve(reading *r, hone_error *err)
{
    const uint64_t cap = r->cap ? 2 * r->cap : 64;
    if (r->n < r->cap)
        return HONE_OK;
    const char **word = (const char **)(uintptr_t)grown(r->arena, r->word, r->n, cap, sizeof *word);
    const char **tag = (const char **)(uintptr_t)grown(r->arena, r->tag, r->n, cap, sizeof *tag);
    uint64_t *at = (uint64_t *)(uintptr_t)grown(r->arena, r->at, r->n, cap, sizeof *at);
    if (!word || !tag || !at)
        return hone_no_memory(err, "reading a sentence");
    r->word = word;
    r->tag = tag;
    r->at = at;
    r->cap = cap;
    return HONE_OK;
}

/* What may stand where a tag stands that may not, for the message. */
static hone_status not_allowed(const reading *r, uint64_t i, hone_error *err)
{
    const char *before = i ? r->tag[i - 1] : NULL, *scheme = hone_tag_schemes[r->p->scheme];
    if (i == r->n)
        return hone_sink_fail(r->sink, r->at[i - 1], err,
                              "the sentence ends within the chunk of the tag %.60s, which the scheme %s "
                              "does not allow; is data.scheme right? `repair: true` reads it as conlleval does",
                              before, scheme);
    return hone_sink_fail(
        r->sink, r->at[i], err,
        "the tag %.60s of the word %.60s may not stand %s%.60s in the scheme %s; is data.scheme right? `repair: true` "
        "reads it as conlleval does",
        r->tag[i], r->word[i], before ? "behind " : "at the beginning of a sentence", before ? before : "", scheme);
}

static hone_status check_tags(const reading *r, hone_error *err)
{
    const hone_tag_scheme scheme = (hone_tag_scheme)r->p->scheme;
    hone_tag before = {0};
    for (uint64_t i = 0; i < r->n; i++) {
        const hone_tag tag = hone_tag_of(r->tag[i]);
        if (!hone_tag_fits(scheme, &tag))
            return hone_sink_fail(
                r->sink, r->at[i], err,
                "%.60s is no tag of the scheme %s; tags look like B-PER or O (for tags that mark no chunks say "
                "`scheme: none`)",
                r->tag[i], hone_tag_schemes[scheme]);
        if (!r->p->repair && !hone_tag_follows(scheme, i ? &before : NULL, &tag))
            return not_allowed(r, i, err);
        before = tag;
    }
    return r->p->repair || hone_tag_follows(scheme, &before, NULL) || scheme == HONE_SCHEME_NONE ? HONE_OK
                                                                                                 : not_allowed(r, r->n, err);
}

/* The prefix of word i of a chunk. */
static char prefix_of(hone_tag_scheme scheme, const hone_chunk *c, uint64_t i, bool touches)
{
    switch (scheme) {
    case HONE_SCHEME_BIO:
        return i == c->begin ? 'B' : 'I';
    case HONE_SCHEME_IOB1:
        return i == c->begin && touches ? 'B' : 'I';
    default:
        if (c->end - c->begin == 1)
            return 'S';
        return i == c->begin ? 'B' : i + 1 == c->end ? 'E' : scheme == HONE_SCHEME_BMES ? 'M' : 'I';
    }
}

/* The same chunks in another scheme. */
static hone_status rewrite_tags(reading *r, hone_tag_scheme scheme, hone_error *err)
{
    hone_chunk *chunks = hone_alloc_array(r->arena, r->n, sizeof *chunks);
    const char **tag = hone_alloc_array(r->arena, r->n, sizeof *tag);
    if (!chunks || !tag)
        return hone_no_memory(err, "reading a sentence");
    const uint64_t n = hone_chunks_of(r->tag, r->n, chunks);
    for (uint64_t i = 0; i < r->n; i++)
        tag[i] = "O";
    for (uint64_t k = 0; k < n; k++) {
        const hone_chunk *c = &chunks[k];
        const bool touches = k && chunks[k - 1].end == c->begin && strcmp(chunks[k - 1].type, c->type) == 0;
        for (uint64_t i = c->begin; i < c->end; i++)
            if (!(tag[i] = hone_sprintf(r->arena, "%c%s%s", prefix_of(scheme, c, i, touches), *c->type ? "-" : "", c->type)))
                return hone_no_memory(err, "reading a sentence");
    }
    memcpy(r->tag, tag, r->n * sizeof *tag);
    return HONE_OK;
}

static hone_status add_tags(reading *r, hone_error *err)
{
    const params *p = r->p;
    for (uint64_t i = 0; i < r->n; i++)
        if (!r->tag[i])
            return HONE_OK; /* only where nobody needs them */
    HONE_TRY(check_tags(r, err));
    if (p->convert || p->repair)
        HONE_TRY(rewrite_tags(r, (hone_tag_scheme)(p->convert ? p->convert : p->scheme), err));
    hone_answer gold = hone_answer_of(HONE_TARGET_TAGS);
    gold.names = r->tag;
    gold.n = r->n;
    return hone_sink_gold(r->sink, &gold, err);
}

static hone_status end_sentence(reading *r, hone_error *err)
{
    if (r->n == 0)
        return HONE_OK;
    HONE_TRY(hone_sink_example(r->sink, NULL, r->at[0], err));
    HONE_TRY(hone_sink_texts(r->sink, "words", HONE_FIELD_WORDS, r->word, r->n, err));
    HONE_TRY(hone_sink_group(r->sink, r->document, err));
    HONE_TRY(add_tags(r, err));
    r->n = 0;
    return HONE_OK;
}

/* ---- A line ------------------------------------------------------------------------------------------------------ */

static bool is_blank(const char *line)
{
    return line[strspn(line, " \t")] == '\0';
}

/* Cuts the line in place; *cells lie in the arena. */
static hone_status cut(const reading *r, char *line, char ***cells, uint64_t *n, hone_error *err)
{
    const char *set = r->p->delimiter == TAB ? "\t" : " \t";
    *cells = hone_alloc_array(r->arena, strlen(line) + 1, sizeof **cells);
    if (!*cells)
        return hone_no_memory(err, "reading a line");
    *n = 0;
    for (char *at = line;;) {
        if (r->p->delimiter == WHITE)
            at += strspn(at, set);
        if (r->p->delimiter == WHITE && !*at)
            break;
        (*cells)[(*n)++] = at;
        at += strcspn(at, set);
        if (!*at)
            break;
        *at++ = '\0';
    }
    return HONE_OK;
}

static hone_status name_column(const reading *r, char **cells, uint64_t n, const char *role, const char **column,
                               hone_error *err)
{
    const char **names = hone_alloc_array(r->arena, n + 1, sizeof *names);
    if (!names)
        return hone_no_memory(err, "reading the header");
    for (uint64_t c = 0; c < n; c++) {
        names[c] = cells[c];
        if (strcmp(cells[c], *column) == 0) {
            *column = hone_sprintf(r->arena, "%llu", (unsigned long long)c + 1);
            return *column ? HONE_OK : hone_no_memory(err, "reading the header");
        }
    }
    if (as_number(*column))
        return HONE_OK;
    const char *near = hone_nearest(*column, names);
    return hone_sink_fail(r->sink, r->line, err, "the header has no column %.60s (data.columns.%s)%s%.60s%s", *column, role,
                          near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static hone_status read_header(reading *r, char *line, hone_error *err)
{
    char **cells;
    uint64_t n;
    HONE_TRY(cut(r, line, &cells, &n, err));
    HONE_TRY(name_column(r, cells, n, "words", &r->words, err));
    return name_column(r, cells, n, "tags", &r->tags, err);
}

/* The cell of a column, NULL where the line has none. */
static char *cell_of(char **cells, uint64_t n, const char *column)
{
    const long number = as_number(column);
    if (number > 0)
        return (uint64_t)number <= n ? cells[number - 1] : NULL;
    return (uint64_t)-number <= n ? cells[n - (uint64_t)-number] : NULL;
}

static hone_status no_column(const reading *r, const char *role, const char *column, uint64_t n, hone_error *err)
{
    return hone_sink_fail(r->sink, r->line, err, "there is no column %s (data.columns.%s) in this line, which has %llu", column,
                          role, (unsigned long long)n);
}

/* "3" or "12" off the end of a character, which may be a digit itself. */
static hone_status take_number(const reading *r, char *word, hone_error *err)
{
    size_t n = strlen(word);
    if (n < 2 || word[n - 1] < '0' || word[n - 1] > '9')
        return hone_sink_fail(r->sink, r->line, err,
                              "%.60s does not end in a digit behind a character (data.segmentation_digits)", word);
    while (n > 1 && word[n - 1] >= '0' && word[n - 1] <= '9')
        word[--n] = '\0';
    return HONE_OK;
}

static hone_status add_word(reading *r, char *line, hone_error *err)
{
    char **cells;
    uint64_t n;
    HONE_TRY(reserve(r, err));
    HONE_TRY(cut(r, line, &cells, &n, err));
    char *word = cell_of(cells, n, r->words), *tag = cell_of(cells, n, r->tags);
    if (!word || !*word)
        return no_column(r, "words", r->words, n, err);
    if (strcmp(word, "-DOCSTART-") == 0) {
        HONE_TRY(end_sentence(r, err));
        r->document++;
        return HONE_OK;
    }
    if (tag == word || (tag && !*tag))
        tag = NULL;
    if (!tag && r->source->needs_gold)
        return no_column(r, "tags", r->tags, n, err);
    if (r->p->segmentation_digits)
        HONE_TRY(take_number(r, word, err));
    r->word[r->n] = word;
    r->tag[r->n] = tag;
    r->at[r->n++] = r->line;
    return HONE_OK;
}

/* ---- The file ---------------------------------------------------------------------------------------------------- */

static uint64_t line_at(const hone_source *source, uint64_t at)
{
    uint64_t line = 1;
    for (uint64_t i = 0; i < at; i++)
        line += source->bytes[i] == '\n';
    return line;
}

static hone_status check_bytes(const hone_source *source, hone_sink *sink, hone_error *err)
{
    uint64_t bad;
    const char *nul = memchr(source->bytes, '\0', source->n);
    if (nul)
        return hone_sink_fail(sink, line_at(source, (uint64_t)(nul - source->bytes)), err,
                              "there is a NUL byte; text files have none (is this a text file, in UTF-8?)");
    if (!hone_utf8_valid(source->bytes, source->n, &bad))
        return hone_sink_fail(sink, line_at(source, bad), err, "the byte 0x%02x is not UTF-8; convert the file to UTF-8",
                              (unsigned)(unsigned char)source->bytes[bad]);
    return HONE_OK;
}

static hone_status add_line(reading *r, char *line, bool *header, hone_error *err)
{
    if (is_blank(line))
        return end_sentence(r, err);
    if (r->p->comments && r->n == 0 && line[0] == '#')
        return HONE_OK;
    if (*header) {
        *header = false;
        return read_header(r, line, err);
    }
    return add_word(r, line, err);
}

static hone_status read(const hone_self *self, const hone_source *source, hone_sink *sink, hone_error *err)
{
    const params *p = self->params;
    reading r = {
        .p = p, .source = source, .sink = sink, .arena = self->step, .words = p->columns.words, .tags = p->columns.tags};
    bool header = p->header;
    HONE_TRY(check_bytes(source, sink, err));
    for (uint64_t at = source->n >= 3 && memcmp(source->bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; at < source->n;) {
        const char *begin = source->bytes + at, *end = memchr(begin, '\n', source->n - at);
        const uint64_t n = end ? (uint64_t)(end - begin) : source->n - at;
        char *line = hone_strndup(self->step, begin, n && begin[n - 1] == '\r' ? n - 1 : n);
        if (!line)
            return hone_no_memory(err, "reading a line");
        r.line++;
        HONE_TRY(add_line(&r, line, &header, err));
        at += n + 1;
    }
    return end_sentence(&r, err);
}

static const hone_reader conll = {
    .plugin = {HONE_PLUGIN(hone_reader, HONE_KIND_READER), .name = "conll",
               .summary = "columns: a word a line with its tag, an empty line between sentences",
               .source = "Tjong Kim Sang and De Meulder 2003, the CoNLL-2003 shared task",
               .help = "    data: {type: conll, train: train.conll, columns: {words: 1, tags: 4}, scheme: iob1, convert: bio}",
               HONE_PARAMS(params, rows)},
    .create = create,
    .target = target,
    .read = read,
    .fields = fields,
};

HONE_MODULE(&conll.plugin);
