/* wordpiece.c - BERT's tokenizer: cleaning, accents, words and punctuation, then the longest pieces that the vocabulary has.
 *
 * Equal in ids and offsets to BertTokenizerFast of Hugging Face's tokenizers (tests/golden/wordpiece.py):
 *
 *     special tokens taken out -> words (hone/words.h) -> pieces
 *
 * The vocabulary is a file's, or learnt from the training texts (`vocab_size`).
 *
 * build: pkg-config jansson
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Parameters -------------------------------------------------------------------------------------------------- */

enum { PAD, UNK, CLS, SEP, MASK, N_SPECIALS };
static const char *const special_keys[N_SPECIALS] = {"pad_token", "unk_token", "cls_token", "sep_token", "mask_token"};
static const char *const special_defaults[N_SPECIALS] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};

enum { AUTO, YES, NO };
static const char *const switches[] = {"auto", "true", "false", NULL};

typedef struct params {
    int32_t lowercase, strip_accents, tokenize_chinese_chars;
    const char *vocab;
    int64_t max_input_chars_per_word;
    const char *pad_token, *unk_token, *cls_token, *sep_token, *mask_token;
    int64_t vocab_size, min_frequency;
} params;

static const hone_param rows[] = {
    HONE_PARAM_STRING(params, vocab, .flags = HONE_MODEL_PATH,
                      .help = "a file with one token a line; without it vocab.txt or tokenizer.json of the model's folder"),
    HONE_PARAM_CHOICE(params, lowercase, switches, .def_text = "auto", .renamed = "do_lower_case",
                      .help = "lower case; auto: as tokenizer_config.json says, else true"),
    HONE_PARAM_CHOICE(params, strip_accents, switches, .def_text = "auto",
                      .help = "drop accents and other marks; auto: as tokenizer_config.json says, else as lowercase"),
    HONE_PARAM_CHOICE(params, tokenize_chinese_chars, switches, .def_text = "auto",
                      .help = "each Chinese character is a word; auto: as tokenizer_config.json says, else true"),
    HONE_PARAM_INT(params, max_input_chars_per_word, .def_int = 100, .min_int = 1, .max_int = 100000, .unit = "characters",
                   .help = "longer words become the unknown token", .source = "Hugging Face tokenizers, WordPiece"),
    HONE_PARAM_STRING(params, pad_token, .help = "as the vocabulary writes it; without it tokenizer_config.json's, else [PAD]"),
    HONE_PARAM_STRING(params, unk_token, .help = "the same for [UNK]"),
    HONE_PARAM_STRING(params, cls_token, .help = "the same for [CLS]"),
    HONE_PARAM_STRING(params, sep_token, .help = "the same for [SEP]"),
    HONE_PARAM_STRING(params, mask_token, .help = "the same for [MASK], which a vocabulary may lack"),
    HONE_PARAM_INT(params, vocab_size, .max_int = INT32_MAX, .unit = "tokens",
                   .help = "learn so many tokens from the training texts, as `hone vocab` does, where no file gives a "
                           "vocabulary; 0: learn none"),
    HONE_PARAM_INT(params, min_frequency, .def_int = 2, .min_int = 1, .max_int = INT64_MAX, .unit = "1",
                   .help = "in learning, pieces that stand side by side less often are not joined"),
};

/* ---- The instance ------------------------------------------------------------------------------------------------ */

typedef struct entry {
    uint32_t tag; /* high half of the hash */
    int32_t id1;  /* id + 1; 0: empty */
} entry;

typedef struct state {
    bool lowercase, strip_accents, chinese;
    uint64_t max_chars;
    const hone_words *words;
    const char **tokens; /* [n] */
    uint32_t *lengths;   /* [n] bytes */
    int64_t n;
    entry *table; /* [mask + 1] */
    uint64_t table_mask;
    uint64_t longest; /* bytes of the longest token */
    const char *special[N_SPECIALS];
    size_t special_length[N_SPECIALS];
    int32_t special_id[N_SPECIALS]; /* -1: the vocabulary lacks it */
    bool special_begins[256];       /* with this byte */
    int32_t model_max_length;
    hone_template_item single[3], pair[5];
} state;

