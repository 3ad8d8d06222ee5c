/* test_span.c - heads span and multiple_choice: they learn, windows lose nothing, and the answer is the best of all there are.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/str.h"
#include "data/prepared.h"
#include "trial_fixture.h"

#include <math.h>

static const char bert[] =
    "model: {type: bert, hidden_size: 32, num_hidden_layers: 1, num_attention_heads: 4, intermediate_size: 32, "
    "max_position_embeddings: 64, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0}\n"
    "optimizer: {type: adamw, learning_rate: 1.0e-2}\n";

static double figure(const fixture *f, const char *name)
{
    json_t *root = NULL;
    hone_error err;
    ck_assert_msg(hone__json_load(fixture_path(f, "result.json"), 0, &root, &err) == HONE_OK, "%s", err.msg);
    const json_t *value = json_object_get(json_object_get(json_object_get(root, "figures"), name), "value");
    ck_assert_msg(json_is_number(value), "there is no figure %s", name);
    const double x = json_number_value(value);
    json_decref(root);
    return x;
}

static void run_well(fixture *f, const char *what)
{
    hone_error err;
    ck_assert_msg(hone__trial_run(&f->setup, &err) == HONE_OK, "%s: %s", what, err.msg);
}

/* ---- Questions --------------------------------------------------------------------------------------------------- */

/* The answer stands between "from" and "to"; where that is nowhere, the question has none. */
static void write_questions(const fixture *f, const char *name, uint64_t seed, int n, uint64_t length, bool impossible)
{
    static const char *const words[] = {"red", "blue", "green", "sun", "moon", "sea"};
    const hone_key key = {.seed = seed};
    const hone_stream stream = hone_stream_of(&key);
    hone__str s = {0};
    hone__str_add(&s, "{\"data\": [");
    for (uint64_t i = 0; i < (uint64_t)n; i++) {
        hone__str text = {0};
        const bool none = impossible && i % 3 == 0;
        const uint64_t place = hone_random_below(stream, i, 0, length - 3), size = 1 + hone_random_below(stream, i, 1, 2);
        size_t begin = 0, end = 0;
        for (uint64_t w = 0; w < length; w++) {
            const char *word = words[hone_random_below(stream, i, 2 + w, 6)];
            if (!none && w == place)
                hone__str_add(&text, "from ");
            begin = w == place ? text.n : begin;
            hone__str_addf(&text, "%s ", word);
            end = w == place + size - 1 ? text.n - 1 : end;
            if (!none && w == place + size - 1)
                hone__str_add(&text, "to ");
        }
        hone__str_addf(&s, "%s{\"paragraphs\": [{\"context\": \"%s\", \"qas\": [{\"id\": \"q%llu\", \"question\": \"where\", ",
                       i ? ", " : "", hone__str_text(&text), (unsigned long long)i);
        if (none)
            hone__str_add(&s, "\"answers\": [], \"is_impossible\": true}]}]}");
        else
            hone__str_addf(&s, "\"answers\": [{\"text\": \"%.*s\", \"answer_start\": %zu}]}]}]}", (int)(end - begin),
                           hone__str_text(&text) + begin, begin);
        hone__str_clear(&text);
    }
    hone__str_add(&s, "]}");
    fixture_write(f, name, hone__str_text(&s));
    hone__str_clear(&s);
}

static void begin_questions(fixture *f, const char *head, uint64_t length, bool impossible, int epochs)
{
    fixture_begin(f);
    write_questions(f, "train.json", 1, 200, length, impossible);
    write_questions(f, "dev.json", 2, 60, length, impossible);
    fixture_load(
        f,
        hone_sprintf(f->arena,
                     "data: {type: squad, train: train.json, validation: dev.json}\n"
                     "tokenizer: {type: whitespace, max_length: 24}\n%strainer: {num_train_epochs: %d, train_batch_size: 16, "
                     "micro_batch_size: 8, threads: 2}\nmetrics: [squad]\nhead: %s\n",
                     bert, epochs, head));
}

START_TEST(both_ends_learn_answers_that_follow_from_the_text)
{
    static const char *const heads[] = {"span", "{type: span, end: conditional}"};
    for (size_t i = 0; i < 2; i++) {
        fixture f;
        begin_questions(&f, heads[i], 10, false, 12);
        run_well(&f, heads[i]);
        ck_assert_double_gt(figure(&f, "validation/squad"), 90);
        ck_assert_double_gt(figure(&f, "validation/squad_exact"), 85);
        fixture_end(&f);
    }
}
END_TEST

START_TEST(questions_without_an_answer_are_learnt_too)
{
    fixture f;
    begin_questions(&f, "{type: span, version_2_with_negative: true}", 10, true, 12);
    run_well(&f, "with negative");
    ck_assert_double_gt(figure(&f, "validation/squad_NoAns_f1"), 90);
    ck_assert_double_gt(figure(&f, "validation/squad_HasAns_f1"), 80);
    ck_assert_double_ge(figure(&f, "validation/squad_best_f1") + 1e-9, figure(&f, "validation/squad"));
    fixture_end(&f);
}
END_TEST

