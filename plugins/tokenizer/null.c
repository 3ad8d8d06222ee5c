/* null.c - the tokenizer without a vocabulary: every byte is a token.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/data.h>

#include <stdio.h>

enum { PAD, UNK, CLS, SEP, MASK, FIRST_BYTE, VOCABULARY = FIRST_BYTE + 256, LONGEST_NAME = 8 };

typedef struct state {
    char names[VOCABULARY][LONGEST_NAME];
} state;

static hone_status create(const hone_self *self, const char *dir, const hone_corpus *train, hone_error *err)
{
    static const char *const special[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
    state *s = self->state;
    (void)dir;
    (void)train;
    (void)err;
    for (int i = 0; i < VOCABULARY; i++)
        if (i < FIRST_BYTE)
            snprintf(s->names[i], LONGEST_NAME, "%s", special[i]);
        else
            snprintf(s->names[i], LONGEST_NAME, "<0x%02X>", (unsigned)(i - FIRST_BYTE));
    return HONE_OK;
}

static hone_status info(const hone_self *self, hone_tokenizer_info *out, hone_error *err)
{
    static const hone_template_item single[] = {{.piece = -1, .id = CLS}, {.piece = 0}, {.piece = -1, .id = SEP}};
    static const hone_template_item pair[] = {{.piece = -1, .id = CLS},
                                              {.piece = 0},
                                              {.piece = -1, .id = SEP},
                                              {.piece = 1, .type = 1},
                                              {.piece = -1, .id = SEP, .type = 1}};
    (void)self;
    (void)err;
    *out = (hone_tokenizer_info){.size = out->size,
                                 .vocabulary = VOCABULARY,
                                 .pad = PAD,
                                 .unk = UNK,
                                 .cls = CLS,
                                 .sep = SEP,
                                 .mask = MASK,
                                 .single = single,
                                 .pair = pair,
                                 .n_single = sizeof single / sizeof single[0],
                                 .n_pair = sizeof pair / sizeof pair[0],
                                 .item_size = sizeof(hone_template_item)};
    return HONE_OK;
}

/* Bytes of the character that begins at text[i]: continuation bytes are 10xxxxxx. */
static size_t character(const char *text, size_t n, size_t i)
{
    size_t end = i + 1;
    while (end < n && ((unsigned char)text[end] & 0xC0) == 0x80)
        end++;
    return end - i;
}

static hone_status encode(const hone_self *self, const char *text, size_t n, hone_token_sink *out, hone_error *err)
{
    (void)self;
    for (size_t begin = 0, end; begin < n; begin = end) {
        end = begin + character(text, n, begin);
        for (size_t i = begin; i < end; i++)
            HONE_TRY(hone_token_add(out, FIRST_BYTE + (unsigned char)text[i], begin, end, err));
    }
    return HONE_OK;
}

static const char *token(const hone_self *self, int32_t id)
{
    return id >= 0 && id < VOCABULARY ? ((const state *)self->state)->names[id] : NULL;
}

static hone_status save(const hone_self *self, const char *dir, hone_error *err)
{
    (void)self;
    (void)dir;
    (void)err;
    return HONE_OK; /* create() needs no files */
}

static const hone_tokenizer null_tokenizer = {
    .plugin = {HONE_PLUGIN(hone_tokenizer, HONE_KIND_TOKENIZER), .name = "null", .summary = "every byte is a token",
               .state_size = sizeof(state)},
    .create = create,
    .info = info,
    .encode = encode,
    .token = token,
    .save = save,
};
HONE_MODULE(&null_tokenizer.plugin);