/* ---- Characters -------------------------------------------------------------------------------------------------- */

/* ---- Pieces ------------------------------------------------------------------------------------------------------ */

/* FNV-1a, so that the hashes of all prefixes come from one walk. */
static uint64_t hash_step(uint64_t h, unsigned char byte)
{
    return (h ^ byte) * UINT64_C(0x100000001b3);
}
static const uint64_t hash_start = UINT64_C(0xcbf29ce484222325);

static uint64_t hash_mix(uint64_t h)
{
    return h ^ h >> 29;
}

/* The id of head + bytes[0 .. n), whose hash is h; -1 where there is none. */
static int32_t lookup(const state *s, uint64_t h, const char *head, size_t n_head, const char *bytes, size_t n)
{
    for (uint64_t at = hash_mix(h) & s->table_mask; s->table[at].id1; at = (at + 1) & s->table_mask) {
        int32_t id = s->table[at].id1 - 1;
        if (s->table[at].tag == (uint32_t)(h >> 32) && s->lengths[id] == n_head + n &&
            memcmp(s->tokens[id], head, n_head) == 0 && memcmp(s->tokens[id] + n_head, bytes, n) == 0)
            return id;
    }
    return -1;
}

static uint64_t hash_text(uint64_t h, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = hash_step(h, (unsigned char)bytes[i]);
    return h;
}

/* What a word is cut into. */
typedef struct cutter {
    const state *s;
    hone_token_sink *out;
    void *scratch;    /* hone_words_each's */
    uint64_t *hashes; /* [room + 1] */
    int32_t *ids;     /* [room] pieces */
    size_t *ends;     /* [room] where they end in bytes */
} cutter;

/* Cuts bytes[0 .. n) into the longest pieces from the left; returns how many, or 0 where one is missing.
 * Source: Hugging Face tokenizers, models/wordpiece; Wu et al. 2016, section 4.1. */
static size_t cut_word(const cutter *w, const char *bytes, size_t n)
{
    const state *s = w->s;
    const uint64_t inner = hash_text(hash_start, "##", 2);
    size_t pieces = 0;
    for (size_t at = 0; at < n;) {
        size_t n_head = at ? 2 : 0, most = n - at;
        if (most + n_head > s->longest)
            most = s->longest > n_head ? s->longest - n_head : 0;
        w->hashes[0] = at ? inner : hash_start;
        for (size_t i = 0; i < most; i++)
            w->hashes[i + 1] = hash_step(w->hashes[i], (unsigned char)bytes[at + i]);
        int32_t id = -1;
        size_t length = most + 1;
        while (id < 0 && --length > 0)
            id = lookup(s, w->hashes[length], "##", n_head, bytes + at, length);
        if (id < 0)
            return 0;
        at += length;
        w->ids[pieces] = id;
        w->ends[pieces++] = at;
    }
    return pieces;
}

static hone_status add_word(void *ctx, const hone_word *word, hone_error *err)
{
    const cutter *w = ctx;
    size_t pieces = word->bytes ? cut_word(w, word->bytes, word->n) : 0, begin = 0;
    if (pieces == 0)
        return hone_token_add(w->out, w->s->special_id[UNK], word->first, word->last, err);
    for (size_t i = 0; i < pieces; i++) {
        const size_t end = w->ends[i];
        HONE_TRY(hone_token_add(w->out, w->ids[i], word->begin ? word->begin[begin] : word->first + begin,
                                word->end ? word->end[end - 1] : word->first + end, err));
        begin = end;
    }
    return HONE_OK;
}

