/* test_wordpiece.c - wordpiece against Hugging Face's tokenizers (tests/golden/wordpiece.py), and its vocabularies' mistakes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../instance.h"
#include "base/hash.h"
#include "base/json.h"
#include "data/encode.h"

#include <stdio.h>

enum { AUTO, YES, NO };

/* As in the plugin. */
typedef struct params {
    int32_t lowercase, strip_accents, tokenize_chinese_chars;
    const char *vocab;
    int64_t max_input_chars_per_word;
    const char *pad_token, *unk_token, *cls_token, *sep_token, *mask_token;
    int64_t vocab_size, min_frequency;
} params;

typedef struct mode {
    const char *name;
    int32_t lowercase, strip_accents, chinese;
} mode;

static const mode modes[] = {
    {"uncased", YES, AUTO, YES}, {"cased", NO, AUTO, YES},    {"accents", YES, NO, YES},
    {"stripped", NO, YES, YES},  {"unspaced", YES, AUTO, NO},
};
enum { N_MODES = sizeof modes / sizeof *modes };

/* A tokenizer with what it takes to use it. */
typedef struct fixture {
    instance in;
    params params;
    const hone_tokenizer *table;
    hone_tokenizer_info info;
    hone_arena *arena, *scratch;
    hone__encoder encoder;
} fixture;

static hone_status open_with(fixture *f, const params *p, const char *dir, hone_error *err)
{
    *f = (fixture){.params = *p, .arena = hone__arena_create(0), .scratch = hone__arena_create(0)};
    if (f->params.max_input_chars_per_word == 0)
        f->params.max_input_chars_per_word = 100;
    instance_open(&f->in, "tokenizer/wordpiece", &f->params, 0);
    f->table = (const hone_tokenizer *)f->in.self.plugin;
    HONE_TRY(f->table->create(&f->in.self, dir, NULL, err));
    HONE_TRY(hone__tokenizer_info_of(f->table, &f->in.self, &f->info, err));
    f->encoder = (hone__encoder){f->table, &f->in.self, &f->info, f->arena, f->scratch};
    return HONE_OK;
}

static void close_fixture(fixture *f)
{
    instance_close(&f->in);
    hone__arena_destroy(f->arena);
    hone__arena_destroy(f->scratch);
}

static void open_mode(fixture *f, const char *vocab, const char *name)
{
    hone_error err;
    params p = {.vocab = vocab};
    for (int i = 0; i < N_MODES; i++) {
        if (strcmp(modes[i].name, name) == 0) {
            p.lowercase = modes[i].lowercase;
            p.strip_accents = modes[i].strip_accents;
            p.tokenize_chinese_chars = modes[i].chinese;
        }
    }
    ck_assert_msg(open_with(f, &p, NULL, &err) == HONE_OK, "%s", err.msg);
}

/* ---- Cases ------------------------------------------------------------------------------------------------------- */

static int64_t number(const json_t *record, const char *key, size_t i)
{
    return json_integer_value(json_array_get(json_object_get(record, key), i));
}

static void compare(const fixture *f, const json_t *record, const hone_sequence *s, const hone_tokens tokens[2], size_t line)
{
    ck_assert_msg(s->n == json_array_size(json_object_get(record, "ids")), "line %zu: %zu tokens, the reference has %zu", line,
                  (size_t)s->n, json_array_size(json_object_get(record, "ids")));
    for (size_t i = 0; i < s->n; i++) {
        const json_t *offset = json_array_get(json_object_get(record, "offsets"), i);
        int64_t begin = json_integer_value(json_array_get(offset, 0)), end = json_integer_value(json_array_get(offset, 1));
        ck_assert_msg(s->ids[i] == number(record, "ids", i), "line %zu, token %zu: %s (%d), the reference has %s (%d)", line, i,
                      f->table->token(&f->in.self, s->ids[i]), (int)s->ids[i],
                      f->table->token(&f->in.self, (int32_t)number(record, "ids", i)), (int)number(record, "ids", i));
        ck_assert_msg(s->types[i] == number(record, "types", i), "line %zu, token %zu: type", line, i);
        if (s->piece[i] < 0) {
            ck_assert_msg(begin == -1, "line %zu, token %zu: no special token there", line, i);
            continue;
        }
        const hone_tokens *t = &tokens[s->piece[i]];
        ck_assert_msg((int64_t)t->begin[s->token[i]] == begin && (int64_t)t->end[s->token[i]] == end,
                      "line %zu, token %zu: bytes %d-%d, the reference has %d-%d", line, i, (int)t->begin[s->token[i]],
                      (int)t->end[s->token[i]], (int)begin, (int)end);
    }
}

