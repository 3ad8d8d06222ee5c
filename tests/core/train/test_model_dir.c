/* test_model_dir.c - trained models as folders: written, opened, predicting the same bits, used again; broken ones refused.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/json.h"
#include "base/str.h"
#include "train/model_dir.h"
#include "train/trained.h"
#include "trial_fixture.h"

#include <signal.h>
#include <sys/resource.h>

static const char yaml[] =
    "data: {type: tsv, train: train.tsv, validation: dev.tsv, quoting: none, columns: {text: text, label: label%s}, "
    "label_names: {x: first, y: second}, positive_label: second}\n"
    "tokenizer: {type: whitespace, max_length: 8}\n"
    "model: {%s}\n"
    "head: {type: classification%s}\n"
    "optimizer: {type: adamw, learning_rate: 1.0e-2}\n"
    "metrics: [accuracy, f1]\n"
    "trainer: {num_train_epochs: 3, train_batch_size: 4, threads: 1, eval_batch_size: 3}\n";
static const char bert[] = "type: bert, hidden_size: 8, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 12, "
                           "max_position_embeddings: 8";
static const char bag[] = "type: bag, hidden_size: 6";

static void begin(fixture *f)
{
    fixture_begin(f);
    fixture_write(f, "train.tsv", "text\tlabel\na b\tx\nb c\ty\na a d\tx\nc c\ty\na\tx\nd c b\ty\nb\ty\na c a\tx\n");
    fixture_write(f, "dev.tsv", "text\tlabel\na d\tx\nc\ty\nb b c d a\ty\na\tx\nd\tx\n");
}

static void load(fixture *f, const char *model, const char *head)
{
    char text[4096];
    snprintf(text, sizeof text, yaml, "", model, head);
    fixture_load(f, text);
}

static void train(fixture *f, const char *model, const char *head)
{
    hone_error err;
    load(f, model, head);
    ck_assert_msg(hone__trial_run(&f->setup, &err) == HONE_OK, "%s", err.msg);
}

static hone_status open_model(const fixture *f, const char *dir, hone__trained **t, hone_error *err)
{
    const hone__trained_setup setup = {
        .registry = f->registry, .dir = fixture_path(f, dir), .threads = 1, .tokenizer = "whitespace"};
    return hone__trained_open(&setup, t, err);
}

/* Evaluates dev.tsv with the model of that folder and writes again.tsv; its figures are those of result.json. */
static hone_status evaluate_again(const fixture *f, const char *dir, hone_error *err)
{
    hone__trained *t = NULL;
    hone_corpus *corpus;
    hone__prepared *prepared = NULL;
    hone__evaluated evaluated;
    HONE_TRY(open_model(f, dir, &t, err));
    hone_status status = hone__trained_read(t, fixture_path(f, "dev.tsv"), true, &corpus, err);
    if (status == HONE_OK)
        status = hone__trained_prepare(t, corpus, &prepared, err);
    if (status == HONE_OK)
        status = hone__trained_load(t, prepared, true, err);
    if (status == HONE_OK)
        status = hone__trained_evaluate(t, prepared, "validation", true, t->arena, NULL, NULL, &evaluated, err);
    hone_exhibits *x = status == HONE_OK ? hone__exhibits_create(t->arena) : NULL;
    if (status == HONE_OK && !x)
        status = hone_no_memory(err, "evaluating");
    if (status == HONE_OK)
        status = hone__trained_figures(t, &evaluated, x, err);
    if (status == HONE_OK)
        status = hone__predictions_write(fixture_path(f, "again.tsv"), &evaluated.outputs[0], err);
    hone__prepared_destroy(prepared);
    hone__trained_close(t);
    return status;
}

/* The bytes of predictions.tsv without the ids, which name the split. */
static void without_ids(char *text)
{
    char *to = text;
    for (char *line = text; *line;) {
        char *end = strchr(line, '\n'), *tab = strchr(line, '\t');
        const size_t n = (size_t)(end + 1 - tab);
        memmove(to, tab, n);
        to += n;
        line = end + 1;
    }
    *to = '\0';
}

static void same_predictions(const fixture *f)
{
    char *first = fixture_read(f, "predictions.tsv"), *second = fixture_read(f, "again.tsv");
    without_ids(first);
    without_ids(second);
    ck_assert_str_eq(first, second);
    hone__free(first);
    hone__free(second);
}

