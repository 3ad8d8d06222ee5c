/* reader.c - what a reader promises: bad input gets an error or examples, never a crash, and the same input the same examples.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conformance/kinds.h"
#include "data/example.h"

#include <string.h>

/* Reads bytes as a file, into *corpus where that succeeds. */
static hone_status read_bytes(hone__lab *lab, const hone_self *self, const char *bytes, size_t n, hone_corpus **corpus,
                              hone_error *err)
{
    const hone_reader *reader = (const hone_reader *)(const void *)lab->table;
    const bool gold = reader->target(self) != HONE_TARGET_NONE;
    const hone_source source = {
        .size = sizeof source, .path = "bytes of the check", .split = "train", .bytes = bytes, .n = n, .needs_gold = gold};
    hone_sink *sink = hone__sink_create(&(hone__sink_setup){.arena = lab->arena,
                                                            .file = source.path,
                                                            .split = source.split,
                                                            .reader = lab->table->name,
                                                            .fields = reader->fields(self),
                                                            .target = reader->target(self),
                                                            .needs_gold = gold});
    if (!sink)
        return hone_no_memory(err, "reading bytes");
    hone_status status = reader->read(self, &source, sink, err);
    if (status == HONE_OK)
        status = hone__sink_finish(sink, corpus, err);
    hone__sink_destroy(sink);
    return status;
}

static const struct {
    const char *bytes;
    size_t n;
} files[] = {
#define F(text)                                                                                                                \
    {                                                                                                                          \
        text, sizeof text - 1                                                                                                  \
    }
    F(""),
    F("\n\n\n"),
    F("text\tlabel\none two\ta\nthree\tb\n"),
    F("label\ttext\na\tone two\nb\tthree\n"),
    F("text,label\n\"quoted, text\",a\nplain,b\n"),
    F("text\tlabel\nno end of line\ta"),
    F("text\tlabel\n\"open quote\ta\n"),
    F("a\tb\tc\nragged\n"),
    F("{\"text\": \"x\", \"label\": \"a\"}\n"),
    F("{\"text\": \"x\", \"label\":"),
    F("\xff\xfe\x00\x01 not text"),
    F("\xef\xbb\xbftext\tlabel\r\nwith bom and crlf\ta\r\n"),
    F("nul\0inside\tlabel\n"),
    F("\t\t\t\t\n,,,,\n"),
#undef F
};

static hone_status any_bytes_give_examples_or_an_error(hone__lab *lab, hone_error *err)
{
    hone_self *self;
    HONE_TRY(hone__lab_self(lab, &self, err));
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++)
        for (size_t n = files[f].n; n + 8 > files[f].n && n <= files[f].n; n--) { /* whole, and cut at its end */
            hone_corpus *corpus;
            hone_error why = {0};
            char *bytes = hone_alloc(lab->arena, n + 1); /* its own block: reading behind it is seen by the sanitizer */
            if (!bytes)
                return hone_no_memory(err, "reading bytes");
            memcpy(bytes, files[f].bytes, n);
            const hone_status status = read_bytes(lab, self, bytes, n, &corpus, &why);
            HONE__EXPECT(status == HONE_OK || why.msg[0], "file %zu, cut to %zu bytes, fails without a message", f, n);
        }
    return HONE_OK;
}

static hone_status same_bytes_give_the_same_examples(hone__lab *lab, hone_error *err)
{
    hone_self *self;
    HONE_TRY(hone__lab_self(lab, &self, err));
    size_t read = 0;
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        hone_corpus *first, *second;
        hone_error why;
        char one[65], two[65];
        if (read_bytes(lab, self, files[f].bytes, files[f].n, &first, &why) != HONE_OK)
            continue;
        HONE_TRY(read_bytes(lab, self, files[f].bytes, files[f].n, &second, err));
        HONE_TRY(hone__corpus_hash(first, one, err));
        HONE_TRY(hone__corpus_hash(second, two, err));
        HONE__EXPECT(strcmp(one, two) == 0, "file %zu gives other examples when it is read again", f);
        read++;
    }
    if (read == 0)
        HONE__LEAVE_OUT("it reads none of the files of this check");
    return HONE_OK;
}

static hone_status it_names_its_target_and_fields(hone__lab *lab, hone_error *err)
{
    const hone_reader *reader = (const hone_reader *)(const void *)lab->table;
    hone_self *self;
    HONE_TRY(hone__lab_self(lab, &self, err));
    HONE__EXPECT(reader->target(self) <= HONE_TARGET_OTHER, "its target has the number %d", (int)reader->target(self));
    const char *const *fields = reader->fields(self);
    HONE__EXPECT(fields && fields[0], "it names no fields");
    for (uint64_t i = 0; reader->label && i < 1000000; i++)
        if (!reader->label(self, i))
            return HONE_OK;
    HONE__EXPECT(!reader->label, "its list of labels has no end");
    return HONE_OK;
}

const hone__check hone__checks_of_reader[] = {
    {"it names its target and its fields", it_names_its_target_and_fields},
    {"any bytes give examples or an error", any_bytes_give_examples_or_an_error},
    {"the same bytes give the same examples", same_bytes_give_the_same_examples},
    {NULL, NULL},
};