START_TEST(long_paragraphs_become_windows_in_which_the_answer_is_found)
{
    fixture f;
    begin_questions(&f, "{type: span, doc_stride: 9}", 40, false, 20);
    run_well(&f, "windows");
    ck_assert_double_gt(figure(&f, "validation/squad"), 90);
    fixture_end(&f);
}
END_TEST

/* ---- Windows, token by token ------------------------------------------------------------------------------------- */

static const hone__named_field *field_of(const hone__prepared *p, const char *name)
{
    for (size_t i = 0; i < p->n_fields; i++)
        if (strcmp(p->fields[i].form.name, name) == 0)
            return &p->fields[i];
    ck_abort_msg("there is no field %s", name);
    return NULL;
}

START_TEST(every_token_may_begin_an_answer_in_one_window_and_answers_lie_on_their_bytes)
{
    fixture f;
    begin_questions(&f, "{type: span, doc_stride: 7}", 40, false, 1);
    hone__parts *parts = fixture_parts(&f);
    const hone__prepared *p = parts->train_prepared;
    const int64_t *bytes = (const int64_t *)(const void *)field_of(p, "bytes")->data;
    const int32_t *here = (const int32_t *)(const void *)field_of(p, "starts_here")->data;
    const int32_t *answers = (const int32_t *)(const void *)field_of(p, "answer")->data;
    for (uint64_t i = 0; i < hone_corpus_count(parts->train); i++) {
        const hone_example *e = hone_corpus_at(parts->train, i);
        const hone_span *gold = hone_example_gold(e)->spans;
        size_t n_text = 0;
        int32_t begins[600] = {0}, found = 0;
        hone_example_text(e, "text_pair", &n_text);
        ck_assert_uint_gt(p->example_starts[i + 1] - p->example_starts[i], 2);
        for (uint64_t b = p->example_starts[i]; b < p->example_starts[i + 1]; b++) {
            const int64_t at = (int64_t)p->starts[b];
            for (uint64_t t = p->starts[b]; t < p->starts[b + 1]; t++)
                if (here[t])
                    begins[bytes[2 * t]]++;
            if (answers[2 * b] == 0)
                continue;
            found++;
            ck_assert_int_eq(bytes[2 * (at + answers[2 * b])], (int64_t)gold->begin);
            ck_assert_int_eq(bytes[2 * (at + answers[2 * b + 1]) + 1], (int64_t)gold->end);
        }
        ck_assert_int_ge(found, 1);
        const char *text = hone_example_text(e, "text_pair", NULL);
        for (size_t c = 0; c < n_text; c++)
            ck_assert_int_eq(begins[c], text[c] != ' ' && (c == 0 || text[c - 1] == ' '));
    }
    hone__parts_destroy(parts);
    fixture_end(&f);
}
END_TEST

/* ---- The best answer --------------------------------------------------------------------------------------------- */

/* The score of the best answer of all there are, tried one by one with independent ends. */
static double best_of_all(const hone_batch *batch, const float *scores, int64_t most_tokens, uint64_t *begin, uint64_t *end)
{
    const int64_t *bytes = hone_batch_field(batch, "bytes", NULL)->data;
    const int32_t *here = hone_batch_field(batch, "starts_here", NULL)->data, *starts = hone_batch_starts(batch);
    double most = -INFINITY;
    for (uint64_t b = 0; b < hone_batch_sequences(batch); b++)
        for (int64_t i = starts[b]; i < starts[b + 1]; i++)
            for (int64_t j = i; here[i] && j < starts[b + 1] && j < i + most_tokens; j++) {
                const double score = (double)scores[2 * i] + (double)scores[2 * j + 1];
                if (bytes[2 * j] < 0 || score <= most)
                    continue;
                most = score;
                *begin = (uint64_t)bytes[2 * i];
                *end = (uint64_t)bytes[2 * j + 1];
            }
    return most;
}

