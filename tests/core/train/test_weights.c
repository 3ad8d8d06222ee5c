/* test_weights.c - model directories: names of other times, what is missing, too much or misshaped, and other families.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "tensor/half.h"
#include "trial_fixture.h"

static const char yaml[] =
    "data: {type: tsv, train: train.tsv, validation: train.tsv, quoting: none, columns: {text: text, label: label}}\n"
    "tokenizer: {type: whitespace}\n"
    "model: {type: bert, path: model%s}\n"
    "head: {type: classification, pooling: %s}\n"
    "metrics: [accuracy]\ntrainer: {threads: 1}\n";

/* The smallest BERT: no layers; 4 columns. */
static const char config[] =
    "{\"model_type\": \"%s\", \"hidden_size\": 4, \"num_hidden_layers\": 0, \"num_attention_heads\": 2, "
    "\"vocab_size\": 12, \"max_position_embeddings\": 8, \"hidden_act\": \"relu\"}\n";

typedef struct tensor_of_file {
    const char *name;
    int64_t rows, columns; /* columns 0: rank 1 */
} tensor_of_file;

static const tensor_of_file complete[] = {{"embeddings.word_embeddings.weight", 12, 4},
                                          {"embeddings.position_embeddings.weight", 8, 4},
                                          {"embeddings.token_type_embeddings.weight", 2, 4},
                                          {"embeddings.LayerNorm.weight", 4, 0},
                                          {"embeddings.LayerNorm.bias", 4, 0},
                                          {"pooler.dense.weight", 4, 4},
                                          {"pooler.dense.bias", 4, 0}};
enum { COMPLETE = sizeof complete / sizeof *complete, MOST = 16 };

static void begin(fixture *f, const char *model_type, const char *more, const char *pooling)
{
    char text[4096];
    fixture_begin(f);
    ck_assert_int_eq(hone__make_dirs(fixture_path(f, "model"), NULL), HONE_OK);
    fixture_write(f, "train.tsv", "text\tlabel\na b\tx\nb c\ty\n");
    snprintf(text, sizeof text, config, model_type);
    fixture_write(f, "model/config.json", text);
    fixture_write(f, "model/vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\n");
    snprintf(text, sizeof text, yaml, more, pooling);
    fixture_write(f, "trial.yaml", text);
}

/* What a file of that type keeps of a number. */
static float kept(float x, hone_dtype dtype)
{
    return dtype == HONE_F16    ? hone__f16_to_f32(hone__f32_to_f16(x))
           : dtype == HONE_BF16 ? hone__bf16_to_f32(hone__f32_to_bf16(x))
                                : x;
}

/* In place: half the bytes at the beginning. */
static void narrow(float *data, int64_t n, hone_dtype dtype)
{
    for (int64_t i = 0; i < n && dtype != HONE_F32; i++) {
        const uint16_t half = dtype == HONE_F16 ? hone__f32_to_f16(data[i]) : hone__f32_to_bf16(data[i]);
        memcpy((char *)data + 2 * i, &half, sizeof half);
    }
}

/* Element i of tensor t is 100 t + i. */
static void write_tensors(const fixture *f, const tensor_of_file *tensors, size_t n, hone_dtype dtype)
{
    hone__st_item items[MOST];
    hone_error err;
    for (size_t t = 0; t < n; t++) {
        const int64_t count = tensors[t].rows * (tensors[t].columns ? tensors[t].columns : 1);
        float *data = hone_alloc_array(f->arena, (size_t)count, sizeof *data);
        ck_assert_ptr_nonnull(data);
        for (int64_t i = 0; i < count; i++)
            data[i] = (float)(100 * (int)t + (int)i);
        narrow(data, count, dtype);
        items[t] = (hone__st_item){
            tensors[t].name,
            {.data = data,
             .dtype = dtype,
             .shape = tensors[t].columns ? hone_shape_2(tensors[t].rows, tensors[t].columns) : hone_shape_1(tensors[t].rows)}};
    }
    ck_assert_msg(hone__st_write(fixture_path(f, "model/model.safetensors"), items, n, NULL, 0, &err) == HONE_OK, "%s",
                  err.msg);
}