/* The special token at text[at], the longest of several, or -1. */
static int special_at(const state *s, const char *text, uint64_t at, uint64_t n)
{
    int found = -1;
    for (int k = 0; k < N_SPECIALS; k++)
        if (s->special_id[k] >= 0 && s->special_length[k] <= n - at &&
            memcmp(text + at, s->special[k], s->special_length[k]) == 0 &&
            (found < 0 || s->special_length[k] > s->special_length[found]))
            found = k;
    return found;
}

static hone_status cutter_init(cutter *w, const state *s, hone_token_sink *out, hone_error *err)
{
    size_t room = ((size_t)s->max_chars + 1) * 4;
    *w = (cutter){.s = s, .out = out};
    w->scratch = hone_token_scratch(out, hone_words_scratch(s->words));
    w->hashes = hone_token_scratch(out, (room + 1) * sizeof *w->hashes);
    w->ids = hone_token_scratch(out, room * sizeof *w->ids);
    w->ends = hone_token_scratch(out, room * sizeof *w->ends);
    if (!w->scratch || !w->hashes || !w->ids || !w->ends)
        return hone_no_memory(err, "encoding a text");
    return HONE_OK;
}

static hone_status encode_part(cutter *w, const char *text, uint64_t begin, uint64_t end, hone_error *err)
{
    return hone_words_each(w->s->words, w->scratch, text, begin, end, add_word, w, err);
}

static hone_status encode(const hone_self *self, const char *text, size_t n, hone_token_sink *out, hone_error *err)
{
    const state *s = self->state;
    cutter w;
    uint64_t begin = 0;
    HONE_TRY(cutter_init(&w, s, out, err));
    for (uint64_t at = 0; at < n; at++) {
        int special = s->special_begins[(unsigned char)text[at]] ? special_at(s, text, at, n) : -1;
        if (special < 0)
            continue;
        HONE_TRY(encode_part(&w, text, begin, at, err));
        begin = at + s->special_length[special];
        HONE_TRY(hone_token_add(out, s->special_id[special], at, begin, err));
        at = begin - 1;
    }
    return encode_part(&w, text, begin, n, err);
}

/* ---- The vocabulary ---------------------------------------------------------------------------------------------- */

enum { MOST_BYTES = 256 << 20 /* of a file */ };

static hone_status no_memory(hone_error *err)
{
    return hone_no_memory(err, "loading a vocabulary");
}

/* Where an entry of this text stands or would stand. */
static entry *place_of(const state *s, const char *token, size_t n, uint64_t *h)
{
    *h = hash_text(hash_start, token, n);
    uint64_t at = hash_mix(*h) & s->table_mask;
    for (; s->table[at].id1; at = (at + 1) & s->table_mask) {
        int32_t id = s->table[at].id1 - 1;
        if (s->lengths[id] == n && memcmp(s->tokens[id], token, n) == 0)
            break;
    }
    return &s->table[at];
}

/* Of tokens that stand twice the last counts, as in the reference. */
static hone_status index_tokens(hone_arena *arena, state *s, hone_error *err)
{
    uint64_t places = 1024, h;
    while (places < 3 * (uint64_t)s->n)
        places *= 2;
    s->table = hone_alloc_array(arena, places, sizeof *s->table);
    s->lengths = hone_alloc_array(arena, (size_t)s->n, sizeof *s->lengths);
    s->table_mask = places - 1;
    if (!s->table || !s->lengths)
        return no_memory(err);
    for (int64_t id = 0; id < s->n; id++) {
        size_t n = strlen(s->tokens[id]);
        s->lengths[id] = (uint32_t)n;
        s->longest = n > s->longest ? n : s->longest;
        entry *e = place_of(s, s->tokens[id], n, &h);
        if (n)
            *e = (entry){(uint32_t)(h >> 32), (int32_t)id + 1};
    }
    return HONE_OK;
}