static void round_trip(const char *model, const char *head, const char *layout, const char *class, bool config, bool own_head)
{
    fixture f;
    hone_error err;
    json_t *root = NULL;
    begin(&f);
    train(&f, model, head);
    ck_assert_msg(evaluate_again(&f, "model", &err) == HONE_OK, "%s", err.msg);
    same_predictions(&f);
    ck_assert_msg(evaluate_again(&f, ".", &err) == HONE_OK, "a trial's folder: %s", err.msg);
    same_predictions(&f);
    ck_assert_int_eq(hone__json_load(fixture_path(&f, "model/hone.json"), 0, &root, &err), HONE_OK);
    ck_assert_str_eq(json_string_value(json_object_get(root, "layout")), layout);
    ck_assert_str_eq(json_string_value(json_object_get(root, "class")), class);
    ck_assert(hone__exists(fixture_path(&f, "model/config.json")) == config);
    ck_assert(hone__exists(fixture_path(&f, "model/head.safetensors")) == own_head);
    ck_assert(hone__exists(fixture_path(&f, "model/vocab.txt")));
    ck_assert(!hone__exists(fixture_path(&f, "model.new")));
    json_decref(root);
    fixture_end(&f);
}

START_TEST(every_layout_predicts_the_same_bits_again)
{
    round_trip(bert, "", "transformers", "BertForSequenceClassification", true, false);
    round_trip(bert, ", pooling: mean", "encoder", "BertModel", true, true);
    round_trip(bert, ", hidden_layers: [5], loss: {type: cross_entropy, class_weights: balanced}", "encoder", "BertModel", true,
               true);
    round_trip(bag, "", "hone", "hone's own form", false, false);
}
END_TEST

/* ---- config.json ------------------------------------------------------------------------------------------------- */

START_TEST(config_json_has_the_keys_of_transformers)
{
    fixture f;
    hone_error err;
    json_t *c = NULL;
    begin(&f);
    train(&f, bert, "");
    ck_assert_int_eq(hone__json_load(fixture_path(&f, "model/config.json"), 0, &c, &err), HONE_OK);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(c, "architectures"), 0)),
                     "BertForSequenceClassification");
    ck_assert_str_eq(json_string_value(json_object_get(c, "model_type")), "bert");
    ck_assert_int_eq(json_integer_value(json_object_get(c, "hidden_size")), 8);
    ck_assert_int_eq(json_integer_value(json_object_get(c, "vocab_size")), 9); /* five special tokens and a b c d */
    ck_assert_str_eq(json_string_value(json_object_get(json_object_get(c, "id2label"), "1")), "second");
    ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(c, "label2id"), "second")), 1);
    ck_assert_str_eq(json_string_value(json_object_get(c, "problem_type")), "single_label_classification");
    json_decref(c);
    fixture_end(&f);
}
END_TEST

/* ---- Using it again ---------------------------------------------------------------------------------------------- */

static hone_status parts_of(fixture *f, const char *train_file, const char *model, const char *head, hone__parts **parts,
                            hone_error *err)
{
    char text[4096];
    hone__issues issues = {.arena = f->arena};
    *parts = NULL;
    snprintf(text, sizeof text, yaml, "", model, head);
    char *at = strstr(text, "train: train.tsv");
    memcpy(at + 7, train_file, strlen(train_file)); /* as long as train.tsv */
    fixture_write(f, "next.yaml", text);
    HONE_TRY(hone__experiment_load(f->arena, f->registry, fixture_path(f, "next.yaml"), NULL, 0, &f->experiment, &issues, err));
    f->setup = (hone__trial_setup){.experiment = f->experiment, .registry = f->registry, .dir = f->dir};
    return hone__parts_create(&f->setup, parts, err);
}

static float element(const hone_store *store, const char *name)
{
    const hone_tensor *t = hone_store_find(store, name);
    ck_assert_msg(t != NULL, "%s", name);
    return ((const float *)t->data)[0];
}

