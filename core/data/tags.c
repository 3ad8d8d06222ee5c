/* tags.c - schemes of tags that mark chunks.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/tags.h>

#include <string.h>

const char *const hone_tag_schemes[] = {"none", "bio", "iob1", "bioes", "bmes", NULL};

static const char *const prefixes[] = {[HONE_SCHEME_NONE] = "",
                                       [HONE_SCHEME_BIO] = "OBI",
                                       [HONE_SCHEME_IOB1] = "OIB",
                                       [HONE_SCHEME_BIOES] = "OBIES",
                                       [HONE_SCHEME_BMES] = "OBMES"};

hone_tag hone_tag_of(const char *name)
{
    const bool with_type = name && name[0] && name[1] == '-' && name[2];
    if (!name || !name[0] || !strchr("OBIMESLU", name[0]) || (name[1] && !with_type))
        return (hone_tag){'\0', ""};
    return (hone_tag){name[0], with_type ? name + 2 : ""};
}

bool hone_tag_fits(hone_tag_scheme scheme, const hone_tag *tag)
{
    if (scheme == HONE_SCHEME_NONE)
        return true;
    return tag->prefix && strchr(prefixes[scheme], tag->prefix) && (tag->prefix != 'O' || !*tag->type);
}

static bool is_one_of(const hone_tag *tag, const char *set)
{
    return tag && tag->prefix && strchr(set, tag->prefix);
}

static bool same_type(const hone_tag *a, const hone_tag *b)
{
    return a && b && strcmp(a->type, b->type) == 0;
}

bool hone_tag_follows(hone_tag_scheme scheme, const hone_tag *before, const hone_tag *tag)
{
    switch (scheme) {
    case HONE_SCHEME_BIO:
        return !is_one_of(tag, "I") || (is_one_of(before, "BI") && same_type(before, tag));
    case HONE_SCHEME_IOB1:
        return !is_one_of(tag, "B") || (is_one_of(before, "BI") && same_type(before, tag));
    case HONE_SCHEME_BIOES:
    case HONE_SCHEME_BMES:
        if (is_one_of(before, "BIM")) /* a chunk is open: it must go on */
            return is_one_of(tag, "IME") && same_type(before, tag);
        return !is_one_of(tag, "IME");
    default:
        return true;
    }
}

/* ---- Chunks ------------------------------------------------------------------------------------------------------ */

/* The prefixes of other schemes as those of bioes. */
static hone_tag plain_tag(const char *name)
{
    hone_tag tag = hone_tag_of(name);
    static const char from[] = "MLU", to[] = "IES";
    const char *at = tag.prefix ? strchr(from, tag.prefix) : NULL;
    if (at)
        tag.prefix = to[at - from];
    if (!tag.prefix)
        tag = (hone_tag){'O', ""};
    return tag;
}

/* Source: the rules of conlleval (Tjong Kim Sang and Buchholz 2000). */
static bool ends_between(const hone_tag *before, const hone_tag *tag)
{
    if (before->prefix == 'O')
        return false;
    return is_one_of(before, "ES") || is_one_of(tag, "BSO") || !same_type(before, tag);
}

static bool begins_at(const hone_tag *before, const hone_tag *tag)
{
    if (tag->prefix == 'O')
        return false;
    return is_one_of(tag, "BS") || is_one_of(before, "ESO") || !same_type(before, tag);
}

uint64_t hone_chunks_of(const char *const *tags, uint64_t n, hone_chunk *chunks)
{
    const hone_tag outside = {'O', ""};
    hone_tag before = outside;
    uint64_t n_chunks = 0, begin = 0;
    for (uint64_t i = 0; i <= n; i++) {
        const hone_tag tag = i < n ? plain_tag(tags[i]) : outside;
        if (ends_between(&before, &tag))
            chunks[n_chunks++] = (hone_chunk){begin, i, before.type};
        if (begins_at(&before, &tag))
            begin = i;
        before = tag;
    }
    return n_chunks;
}