/* One token a line; the lines' ends are overwritten. */
static hone_status read_lines(const hone_self *self, const char *path, state *s, hone_error *err)
{
    const char *read;
    uint64_t n, bad = 0, lines = 0;
    HONE_TRY(hone_file_read(self->trial, path, MOST_BYTES, &read, &n, err));
    char *bytes = (char *)read; /* the arena's, so ours to change */
    if (memchr(bytes, '\0', n))
        return hone_fail(err, HONE_EFORMAT, "%s is no vocabulary: it has a NUL byte", path);
    if (!hone_utf8_valid(bytes, n, &bad))
        return hone_fail(err, HONE_EFORMAT, "%s is no vocabulary: its byte %llu is not UTF-8", path,
                         (unsigned long long)bad + 1);
    for (uint64_t i = 0; i < n; i++)
        lines += bytes[i] == '\n';
    lines += n > 0 && bytes[n - 1] != '\n';
    if (lines == 0 || lines > INT32_MAX - 1)
        return hone_fail(err, HONE_EFORMAT, "%s holds no vocabulary: it has %llu lines", path, (unsigned long long)lines);
    s->tokens = hone_alloc_array(self->trial, lines, sizeof *s->tokens);
    if (!s->tokens)
        return no_memory(err);
    for (char *line = bytes; s->n < (int64_t)lines; s->n++) {
        size_t length = strcspn(line, "\n");
        s->tokens[s->n] = line;
        char *next = line + length + 1;
        line[length] = '\0';
        if (length && line[length - 1] == '\r')
            line[length - 1] = '\0';
        line = next;
    }
    return HONE_OK;
}

/* ---- The files of Hugging Face ----------------------------------------------------------------------------------- */

/* What the files say, before parameters overrule it. */
typedef struct facts {
    int lowercase, strip_accents, chinese; /* AUTO: nothing */
    const char *special[N_SPECIALS];       /* NULL: nothing */
    int64_t max_chars;                     /* 0: nothing */
    int64_t model_max_length;              /* 0: nothing */
} facts;

static hone_status load_json(hone_arena *arena, const char *path, json_t **root, hone_error *err)
{
    const char *bytes;
    uint64_t n;
    HONE_TRY(hone_file_read(arena, path, MOST_BYTES, &bytes, &n, err));
    return hone_json_parse(bytes, n, path, 1, root, err);
}

static void read_switch(const json_t *object, const char *key, int *value)
{
    const json_t *member = json_object_get(object, key);
    if (json_is_boolean(member))
        *value = json_is_true(member) ? YES : NO;
}

/* Names of special tokens are strings, or objects with a "content". */
static hone_status read_config(hone_arena *arena, const json_t *root, facts *f, hone_error *err)
{
    read_switch(root, "do_lower_case", &f->lowercase);
    read_switch(root, "strip_accents", &f->strip_accents);
    read_switch(root, "tokenize_chinese_chars", &f->chinese);
    for (int k = 0; k < N_SPECIALS; k++) {
        const json_t *member = json_object_get(root, special_keys[k]);
        if (json_is_object(member))
            member = json_object_get(member, "content");
        if (!json_is_string(member))
            continue;
        f->special[k] = hone_strdup(arena, json_string_value(member));
        if (!f->special[k])
            return no_memory(err);
    }
    const json_t *length = json_object_get(root, "model_max_length");
    if (json_is_integer(length) && json_integer_value(length) > 0 && json_integer_value(length) <= INT32_MAX)
        f->model_max_length = json_integer_value(length);
    return HONE_OK;
}