static hone_status load(fixture *f, hone__parts **parts, hone_error *err)
{
    hone__issues issues = {.arena = f->arena};
    *parts = NULL;
    const hone_status status =
        hone__experiment_load(f->arena, f->registry, fixture_path(f, "trial.yaml"), NULL, 0, &f->experiment, &issues, err);
    if (status != HONE_OK)
        return status;
    f->setup = (hone__trial_setup){.experiment = f->experiment, .registry = f->registry, .dir = f->dir};
    return hone__parts_create(&f->setup, parts, err);
}

/* Loads a file of these tensors; element 1 of tensor t of `complete` must be 100 t + 1, as far as the file can keep it. */
static void loads_as(hone_dtype dtype, const char *more, const char *pooling, const tensor_of_file *tensors, size_t n)
{
    fixture f;
    hone__parts *parts;
    hone_error err;
    begin(&f, "bert", more, pooling);
    write_tensors(&f, tensors, n, dtype);
    ck_assert_msg(load(&f, &parts, &err) == HONE_OK, "%s", err.msg);
    for (int t = 0; t < COMPLETE; t++) {
        char name[128];
        snprintf(name, sizeof name, "bert.%s", complete[t].name);
        const hone_tensor *value = hone_store_find(parts->network.store, name);
        if (value) {
            ck_assert_uint_eq(value->dtype, HONE_F32); /* trained in single precision, whatever the file has */
            ck_assert_float_eq(((const float *)value->data)[1], kept((float)(100 * t + 1), dtype));
        } else {
            ck_assert_msg(strncmp(complete[t].name, "pooler", 6) == 0 && strcmp(pooling, "pooler") != 0, "no %s", name);
        }
    }
    hone__parts_destroy(parts);
    fixture_end(&f);
}

static void loads(const char *more, const char *pooling, const tensor_of_file *tensors, size_t n)
{
    loads_as(HONE_F32, more, pooling, tensors, n);
}

/* `complete`, with every name changed. */
static size_t renamed(tensor_of_file *out, const char *prefix, bool old_norms, char names[][128])
{
    for (size_t t = 0; t < COMPLETE; t++) {
        const char *name = complete[t].name;
        if (old_norms && strstr(name, "LayerNorm"))
            name = strstr(name, "weight") ? "embeddings.LayerNorm.gamma" : "embeddings.LayerNorm.beta";
        snprintf(names[t], 128, "%s%s", prefix, name);
        out[t] = complete[t];
        out[t].name = names[t];
    }
    return COMPLETE;
}

START_TEST(names_with_and_without_prefix_and_of_other_times_load)
{
    tensor_of_file tensors[MOST];
    char names[MOST][128];
    loads("", "pooler", complete, COMPLETE);
    loads("", "pooler", tensors, renamed(tensors, "bert.", false, names));
    loads("", "pooler", tensors, renamed(tensors, "bert.", true, names));
    loads(", freeze: {embeddings: true}", "pooler", tensors, renamed(tensors, "", true, names));
    loads("", "mean", complete, COMPLETE); /* the pooler is not needed */
}
END_TEST

START_TEST(files_in_half_precision_load_as_float32)
{
    loads_as(HONE_F16, "", "pooler", complete, COMPLETE);
    loads_as(HONE_BF16, "", "pooler", complete, COMPLETE);
    loads_as(HONE_F16, ", freeze: {embeddings: true}", "pooler", complete, COMPLETE);
    loads_as(HONE_BF16, ", freeze: {embeddings: true}", "pooler", complete, COMPLETE);
}
END_TEST

START_TEST(known_surplus_and_other_heads_are_left_alone)
{
    tensor_of_file tensors[MOST];
    char names[MOST][128];
    size_t n = renamed(tensors, "bert.", true, names);
    tensors[n++] = (tensor_of_file){"cls.predictions.bias", 12, 0};
    tensors[n++] = (tensor_of_file){"bert.embeddings.position_ids", 8, 0};
    tensors[n++] = (tensor_of_file){"qa_outputs.bias", 2, 0};
    tensors[n++] = (tensor_of_file){"classifier.bias", 7, 0}; /* of other labels: ours is new */
    loads("", "pooler", tensors, n);
}
END_TEST

