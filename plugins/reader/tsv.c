/* tsv.c - reader of tab-separated values: text, a second text, a label or a score, an id.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

static const char *const quotings[] = {HONE_QUOTINGS, NULL}, *const delimiters[] = {HONE_DELIMITERS, NULL};

static const hone_param column_rows[] = {HONE_COLUMN_ROWS};

static const hone_param rows[] = {
    HONE_PARAM_TABLE(hone_delimited, columns, hone_columns, column_rows,
                     .help = "which column holds what: names in the header, or numbers from 1 without one"),
    HONE_PARAM_BOOL(hone_delimited, header, .def_int = 1, .help = "the first row names the columns"),
    HONE_PARAM_CHOICE(hone_delimited, quoting, quotings, .def_text = "none",
                      .help = "none: a quote is a character like any other; csv: cells may be quoted as in RFC 4180"),
    HONE_PARAM_CHOICE(hone_delimited, delimiter, delimiters, .def_text = "tab", .help = "what stands between two columns"),
    HONE_LABEL_SEPARATOR_ROW,
};

static hone_status create(const hone_self *self, hone_error *err)
{
    return hone_delimited_check(self->params, err);
}

static hone_target target(const hone_self *self)
{
    return hone_delimited_target(self->params);
}

static const char *const *fields(const hone_self *self)
{
    return hone_delimited_fields(self->params);
}

static hone_status read(const hone_self *self, const hone_source *source, hone_sink *sink, hone_error *err)
{
    return hone_delimited_read(self->params, self->step, source, sink, err);
}

static const hone_reader tsv = {
    .plugin = {HONE_PLUGIN(hone_reader, HONE_KIND_READER), .name = "tsv", .summary = "tab-separated values, one example a line",
               .help = "data: {type: tsv, train: train.tsv, columns: {text: sentence, label: label}}",
               HONE_PARAMS(hone_delimited, rows)},
    .create = create,
    .target = target,
    .read = read,
    .fields = fields,
};

HONE_MODULE(&tsv.plugin);