static hone_status read_json_vocabulary(hone_arena *arena, const json_t *vocab, const char *path, state *s, hone_error *err)
{
    const char *key;
    json_t *value;
    size_t n = json_object_size(vocab);
    if (n == 0 || n > INT32_MAX - 1)
        return hone_fail(err, HONE_EFORMAT, "%s holds no WordPiece vocabulary (model.vocab is missing or empty)", path);
    s->tokens = hone_alloc_array(arena, n, sizeof *s->tokens);
    if (!s->tokens)
        return no_memory(err);
    s->n = (int64_t)n;
    json_object_foreach((json_t *)vocab, key, value)
    {
        json_int_t id = json_is_integer(value) ? json_integer_value(value) : -1;
        if (id < 0 || id >= s->n || s->tokens[id])
            return hone_fail(err, HONE_EFORMAT, "%s: the ids of model.vocab are not the numbers 0 to %lld, each once", path,
                             (long long)s->n - 1);
        s->tokens[id] = hone_strdup(arena, key);
        if (!s->tokens[id])
            return no_memory(err);
    }
    return HONE_OK;
}

static hone_status read_tokenizer_json(hone_arena *arena, const json_t *root, const char *path, state *s, facts *f,
                                       hone_error *err)
{
    const json_t *model = json_object_get(root, "model"), *normalizer = json_object_get(root, "normalizer");
    const char *type = json_string_value(json_object_get(model, "type")), *prefix;
    if (type && strcmp(type, "WordPiece") != 0)
        return hone_fail(err, HONE_EFORMAT, "%s holds a tokenizer of type %.40s; wordpiece reads WordPiece ones", path, type);
    prefix = json_string_value(json_object_get(model, "continuing_subword_prefix"));
    if (prefix && strcmp(prefix, "##") != 0)
        return hone_fail(err, HONE_EUNSUPPORTED, "%s marks inner pieces with %.20s; wordpiece reads vocabularies with ##", path,
                         prefix);
    const char *kind = json_string_value(json_object_get(normalizer, "type"));
    if (normalizer && json_is_object(normalizer) && (!kind || strcmp(kind, "BertNormalizer") != 0))
        return hone_fail(err, HONE_EUNSUPPORTED, "%s has the normalizer %.40s; wordpiece has BertNormalizer's steps", path,
                         kind ? kind : "without a type");
    read_switch(normalizer, "lowercase", &f->lowercase);
    read_switch(normalizer, "strip_accents", &f->strip_accents);
    read_switch(normalizer, "handle_chinese_chars", &f->chinese);
    f->max_chars = json_integer_value(json_object_get(model, "max_input_chars_per_word"));
    return read_json_vocabulary(arena, json_object_get(model, "vocab"), path, s, err);
}

/* dir/name, or NULL in *path where there is no such file. */
static hone_status file_in(hone_arena *arena, const char *dir, const char *name, const char **path, hone_error *err)
{
    *path = hone_sprintf(arena, "%s/%s", dir, name);
    if (!*path)
        return no_memory(err);
    if (!hone_file_exists(*path))
        *path = NULL;
    return HONE_OK;
}

static hone_status load_config(const hone_self *self, const char *dir, facts *f, hone_error *err)
{
    const char *path;
    json_t *root = NULL;
    HONE_TRY(file_in(self->trial, dir, "tokenizer_config.json", &path, err));
    if (!path)
        return HONE_OK;
    HONE_TRY(load_json(self->trial, path, &root, err));
    hone_status status = read_config(self->trial, root, f, err);
    json_decref(root);
    return status;
}

static hone_status load_tokenizer_json(const hone_self *self, const char *path, state *s, facts *f, hone_error *err)
{
    json_t *root = NULL;
    HONE_TRY(load_json(self->trial, path, &root, err));
    hone_status status = read_tokenizer_json(self->trial, root, path, s, f, err);
    json_decref(root);
    return status;
}

/* The folder of a file, "." where the path names none. */
static const char *folder_of(hone_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? hone_strndup(arena, path, slash == path ? 1 : (size_t)(slash - path)) : ".";
}