static void run_case(fixture *f, const json_t *record, size_t line)
{
    hone_error err;
    hone_tokens tokens[2];
    hone_sequence s;
    const char *text = json_string_value(json_object_get(record, "text"));
    const char *pair = json_string_value(json_object_get(record, "pair"));
    uint64_t max_length = (uint64_t)json_integer_value(json_object_get(record, "max_length"));
    ck_assert_msg(hone__encode_text(&f->encoder, text, strlen(text), &tokens[0], &err) == HONE_OK, "%s", err.msg);
    if (pair)
        ck_assert_msg(hone__encode_text(&f->encoder, pair, strlen(pair), &tokens[1], &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(hone__sequence_make(&f->info, "wordpiece", &tokens[0], pair ? &tokens[1] : NULL, -1, max_length, f->arena, &s,
                                      &err) == HONE_OK,
                  "%s", err.msg);
    compare(f, record, &s, tokens, line);
    hone__arena_reset(f->arena);
}

START_TEST(every_case_equals_the_reference_in_ids_types_and_offsets)
{
    hone_error err;
    char *bytes;
    size_t n, lines = 0, cases = 0;
    fixture fixtures[N_MODES];
    for (int i = 0; i < N_MODES; i++)
        open_mode(&fixtures[i], "tests/golden/wordpiece/vocab.txt", modes[i].name);
    ck_assert_int_eq(hone__read_file("tests/golden/wordpiece/cases.jsonl", 0, &bytes, &n, &err), HONE_OK);
    for (char *line = bytes, *next; *line; line = next) {
        json_t *record;
        next = strchr(line, '\n') + 1;
        lines++;
        ck_assert_msg(hone__json_parse(line, (size_t)(next - line), "cases.jsonl", &record, &err) == HONE_OK, "%s", err.msg);
        const char *name = json_string_value(json_object_get(record, "mode"));
        for (int i = 0; name && i < N_MODES; i++) {
            if (strcmp(modes[i].name, name) == 0) {
                run_case(&fixtures[i], record, lines);
                cases++;
            }
        }
        json_decref(record);
    }
    ck_assert_uint_ge(cases, 700);
    hone__free(bytes);
    for (int i = 0; i < N_MODES; i++)
        close_fixture(&fixtures[i]);
}
END_TEST

/* ---- Digests of real text ---------------------------------------------------------------------------------------- */

/* The digest of the next lines of *text, at most 100 and at most *left. */
static void digest_lines(fixture *f, const char **text, const char *end, size_t *left, char hex[65])
{
    hone_error err;
    hone__sha256 *h = hone__sha256_create();
    for (int i = 0; i < 100 && *left > 0; i++, --*left) {
        const char *stop = memchr(*text, '\n', (size_t)(end - *text));
        hone_tokens tokens;
        hone_sequence s;
        stop = stop ? stop : end;
        ck_assert_int_eq(hone__encode_text(&f->encoder, *text, (size_t)(stop - *text), &tokens, &err), HONE_OK);
        ck_assert_int_eq(hone__sequence_make(&f->info, "wordpiece", &tokens, NULL, -1, 0, f->arena, &s, &err), HONE_OK);
        hone__sha256_add(h, s.ids, s.n * sizeof *s.ids);
        hone__arena_reset(f->arena);
        *text = stop < end ? stop + 1 : end;
    }
    ck_assert_int_eq(hone__sha256_finish(h, hex, &err), HONE_OK);
}

/* False where the data is absent. */
static bool run_digests(const json_t *record)
{
    char vocab[512], path[512], hex[65];
    char *bytes;
    size_t n;
    hone_error err;
    fixture f;
    const json_t *digests = json_object_get(record, "digests");
    snprintf(vocab, sizeof vocab, "../shared/vocab/%s/vocab.txt", json_string_value(json_object_get(record, "vocab")));
    snprintf(path, sizeof path, "../shared/%s", json_string_value(json_object_get(record, "file")));
    if (!hone__exists(vocab) || !hone__exists(path))
        return false;
    open_mode(&f, vocab, json_string_value(json_object_get(record, "mode")));
    ck_assert_int_eq(hone__read_file(path, 0, &bytes, &n, &err), HONE_OK);
    const char *text = bytes;
    size_t left = (size_t)json_integer_value(json_object_get(record, "lines"));
    for (size_t i = 0; i < json_array_size(digests); i++) {
        digest_lines(&f, &text, bytes + n, &left, hex);
        hex[16] = '\0';
        ck_assert_msg(strcmp(hex, json_string_value(json_array_get(digests, i))) == 0, "%s, lines from %zu on, with %s", path,
                      100 * i + 1, vocab);
    }
    ck_assert_uint_eq(left, 0);
    hone__free(bytes);
    close_fixture(&f);
    return true;
}

START_TEST(real_text_gives_the_references_ids)
{
    hone_error err;
    char *bytes;
    size_t n;
    ck_assert_int_eq(hone__read_file("tests/golden/wordpiece/digests.jsonl", 0, &bytes, &n, &err), HONE_OK);
    for (char *line = bytes, *next; *line; line = next) {
        json_t *record;
        next = strchr(line, '\n') + 1;
        ck_assert_int_eq(hone__json_parse(line, (size_t)(next - line), "digests.jsonl", &record, &err), HONE_OK);
        if (!run_digests(record))
            printf("left out, because ../shared lacks it: %s\n", json_string_value(json_object_get(record, "file")));
        json_decref(record);
    }
    hone__free(bytes);
}
END_TEST

/* ---- Vocabularies ------------------------------------------------------------------------------------------------ */

static const char small[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\n##s\ndog\n";

static const char *write_in(hone_arena *arena, const char *dir, const char *name, const char *text)
{
    hone_error err;
    const char *path = hone_sprintf(arena, "%s/%s", dir, name);
    ck_assert_int_eq(hone__write_file(path, text, strlen(text), &err), HONE_OK);
    return path;
}

/* Opens a vocabulary that must be refused, with a message that ends so (behind the path of the file or folder). */
static void refused(const char *text, const char *message)
{
    hone_error err = {HONE_OK, ""};
    fixture f;
    char *dir = suite_make_dir();
    hone_arena *arena = hone__arena_create(0);
    const char *path = write_in(arena, dir, "vocab.txt", text);
    ck_assert_int_ne(open_with(&f, &(params){.vocab = path}, NULL, &err), HONE_OK);
    ck_assert_msg(strncmp(err.msg, path, strlen(path)) == 0, "%s", err.msg);
    ck_assert_str_eq(err.msg + strlen(path), message);
    close_fixture(&f);
    hone__arena_destroy(arena);
    suite_remove_dir(dir);
}

START_TEST(a_vocabulary_without_a_special_token_is_refused)
{
    refused("[PAD]\n[UNK]\n[CLS]\nthe\n",
            " lacks the special token [SEP]; a vocabulary of BERT has it, or tokenizer.sep_token names another");
}
END_TEST

START_TEST(a_special_token_that_stands_twice_is_refused)
{
    refused("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[CLS]\n", " has the special token [CLS] twice, in lines 3 and 5");
}
END_TEST

START_TEST(a_vocabulary_that_is_no_text_is_refused)
{
    refused("[PAD]\n\xff\n", " is no vocabulary: its byte 7 is not UTF-8");
    refused("", " holds no vocabulary: it has 0 lines");
}
END_TEST

START_TEST(no_vocabulary_at_all_is_one_sentence)
{
    hone_error err;
    fixture f;
    ck_assert_int_eq(open_with(&f, &(params){0}, NULL, &err), HONE_ECONFIG);
    ck_assert_str_eq(err.msg,
                     "tokenizer wordpiece has no vocabulary: give tokenizer.vocab a file with one token a line, "
                     "model.path a folder with vocab.txt, or tokenizer.vocab_size a number of tokens to learn from the "
                     "training texts");
    close_fixture(&f);
    char *dir = suite_make_dir();
    ck_assert_int_eq(open_with(&f, &(params){0}, dir, &err), HONE_EIO);
    ck_assert_str_eq(err.msg + strlen(dir),
                     " has neither vocab.txt nor tokenizer.json; give tokenizer.vocab a file with one token a line");
    close_fixture(&f);
    suite_remove_dir(dir);
}
END_TEST

static void expect_tokens(fixture *f, const char *text, size_t n, const int32_t *ids)
{
    hone_error err;
    hone_tokens tokens;
    ck_assert_msg(hone__encode_text(&f->encoder, text, strlen(text), &tokens, &err) == HONE_OK, "%s", err.msg);
    ck_assert_uint_eq(tokens.n, n);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(tokens.ids[i], ids[i]);
}

START_TEST(lines_of_a_vocabulary_may_end_in_crlf_and_a_mask_token_may_lack)
{
    hone_error err;
    fixture f;
    char *dir = suite_make_dir();
    hone_arena *arena = hone__arena_create(0);
    const char *path = write_in(arena, dir, "v", "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\ndog\r\n##s");
    ck_assert_msg(open_with(&f, &(params){.vocab = path}, NULL, &err) == HONE_OK, "%s", err.msg);
    ck_assert_int_eq(f.info.mask, -1);
    ck_assert_int_eq(f.info.vocabulary, 6);
    expect_tokens(&f, "Dogs x", 3, (const int32_t[]){4, 5, 1});
    close_fixture(&f);
    hone__arena_destroy(arena);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(tokenizer_config_json_decides_what_parameters_leave_open)
{
    hone_error err;
    fixture f;
    char *dir = suite_make_dir();
    hone_arena *arena = hone__arena_create(0);
    write_in(arena, dir, "vocab.txt", "<pad>\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nDog\ndog\n");
    write_in(arena, dir, "tokenizer_config.json",
             "{\"do_lower_case\": false, \"model_max_length\": 512, \"pad_token\": {\"content\": \"<pad>\"}}");
    ck_assert_msg(open_with(&f, &(params){0}, dir, &err) == HONE_OK, "%s", err.msg);
    ck_assert_int_eq(f.info.model_max_length, 512);
    ck_assert_int_eq(f.info.pad, 0);
    expect_tokens(&f, "Dog dog", 2, (const int32_t[]){5, 6});
    close_fixture(&f);
    ck_assert_msg(open_with(&f, &(params){.lowercase = YES}, dir, &err) == HONE_OK, "%s", err.msg);
    expect_tokens(&f, "Dog dog", 2, (const int32_t[]){6, 6});
    close_fixture(&f);
    hone__arena_destroy(arena);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(tokenizer_json_alone_is_enough)
{
    hone_error err;
    fixture f;
    char *dir = suite_make_dir();
    hone_arena *arena = hone__arena_create(0);
    write_in(arena, dir, "tokenizer.json",
             "{\"normalizer\": {\"type\": \"BertNormalizer\", \"lowercase\": false, \"handle_chinese_chars\": true},"
             " \"model\": {\"type\": \"WordPiece\", \"max_input_chars_per_word\": 4, \"vocab\": {\"[PAD]\": 0, \"[UNK]\": 1,"
             " \"[CLS]\": 2, \"[SEP]\": 3, \"Dog\": 5, \"##s\": 4}}}");
    ck_assert_msg(open_with(&f, &(params){0}, dir, &err) == HONE_OK, "%s", err.msg);
    expect_tokens(&f, "Dogs dogs Dogss", 4, (const int32_t[]){5, 4, 1, 1});
    close_fixture(&f);
    write_in(arena, dir, "tokenizer.json", "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}}}");
    ck_assert_int_eq(open_with(&f, &(params){0}, dir, &err), HONE_EFORMAT);
    ck_assert_str_eq(err.msg + strlen(dir), "/tokenizer.json holds a tokenizer of type BPE; wordpiece reads WordPiece ones");
    close_fixture(&f);
    hone__arena_destroy(arena);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(what_is_saved_is_read_back_as_the_same_tokenizer)
{
    hone_error err;
    fixture f, g;
    char *dir = suite_make_dir();
    hone_arena *arena = hone__arena_create(0);
    const char *path = write_in(arena, dir, "words", small);
    ck_assert_int_eq(open_with(&f, &(params){.vocab = path, .lowercase = NO}, NULL, &err), HONE_OK);
    ck_assert_msg(f.table->save(&f.in.self, dir, &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(open_with(&g, &(params){0}, dir, &err) == HONE_OK, "%s", err.msg);
    ck_assert_int_eq(g.info.vocabulary, f.info.vocabulary);
    expect_tokens(&g, "the dogs The", 4, (const int32_t[]){5, 7, 6, 1});
    close_fixture(&f);
    close_fixture(&g);
    hone__arena_destroy(arena);
    suite_remove_dir(dir);
}
END_TEST

static hone_status create_and_encode(void *ctx, hone_error *err)
{
    hone_tokens tokens;
    params p = {.vocab = ctx, .max_input_chars_per_word = 100};
    instance in;
    hone_arena *arena = hone__arena_create(256), *scratch = hone__arena_create(256);
    hone_tokenizer_info info;
    hone_status status = HONE_OK;
    if (!arena || !scratch)
        status = hone_no_memory(err, "making arenas");
    instance_open(&in, "tokenizer/wordpiece", &p, 0);
    if (!in.self.trial || !in.self.step)
        status = hone_no_memory(err, "making arenas");
    const hone_tokenizer *table = (const hone_tokenizer *)in.self.plugin;
    if (status == HONE_OK)
        status = table->create(&in.self, NULL, NULL, err);
    if (status == HONE_OK)
        status = hone__tokenizer_info_of(table, &in.self, &info, err);
    hone__encoder encoder = {table, &in.self, &info, arena, scratch};
    if (status == HONE_OK)
        status = hone__encode_text(&encoder, "The dogs é the dogs the dogs the dogs the dogs dogs", 51, &tokens, err);
    if (in.self.trial && in.self.step)
        instance_close(&in);
    else {
        hone__arena_destroy(in.self.trial);
        hone__arena_destroy(in.self.step);
        free(in.state);
    }
    hone__arena_destroy(arena);
    hone__arena_destroy(scratch);
    return status;
}

START_TEST(every_failing_allocation_is_an_error_and_leaks_nothing)
{
    char *dir = suite_make_dir();
    hone_arena *arena = hone__arena_create(0);
    const char *path = write_in(arena, dir, "words", small);
    ck_assert_int_gt(suite_every_allocation_fails(create_and_encode, (void *)path), 5);
    hone__arena_destroy(arena);
    suite_remove_dir(dir);
}
END_TEST

SUITE("wordpiece", every_case_equals_the_reference_in_ids_types_and_offsets, real_text_gives_the_references_ids,
      a_vocabulary_without_a_special_token_is_refused, a_special_token_that_stands_twice_is_refused,
      a_vocabulary_that_is_no_text_is_refused, no_vocabulary_at_all_is_one_sentence,
      lines_of_a_vocabulary_may_end_in_crlf_and_a_mask_token_may_lack, tokenizer_config_json_decides_what_parameters_leave_open,
      tokenizer_json_alone_is_enough, what_is_saved_is_read_back_as_the_same_tokenizer,
      every_failing_allocation_is_an_error_and_leaks_nothing)