static void refused_with(const tensor_of_file *tensors, size_t n, const char *const *says, size_t n_says)
{
    fixture f;
    hone__parts *parts;
    hone_error err;
    begin(&f, "bert", "", "pooler");
    write_tensors(&f, tensors, n, HONE_F32);
    ck_assert_int_eq(load(&f, &parts, &err), HONE_EFORMAT);
    for (size_t i = 0; i < n_says; i++)
        ck_assert_msg(strstr(err.msg, says[i]) != NULL, "%s lacks: %s", err.msg, says[i]);
    fixture_end(&f);
}

START_TEST(missing_misshaped_and_surplus_tensors_are_named_in_one_message)
{
    static const char *const says[] = {"missing: bert.pooler.dense.bias",
                                       "embeddings.position_embeddings.weight is [9, 4] but must be [8, 4]",
                                       "not known to this model: embeddings.colour"};
    tensor_of_file tensors[COMPLETE];
    memcpy(tensors, complete, sizeof complete);
    tensors[1].rows = 9;
    tensors[COMPLETE - 1].name = "embeddings.colour";
    refused_with(tensors, COMPLETE, says, 3);
}
END_TEST

START_TEST(a_weight_that_stands_there_twice_is_refused)
{
    static const char *const says[] = {"two tensors", "bert.embeddings.LayerNorm.weight"};
    tensor_of_file tensors[MOST];
    char names[MOST][128];
    size_t n = renamed(tensors, "", false, names);
    tensors[n++] = (tensor_of_file){"embeddings.LayerNorm.gamma", 4, 0};
    refused_with(tensors, n, says, 2);
}
END_TEST

static void refused(const char *model_type, const char *file, hone_status status, const char *says)
{
    fixture f;
    hone__parts *parts;
    hone_error err;
    begin(&f, model_type, "", "pooler");
    if (file)
        fixture_write(&f, file, "x");
    const hone_status have = load(&f, &parts, &err);
    ck_assert_msg(have == status, "%s: %s", hone_status_name(have), err.msg);
    ck_assert_msg(strstr(err.msg, says) != NULL, "%s", err.msg);
    fixture_end(&f);
}

START_TEST(folders_that_hone_cannot_read_are_refused_with_what_to_do)
{
    refused("bert", NULL, HONE_ENOTFOUND, "no model.safetensors");
    refused("bert", "model/pytorch_model.bin", HONE_EUNSUPPORTED, "save_pretrained");
    refused("bert", "model/tf_model.h5", HONE_EUNSUPPORTED, "TensorFlow");
    refused("bert", "model/bert_model.ckpt.index", HONE_EUNSUPPORTED, "checkpoint");
    refused("gpt2", "model/model.safetensors", HONE_ECONFIG, "gpt2");
    refused("bert", "model/model.safetensors", HONE_EFORMAT, "model.safetensors");
}
END_TEST

START_TEST(patterns_match_any_run_and_any_character)
{
    ck_assert(hone__pattern_matches("*", ""));
    ck_assert(hone__pattern_matches("a*c", "abbc"));
    ck_assert(hone__pattern_matches("*.layer.?.*", "encoder.layer.3.output"));
    ck_assert(!hone__pattern_matches("*.layer.?.*", "encoder.layer.13.output"));
    ck_assert(!hone__pattern_matches("a", "ab"));
    ck_assert(!hone__pattern_matches("a?", "a"));
    ck_assert(hone__pattern_matches("*a*b", "xaxbxb"));
}
END_TEST

SUITE("weights", names_with_and_without_prefix_and_of_other_times_load, files_in_half_precision_load_as_float32,
      known_surplus_and_other_heads_are_left_alone, missing_misshaped_and_surplus_tensors_are_named_in_one_message,
      a_weight_that_stands_there_twice_is_refused, folders_that_hone_cannot_read_are_refused_with_what_to_do,
      patterns_match_any_run_and_any_character)