/* *path names the file that the vocabulary came from. */
static hone_status load_files(const hone_self *self, const char *dir, state *s, facts *f, const char **path, hone_error *err)
{
    const params *p = self->params;
    const char *other;
    if (p->vocab) {
        dir = folder_of(self->trial, p->vocab);
        if (!dir)
            return no_memory(err);
    }
    if (!dir)
        return hone_fail(
            err, HONE_ECONFIG,
            "tokenizer wordpiece has no vocabulary: give tokenizer.vocab a file with one token a line, model.path a folder "
            "with vocab.txt, or tokenizer.vocab_size a number of tokens to learn from the training texts");
    *path = p->vocab;
    if (!*path)
        HONE_TRY(file_in(self->trial, dir, "vocab.txt", path, err));
    if (*path) {
        HONE_TRY(read_lines(self, *path, s, err));
        return load_config(self, dir, f, err);
    }
    HONE_TRY(file_in(self->trial, dir, "tokenizer.json", &other, err));
    if (!other)
        return hone_fail(err, HONE_EIO,
                         "%s has neither vocab.txt nor tokenizer.json; give tokenizer.vocab a file with one token a line", dir);
    *path = other;
    HONE_TRY(load_tokenizer_json(self, other, s, f, err));
    return load_config(self, dir, f, err);
}

/* ---- Settings ---------------------------------------------------------------------------------------------------- */

static bool resolve(int32_t given, int of_file, bool otherwise)
{
    return given != AUTO ? given == YES : of_file != AUTO ? of_file == YES : otherwise;
}

/* A special token that stands twice would have two ids. */
static hone_status find_special(state *s, int k, const char *path, hone_error *err)
{
    int64_t first = -1;
    for (int64_t id = 0; id < s->n; id++) {
        if (strcmp(s->tokens[id], s->special[k]) != 0)
            continue;
        if (first >= 0)
            return hone_fail(err, HONE_EFORMAT, "%s has the special token %s twice, in lines %lld and %lld", path,
                             s->special[k], (long long)first + 1, (long long)id + 1);
        first = id;
    }
    s->special_id[k] = (int32_t)first;
    if (first < 0 && k != MASK)
        return hone_fail(err, HONE_EFORMAT,
                         "%s lacks the special token %s; a vocabulary of BERT has it, or tokenizer.%s names another", path,
                         s->special[k], special_keys[k]);
    return HONE_OK;
}

static hone_status name_specials(const params *p, const facts *f, state *s, hone_error *err)
{
    const char *const given[N_SPECIALS] = {p->pad_token, p->unk_token, p->cls_token, p->sep_token, p->mask_token};
    for (int k = 0; k < N_SPECIALS; k++) {
        s->special[k] = given[k] ? given[k] : f->special[k] ? f->special[k] : special_defaults[k];
        s->special_length[k] = strlen(s->special[k]);
        if (s->special_length[k] == 0)
            return hone_fail(err, HONE_ECONFIG, "tokenizer.%s is empty", special_keys[k]);
    }
    return HONE_OK;
}

static hone_status find_specials(const char *path, state *s, hone_error *err)
{
    for (int k = 0; k < N_SPECIALS; k++) {
        HONE_TRY(find_special(s, k, path, err));
        if (s->special_id[k] >= 0)
            s->special_begins[(unsigned char)s->special[k][0]] = true;
    }
    return HONE_OK;
}

static void set_templates(state *s)
{
    const int32_t cls = s->special_id[CLS], sep = s->special_id[SEP];
    const hone_template_item single[] = {{-1, cls, 0, 0}, {0, 0, 0, 0}, {-1, sep, 0, 0}};
    const hone_template_item pair[] = {{-1, cls, 0, 0}, {0, 0, 0, 0}, {-1, sep, 0, 0}, {1, 0, 1, 0}, {-1, sep, 1, 0}};
    memcpy(s->single, single, sizeof single);
    memcpy(s->pair, pair, sizeof pair);
}

static hone_status make_words(const hone_self *self, hone_error *err)
{
    state *s = self->state;
    const hone_word_rules rules = {.size = sizeof rules,
                                   .lowercase = s->lowercase,
                                   .strip_accents = s->strip_accents,
                                   .chinese_alone = s->chinese,
                                   .max_chars = s->max_chars};
    return hone_words_create(self->trial, &rules, &s->words, err);
}

