/* yaml_complaint.c - libyaml's complaints in words that say what to do.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "config/yaml_parts.h"
#include <string.h>

/* The first row whose problem and context begin libyaml's applies; NULL fits all. */
typedef struct complaint {
    const char *problem, *context;
    bool at_context; /* the mistake is where the thing began, not where libyaml noticed */
    const char *sentence;
} complaint;

static const complaint complaints[] = {
    {NULL, "while scanning an anchor", true,
     "anchors ('&name') are not allowed; put the value in quotes if it begins with '&'"},
    {NULL, "while scanning an alias", true, "aliases ('*name') are not allowed; put the value in quotes if it begins with '*'"},
    {NULL, "while scanning a tag", true, "a value that begins with '!' is a tag; put it in quotes"},
    {NULL, "while parsing a tag", true, "a value that begins with '!' is a tag; put it in quotes"},
    {"found undefined tag handle", NULL, false, "custom tags are not allowed; put the value in quotes if it begins with '!'"},
    {NULL, "while scanning a directive", true, "a line that begins with '%' can only be '%YAML 1.2'"},
    {NULL, "while scanning a %YAML directive", true, "a line that begins with '%' can only be '%YAML 1.2'"},
    {"found incompatible YAML document", NULL, false, "this YAML version is unknown; '%YAML 1.2' is what is read here"},
    {"found duplicate %YAML directive", NULL, false, "there is a second %YAML line"},
    {"could not find expected ':'", NULL, true, "there is no ':' after this key"},
    {"mapping values are not allowed", NULL, false,
     "a ':' cannot stand here; put the value in quotes if the ':' is part of it, or mend the indentation"},
    {"block sequence entries are not allowed", NULL, false,
     "a list item ('- ') cannot begin here; put it on a line of its own below its key"},
    {"mapping keys are not allowed", NULL, false, "a key ('? ') cannot begin here"},
    {"found a tab character", NULL, false, "a tab is used for indentation; use blanks"},
    {"found unexpected end of stream", "while scanning a quoted scalar", true, "this quote is never closed"},
    {"found unexpected document indicator", NULL, true,
     "this quote is not closed before a line that begins with '---' or '...'"},
    {"found unknown escape character", NULL, false,
     "this escape is unknown; between double quotes a backslash is written '\\\\', between single quotes it is itself"},
    {"did not find expected hexdecimal number", NULL, false, "\\x, \\u and \\U are followed by 2, 4 and 8 hexadecimal digits"},
    {"found invalid Unicode character escape code", NULL, false, "this escape does not name a character"},
    {NULL, "while scanning a block scalar", false,
     "'|' or '>' may be followed by '+' or '-', a digit from 1 to 9 and a comment, and by nothing else on its line"},
    {"did not find expected ',' or ']'", NULL, false, "a ',' or ']' is missing in the list that begins on line %zu"},
    {"did not find expected ',' or '}'", NULL, false, "a ',' or '}' is missing in the map that begins on line %zu"},
    {"did not find expected '-' indicator", NULL, false,
     "a list item ('- ') should stand here, in one column with the item on line %zu"},
    {"did not find expected key", NULL, false,
     "a key should stand here: something follows a value on its line, or this line is not in one column with the key on line "
     "%zu"},
    {"did not find expected node content", NULL, false, "a value should stand here"},
    {"did not find expected <document start>", NULL, false,
     "the document is over before this; is the line indented like those above?"},
    {"found unexpected ':'", NULL, false, "put the value in quotes if the ':' is part of it"},
};

static bool begins(const char *text, const char *start)
{
    return start == NULL || (text != NULL && strncmp(text, start, strlen(start)) == 0);
}

static const complaint *find_complaint(const yaml_parser_t *parser)
{
    for (size_t i = 0; i < sizeof complaints / sizeof *complaints; i++)
        if (begins(parser->problem, complaints[i].problem) && begins(parser->context, complaints[i].context))
            return &complaints[i];
    return NULL;
}

static size_t utf8_width(unsigned char lead)
{
    return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

hone__yaml_place hone__yaml_place_of(const unsigned char *bytes, size_t n, size_t offset)
{
    hone__yaml_place place = {1, 1};
    for (size_t i = 0; i < n && i < offset; i++) {
        bool breaks = bytes[i] == '\n' || (bytes[i] == '\r' && !(i + 1 < n && bytes[i + 1] == '\n'));
        if (breaks) {
            place.line++;
            place.column = 1;
        } else if (bytes[i] != '\r' && (bytes[i] & 0xC0) != 0x80) {
            place.column++;
        }
    }
    return place;
}

/* Bytes that are no text: libyaml says at which. */
static hone_status complain_of_bytes(hone_error *err, const char *origin, const yaml_parser_t *parser,
                                     const unsigned char *bytes, size_t n)
{
    hone__yaml_place place = hone__yaml_place_of(bytes, n, parser->problem_offset);
    if (begins(parser->problem, "control characters"))
        return hone__yaml_fail(err, origin, place,
                               "the control character 0x%02X is not allowed; is this a text file? Between double quotes it can "
                               "be written as an escape",
                               (unsigned)parser->problem_value);
    return hone__yaml_fail(err, origin, place, "the byte 0x%02X does not belong to UTF-8; save the file as UTF-8",
                           parser->problem_offset < n ? bytes[parser->problem_offset] : 0u);
}

/* The text from a mark on; libyaml's marks count characters, not bytes. */
static const unsigned char *text_at(yaml_mark_t mark, const unsigned char *bytes, size_t n)
{
    size_t i = 0;
    for (size_t left = mark.index; left > 0 && i < n; left--)
        i += utf8_width(bytes[i]);
    return i < n ? bytes + i : (const unsigned char *)"";
}

static hone_status complain_of_token(hone_error *err, const char *origin, hone__yaml_place place, const unsigned char *text)
{
    char token[8] = "", shown[32];
    if (*text == '\t')
        return hone__yaml_fail(err, origin, place, "a tab is used for indentation; use blanks");
    token[0] = (char)*text;
    return hone__yaml_fail(err, origin, place, "a value cannot begin with '%s'; put it in quotes",
                           hone__shown(token, shown, sizeof shown));
}

hone_status hone__yaml_complain(hone_error *err, const char *origin, const yaml_parser_t *parser, const unsigned char *bytes,
                                size_t n)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return hone_no_memory(err, "reading YAML");
    if (parser->error == YAML_READER_ERROR)
        return complain_of_bytes(err, origin, parser, bytes, n);

    const complaint *row = find_complaint(parser);
    yaml_mark_t mark = row != NULL && row->at_context ? parser->context_mark : parser->problem_mark;
    hone__yaml_place place = {mark.line + 1, mark.column + 1};
    if (begins(parser->problem, "found character that cannot start any token"))
        return complain_of_token(err, origin, place, text_at(mark, bytes, n));
    if (row == NULL)
        return hone__yaml_fail(err, origin, place, "%s", parser->problem != NULL ? parser->problem : "this is not YAML");
    const char *line_goes_here = strstr(row->sentence, "%zu");
    if (line_goes_here == NULL)
        return hone__yaml_fail(err, origin, place, "%s", row->sentence);
    return hone__yaml_fail(err, origin, place, "%.*s%zu%s", (int)(line_goes_here - row->sentence), row->sentence,
                           parser->context_mark.line + 1, line_goes_here + 3);
}