START_TEST(the_answer_is_the_best_of_all_windows_and_no_answer_wins_behind_its_threshold)
{
    fixture f;
    begin_questions(
        &f, "{type: span, doc_stride: 7, max_answer_length: 3, version_2_with_negative: true, null_score_diff_threshold: 0.5}",
        40, false, 1);
    hone__parts *parts = fixture_parts(&f);
    for (uint64_t i = 0; i < 20; i++) {
        const hone_key key = {.seed = 5, .step = i};
        hone_batch *batch = NULL;
        hone__pass pass;
        hone__block block = {0};
        hone_error err;
        hone_answer answer;
        hone__arena_reset(parts->step);
        ck_assert_int_eq(hone__batch_pack(parts->train_prepared, &i, 1, parts->step, &batch, &err), HONE_OK);
        ck_assert_int_eq(
            hone__pass_build(&pass, &parts->network, &(hone__pass_setup){.batch = batch, .arena = parts->step}, &err), HONE_OK);
        hone__graph_keep(pass.graph, pass.scores[0].node, false);
        ck_assert_int_eq(hone__graph_plan(pass.graph, false, NULL, &err), HONE_OK);
        ck_assert_int_eq(hone__graph_forward(pass.graph, &block, &err), HONE_OK);
        float *scores = hone__node_tensor(pass.scores[0].node)->data;
        const int32_t *starts = hone_batch_starts(batch);
        for (uint64_t k = 0; k < 2 * hone_batch_tokens(batch); k++)
            scores[k] = (float)hone_random_normal(hone_stream_of(&key), 0, k);
        double null = INFINITY;
        for (uint64_t b = 0; b < hone_batch_sequences(batch); b++) {
            scores[2 * starts[b]] += 2.0f;
            scores[2 * starts[b] + 1] += 2.0f;
            null = fmin(null, (double)scores[2 * starts[b]] + (double)scores[2 * starts[b] + 1]);
        }
        uint64_t begin = 0, end = 0;
        const double best = best_of_all(batch, scores, 3, &begin, &end);
        const hone_decode in = {.size = sizeof in,
                                .example = hone_corpus_at(parts->train, i),
                                .n_sequences = hone_batch_sequences(batch),
                                .batch = batch,
                                .arena = parts->step,
                                .host = &pass};
        ck_assert_msg(parts->network.head->decode(parts->network.head_self, &in, &answer, &err) == HONE_OK, "%s", err.msg);
        const bool none = null - best > 0.5;
        ck_assert_int_eq(answer.spans[0].end == 0, none);
        ck_assert_uint_eq(answer.spans[none].begin, begin);
        ck_assert_uint_eq(answer.spans[none].end, end);
        ck_assert_double_eq_tol(answer.spans[none].score, best, 1e-12);
        ck_assert_double_eq_tol((double)answer.scores[0], null - best, 1e-5);
        for (uint64_t k = 1 + none; k < answer.n; k++)
            ck_assert_double_le(answer.spans[k].score, answer.spans[k - 1].score);
        hone__block_free(&block);
    }
    hone__parts_destroy(parts);
    fixture_end(&f);
}
END_TEST

/* ---- Choices ----------------------------------------------------------------------------------------------------- */

/* The right choice is the one that holds a word of the question. */
static void write_choices(const fixture *f, const char *name, uint64_t seed, int n)
{
    static const char *const words[] = {"red", "blue", "green", "sun"};
    const hone_key key = {.seed = seed};
    const hone_stream stream = hone_stream_of(&key);
    hone__str s = {0};
    for (uint64_t i = 0; i < (uint64_t)n; i++) {
        const uint64_t word = hone_random_below(stream, i, 0, 4), right = hone_random_below(stream, i, 1, 2 + i % 2);
        hone__str_addf(&s, "{\"q\": \"which %s\", \"a\": %llu, \"c\": [", words[word], (unsigned long long)right);
        for (uint64_t c = 0; c < 2 + i % 2; c++) {
            const uint64_t other = (word + 1 + hone_random_below(stream, i, 2 + c, 3)) % 4;
            hone__str_addf(&s, "%s\"a %s one\"", c ? ", " : "", words[c == right ? word : other]);
        }
        hone__str_add(&s, "]}\n");
    }
    fixture_write(f, name, hone__str_text(&s));
    hone__str_clear(&s);
}

START_TEST(choices_are_learnt_whatever_their_number)
{
    fixture f;
    fixture_begin(&f);
    write_choices(&f, "train.jsonl", 1, 300);
    write_choices(&f, "dev.jsonl", 2, 60);
    fixture_load(
        &f, hone_sprintf(f.arena,
                         "data: {type: choices, train: train.jsonl, validation: dev.jsonl, columns: {question: q, choices: c, "
                         "answer: a}}\ntokenizer: {type: whitespace, max_length: 16}\n%s"
                         "head: {type: multiple_choice, pooling: mean, dropout: 0}\n"
                         "trainer: {num_train_epochs: 15, train_batch_size: 16, micro_batch_size: 8, threads: 2}\n"
                         "metrics: [accuracy]\n",
                         bert));
    run_well(&f, "choices");
    ck_assert_double_gt(figure(&f, "validation/accuracy"), 0.9);
    char *predictions = fixture_read(&f, "predictions.tsv");
    ck_assert_int_eq(strncmp(predictions, "id\tgold:choice\tpredicted\tloss\titems\tscores\n", 43), 0);
    hone__free(predictions);
    fixture_end(&f);
}
END_TEST

SUITE("span", both_ends_learn_answers_that_follow_from_the_text, questions_without_an_answer_are_learnt_too,
      long_paragraphs_become_windows_in_which_the_answer_is_found,
      every_token_may_begin_an_answer_in_one_window_and_answers_lie_on_their_bytes,
      the_answer_is_the_best_of_all_windows_and_no_answer_wins_behind_its_threshold, choices_are_learnt_whatever_their_number)