/* ---- Learning ---------------------------------------------------------------------------------------------------- */

static hone_status add_text(void *ctx, const char *text, size_t n, hone_error *err)
{
    return hone_pieces_add(ctx, text, n, err);
}

static hone_status learn_from(hone_pieces *pieces, const hone_self *self, const hone_corpus *train, hone_error *err)
{
    state *s = self->state;
    const params *p = self->params;
    const hone_pieces_rules rules = {.size = sizeof rules,
                                     .vocab_size = (uint64_t)p->vocab_size,
                                     .min_frequency = (uint64_t)p->min_frequency,
                                     .specials = s->special,
                                     .n_specials = N_SPECIALS};
    uint64_t n = 0;
    HONE_TRY(hone_corpus_texts(train, add_text, pieces, err));
    HONE_TRY(hone_pieces_learn(pieces, &rules, self->trial, &s->tokens, &n, err));
    s->n = (int64_t)n;
    return HONE_OK;
}

static hone_status learn(const hone_self *self, const hone_corpus *train, hone_error *err)
{
    const state *s = self->state;
    hone_pieces *pieces;
    HONE_TRY(hone_pieces_create(s->words, &pieces, err));
    hone_status status = learn_from(pieces, self, train, err);
    hone_pieces_destroy(pieces);
    return status;
}

/* Does this trial learn a vocabulary? A trained model's folder has the one that was learnt for it. */
static hone_status learns(const params *p, const char *dir, const hone_corpus *train, bool *answer, hone_error *err)
{
    *answer = p->vocab_size > 0 && train && !dir;
    if (p->vocab_size > 0 && p->vocab)
        return hone_fail(
            err, HONE_ECONFIG,
            "tokenizer.vocab names a vocabulary, and tokenizer.vocab_size asks to learn one; leave out one of them");
    if (p->vocab_size > 0 && train && dir)
        return hone_fail(err, HONE_ECONFIG,
                         "model.path names a folder, whose vocabulary goes with its weights; leave out tokenizer.vocab_size, "
                         "which learns another");
    return HONE_OK;
}

static hone_status create(const hone_self *self, const char *dir, const hone_corpus *train, hone_error *err)
{
    state *s = self->state;
    const params *p = self->params;
    facts f = {0};
    const char *path = "the learnt vocabulary";
    bool learning;
    HONE_TRY(learns(p, dir, train, &learning, err));
    if (!learning)
        HONE_TRY(load_files(self, dir, s, &f, &path, err));
    s->lowercase = resolve(p->lowercase, f.lowercase, true);
    s->strip_accents = resolve(p->strip_accents, f.strip_accents, s->lowercase);
    s->chinese = resolve(p->tokenize_chinese_chars, f.chinese, true);
    s->max_chars = (uint64_t)(f.max_chars > 0 && f.max_chars <= 100000 && p->max_input_chars_per_word == 100
                                  ? f.max_chars
                                  : p->max_input_chars_per_word);
    s->model_max_length = (int32_t)f.model_max_length;
    HONE_TRY(make_words(self, err));
    HONE_TRY(name_specials(p, &f, s, err));
    if (learning)
        HONE_TRY(learn(self, train, err));
    HONE_TRY(index_tokens(self->trial, s, err));
    HONE_TRY(find_specials(path, s, err));
    set_templates(s);
    return HONE_OK;
}

static hone_status info(const hone_self *self, hone_tokenizer_info *out, hone_error *err)
{
    (void)err;
    const state *s = self->state;
    out->vocabulary = s->n;
    out->pad = s->special_id[PAD];
    out->unk = s->special_id[UNK];
    out->cls = s->special_id[CLS];
    out->sep = s->special_id[SEP];
    out->mask = s->special_id[MASK];
    out->model_max_length = s->model_max_length;
    out->single = s->single;
    out->n_single = sizeof s->single / sizeof *s->single;
    out->pair = s->pair;
    out->n_pair = sizeof s->pair / sizeof *s->pair;
    out->item_size = sizeof(hone_template_item);
    return HONE_OK;
}