static void transfers(const char *model, const char *head, const char *again, const char *weight)
{
    fixture f;
    hone_error err;
    hone__parts *parts, *fresh;
    char reused[200];
    begin(&f);
    train(&f, model, head);
    snprintf(reused, sizeof reused, "%s, reuse: true", head);
    ck_assert_msg(parts_of(&f, "train.tsv", again, reused, &parts, &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(parts_of(&f, "train.tsv", again, head, &fresh, &err) == HONE_OK, "%s", err.msg);
    ck_assert_float_eq(element(parts->network.store, weight), element(fresh->network.store, weight));
    ck_assert_float_ne(element(parts->network.store, "classifier.weight"), element(fresh->network.store, "classifier.weight"));
    ck_assert_uint_eq(parts->loaded.n_new, 0);
    ck_assert_uint_gt(fresh->loaded.n_new, 0);
    hone__parts_destroy(parts);
    hone__parts_destroy(fresh);
    fixture_end(&f);
}

START_TEST(a_trained_model_is_a_path_and_its_head_is_used_where_asked)
{
    transfers(bert, "", "type: bert, path: model", "bert.embeddings.word_embeddings.weight");
    transfers(bert, ", pooling: mean, hidden_layers: [4], activation: gelu", "type: bert, path: model",
              "bert.embeddings.word_embeddings.weight");
    transfers(bag, "", "type: bag, path: model", "bag.embeddings.weight");
}
END_TEST

static void refused(fixture *f, const char *train_file, const char *model, const char *head, hone_status status,
                    const char *says)
{
    hone_error err;
    hone__parts *parts;
    const hone_status have = parts_of(f, train_file, model, head, &parts, &err);
    ck_assert_msg(have == status, "%s: %s", hone_status_name(have), have ? err.msg : "");
    ck_assert_msg(strstr(err.msg, says) != NULL, "%s", err.msg);
    hone__parts_destroy(parts);
}

START_TEST(a_head_that_does_not_fit_is_refused_with_what_differs)
{
    fixture f;
    begin(&f);
    fixture_write(&f, "other.tsv", "text\tlabel\na b\tx\nb c\ty\na a d\tz\n");
    fixture_write(&f, "names.tsv", "text\tlabel\na b\tu\nb c\tv\n");
    train(&f, bert, "");
    refused(&f, "train.tsv", "type: bert, path: model", ", reuse: true, hidden_layers: [4]", HONE_EFORMAT, "head.hidden.0");
    refused(&f, "train.tsv", "type: bag, hidden_size: 4", ", reuse: true", HONE_ECONFIG, "model.path");
    refused(&f, "train.tsv", "type: bag, path: model", "", HONE_ECONFIG, "bert");
    refused(&f, "other.tsv", "type: bert, path: model", ", reuse: true", HONE_EINVAL, "2 labels");
    fixture_end(&f);
}
END_TEST

/* ---- Broken folders ---------------------------------------------------------------------------------------------- */

static void change(const fixture *f, const char *file, const char *from, const char *to)
{
    char *text = fixture_read(f, file);
    const size_t n = strlen(text), m = strlen(from);
    size_t at = 0;
    hone__str s = {0};
    while (at < n && strncmp(text + at, from, m) != 0)
        at++;
    ck_assert_msg(at < n, "%s", from);
    hone__str_addn(&s, text, at);
    hone__str_add(&s, to);
    hone__str_add(&s, text + at + m);
    fixture_write(f, file, hone__str_text(&s));
    hone__str_clear(&s);
    hone__free(text);
}

static void broken(const fixture *f, const char *file, const char *from, const char *to, const char *says)
{
    hone_error err = {0};
    char *kept = fixture_read(f, file);
    change(f, file, from, to);
    const hone_status status = evaluate_again(f, "model", &err);
    ck_assert_msg(status != HONE_OK && strstr(err.msg, says) != NULL, "%s -> %s: %s", from, to, err.msg);
    fixture_write(f, file, kept);
    hone__free(kept);
}

START_TEST(broken_folders_are_refused_with_what_is_wrong)
{
    fixture f;
    hone_error err;
    hone__trained *t;
    static const char json[] = "model/hone.json";
    begin(&f);
    train(&f, bert, ", pooling: mean");
    broken(&f, json, "\"format\": 1", "\"format\": 2", "format 2");
    broken(&f, json, "\"target\": \"class\"", "\"target\": \"colour\"", "colour");
    broken(&f, json, "\"max_length\": 8", "\"max_length\": 0", "max_length is 0");
    broken(&f, json, "\"max_length\": 8", "\"max_length\": \"8\"", "max_length");
    broken(&f, json, "\"positive\": 1", "\"positive\": 2", "positive is 2");
    broken(&f, json, "\"calibration\": null", "\"calibration\": \"0g\"", "hexadecimal");
    broken(&f, json, "\"shown\": [", "\"shown\": [\"a\", ", "same length");
    broken(&f, json, "\"type\": \"bert\"", "\"type\": \"bart\"", "bert");
    broken(&f, json, "\"hidden_size\": 8", "\"hidden_size\": 10", "must be");
    broken(&f, json, "\"head\": {", "\"haed\": {", "sections.head");
    broken(&f, json, "\"pooling\": \"mean\"", "\"pooling\": \"pooler\"", "pooler");
    broken(&f, json, "{", "[", "hone.json");
    ck_assert_int_eq(hone__remove_tree(fixture_path(&f, "model/head.safetensors"), &err), HONE_OK);
    ck_assert_int_eq(evaluate_again(&f, "model", &err), HONE_EFORMAT);
    ck_assert_msg(strstr(err.msg, "missing: classifier.weight") != NULL, "%s", err.msg);
    ck_assert_int_eq(hone__remove_tree(fixture_path(&f, "model/hone.json"), &err), HONE_OK);
    ck_assert_int_eq(open_model(&f, "model", &t, &err), HONE_EUNSUPPORTED);
    ck_assert_int_eq(hone__remove_tree(fixture_path(&f, "model"), &err), HONE_OK);
    ck_assert_int_eq(open_model(&f, ".", &t, &err), HONE_ENOTFOUND);
    fixture_end(&f);
}
END_TEST

/* ---- Shards ------------------------------------------------------------------------------------------------------ */

/* Cuts model.safetensors in two, and writes the index with the second file under that name. */
static void cut(const fixture *f, const char *second_name)
{
    hone__st_file file;
    hone__st_item items[2][64];
    size_t n[2] = {0, 0};
    hone__str index = {0};
    hone_error err;
    ck_assert_int_eq(hone__st_open(&file, f->arena, fixture_path(f, "model/model.safetensors"), &err), HONE_OK);
    hone__str_add(&index, "{\"metadata\": {\"total_size\": 1}, \"weight_map\": {");
    for (size_t i = 0; i < file.n; i++) {
        const hone__st_entry *e = &file.entries[i];
        hone_tensor t = {.data = (void *)(uintptr_t)e->data, .dtype = e->dtype, .shape = {.rank = e->rank}};
        for (uint32_t d = 0; d < e->rank; d++)
            t.shape.dim[d] = (int64_t)e->dims[d];
        items[i % 2][n[i % 2]++] = (hone__st_item){e->name, t};
        hone__str_addf(&index, "%s\"%s\": \"%s\"", i ? ", " : "", e->name, i % 2 ? second_name : "model-1.safetensors");
    }
    hone__str_add(&index, "}}");
    ck_assert_int_eq(hone__st_write(fixture_path(f, "model/model-1.safetensors"), items[0], n[0], NULL, 0, &err), HONE_OK);
    ck_assert_int_eq(hone__st_write(fixture_path(f, "model/model-2.safetensors"), items[1], n[1], NULL, 0, &err), HONE_OK);
    fixture_write(f, "model/model.safetensors.index.json", hone__str_text(&index));
    hone__str_clear(&index);
    hone__st_close(&file);
}

static void shard_refused(const fixture *f, const char *name, const char *says)
{
    hone_error err;
    char *kept = fixture_read(f, "model/model.safetensors.index.json");
    hone__str s = {0};
    const char *old = "model-2.safetensors";
    for (const char *at = kept; *at;) {
        const bool here = strncmp(at, old, strlen(old)) == 0;
        if (here)
            hone__str_add(&s, name);
        else
            hone__str_addn(&s, at, 1);
        at += here ? strlen(old) : 1;
    }
    fixture_write(f, "model/model.safetensors.index.json", hone__str_text(&s));
    ck_assert_int_ne(evaluate_again(f, "model", &err), HONE_OK);
    ck_assert_msg(strstr(err.msg, says) != NULL, "%s", err.msg);
    fixture_write(f, "model/model.safetensors.index.json", kept);
    hone__str_clear(&s);
    hone__free(kept);
}

START_TEST(weights_in_several_files_are_read_and_their_names_lead_nowhere_else)
{
    fixture f;
    hone_error err;
    begin(&f);
    train(&f, bert, "");
    cut(&f, "model-2.safetensors");
    ck_assert_int_eq(hone__remove_tree(fixture_path(&f, "model/model.safetensors"), &err), HONE_OK);
    ck_assert_msg(evaluate_again(&f, "model", &err) == HONE_OK, "%s", err.msg);
    same_predictions(&f);
    shard_refused(&f, "../model/model-2.safetensors", "no file of this folder");
    shard_refused(&f, "/etc/passwd", "no file of this folder");
    shard_refused(&f, ".safetensors", "no file of this folder");
    shard_refused(&f, "vocab.txt", "no file of this folder");
    shard_refused(&f, "model-3.safetensors", "model-3.safetensors");
    shard_refused(&f, "model-1.safetensors", "is not in model-1.safetensors");
    fixture_write(&f, "model/model.safetensors.index.json", "{\"weight_map\": {}}");
    ck_assert_int_eq(evaluate_again(&f, "model", &err), HONE_EFORMAT);
    fixture_write(&f, "model/model.safetensors.index.json", "{\"weight_map\": {\"a\": 3}}");
    ck_assert_int_eq(evaluate_again(&f, "model", &err), HONE_EFORMAT);
    fixture_end(&f);
}
END_TEST

/* ---- Faults ------------------------------------------------------------------------------------------------------ */

START_TEST(a_full_disk_leaves_the_older_model)
{
    fixture f;
    hone_error err;
    struct rlimit old, small;
    begin(&f);
    train(&f, bert, "");
    hone__parts *parts = fixture_parts(&f);
    const char *path = fixture_path(&f, "model");
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 2000;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    const hone_status status = hone__model_save(parts, NULL, 0, path, &err);
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, SIG_DFL);
    ck_assert_int_eq(status, HONE_EIO);
    hone__parts_destroy(parts);
    ck_assert(!hone__exists(fixture_path(&f, "model.new")));
    ck_assert_msg(evaluate_again(&f, "model", &err) == HONE_OK, "%s", err.msg);
    same_predictions(&f);
    fixture_end(&f);
}
END_TEST

START_TEST(any_allocation_may_fail_while_a_model_is_opened_and_used)
{
    fixture f;
    hone_error err = {0};
    hone_status status = HONE_ENOMEM;
    begin(&f);
    train(&f, bag, "");
    for (int64_t n = 1; status != HONE_OK; n += 1 + n / 50) {
        ck_assert_msg(n < 1000000, "%s", err.msg);
        hone__alloc_fail_at(n);
        status = evaluate_again(&f, "model", &err);
        hone__alloc_fail_at(0);
        ck_assert_msg(status == HONE_OK || status == HONE_ENOMEM, "allocation %lld: %s", (long long)n, err.msg);
    }
    same_predictions(&f);
    fixture_end(&f);
}
END_TEST

START_TEST(calibration_comes_back)
{
    static const unsigned char bytes[] = {0, 1, 254, 255};
    fixture f;
    hone_error err;
    hone__trained *t = NULL;
    begin(&f);
    load(&f, bag, "");
    hone__parts *parts = fixture_parts(&f);
    ck_assert_msg(hone__model_save(parts, bytes, sizeof bytes, fixture_path(&f, "model"), &err) == HONE_OK, "%s", err.msg);
    hone__parts_destroy(parts);
    ck_assert_msg(open_model(&f, "model", &t, &err) == HONE_OK, "%s", err.msg);
    ck_assert_uint_eq(t->n_calibration, sizeof bytes);
    ck_assert_mem_eq(t->calibration, bytes, sizeof bytes);
    hone__trained_close(t);
    fixture_end(&f);
}
END_TEST

SUITE("model_dir", every_layout_predicts_the_same_bits_again, config_json_has_the_keys_of_transformers,
      a_trained_model_is_a_path_and_its_head_is_used_where_asked, a_head_that_does_not_fit_is_refused_with_what_differs,
      broken_folders_are_refused_with_what_is_wrong, weights_in_several_files_are_read_and_their_names_lead_nowhere_else,
      a_full_disk_leaves_the_older_model, any_allocation_may_fail_while_a_model_is_opened_and_used, calibration_comes_back)