static const char *token(const hone_self *self, int32_t id)
{
    const state *s = self->state;
    return id >= 0 && id < s->n ? s->tokens[id] : NULL;
}

/* ---- Saving ------------------------------------------------------------------------------------------------------ */

static hone_status save_vocabulary(const state *s, const char *dir, hone_arena *arena, hone_error *err)
{
    size_t n = 0;
    for (int64_t id = 0; id < s->n; id++)
        n += s->lengths[id] + 1;
    const char *path = hone_sprintf(arena, "%s/vocab.txt", dir);
    char *bytes = hone_alloc(arena, n), *to = bytes;
    if (!path || !bytes)
        return no_memory(err);
    for (int64_t id = 0; id < s->n; id++) {
        memcpy(to, s->tokens[id], s->lengths[id]);
        to += s->lengths[id];
        *to++ = '\n';
    }
    return hone_file_write(path, bytes, n, err);
}

/* Takes `root`, which may be NULL: memory was short. */
static hone_status save_json(json_t *root, const char *dir, const char *name, hone_arena *arena, hone_error *err)
{
    const char *path = hone_sprintf(arena, "%s/%s", dir, name);
    char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
    json_decref(root);
    hone_status status = path && text ? hone_file_write(path, text, strlen(text), err) : no_memory(err);
    free(text);
    return status;
}

static json_t *special_names(const state *s)
{
    json_t *root = json_object();
    for (int k = 0; root && k < N_SPECIALS; k++)
        if (s->special_id[k] >= 0 && json_object_set_new(root, special_keys[k], json_string(s->special[k])) != 0) {
            json_decref(root);
            return NULL;
        }
    return root;
}

static json_t *config_of(const state *s)
{
    json_t *root = special_names(s);
    int bad = root ? 0 : -1;
    if (root) {
        bad |= json_object_set_new(root, "do_lower_case", json_boolean(s->lowercase));
        bad |= json_object_set_new(root, "strip_accents", json_boolean(s->strip_accents));
        bad |= json_object_set_new(root, "tokenize_chinese_chars", json_boolean(s->chinese));
        bad |= json_object_set_new(root, "tokenizer_class", json_string("BertTokenizer"));
        if (s->model_max_length)
            bad |= json_object_set_new(root, "model_max_length", json_integer(s->model_max_length));
    }
    if (!bad)
        return root;
    json_decref(root);
    return NULL;
}

static hone_status save(const hone_self *self, const char *dir, hone_error *err)
{
    const state *s = self->state;
    HONE_TRY(save_vocabulary(s, dir, self->step, err));
    HONE_TRY(save_json(special_names(s), dir, "special_tokens_map.json", self->step, err));
    return save_json(config_of(s), dir, "tokenizer_config.json", self->step, err);
}

static const hone_tokenizer wordpiece = {
    .plugin = {HONE_PLUGIN(hone_tokenizer, HONE_KIND_TOKENIZER), .name = "wordpiece",
               .summary = "BERT's tokenizer: words and punctuation, cut into pieces of a vocabulary",
               .source = "Wu et al. 2016, arXiv:1609.08144; Devlin et al. 2019; equal to tokenizers' BertTokenizerFast",
               .help = "tokenizer: {type: wordpiece, max_length: 128}; with a vocabulary of the training texts: "
                       "tokenizer: {type: wordpiece, vocab_size: 8000}",
               HONE_PARAMS(params, rows), .state_size = sizeof(state)},
    .create = create,
    .info = info,
    .encode = encode,
    .token = token,
    .save = save,
};

HONE_MODULE(&wordpiece.plugin);
