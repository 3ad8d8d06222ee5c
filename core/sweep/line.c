/* line.c - a YAML value on one line.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sweep/line.h"

static void add_scalar(const hone__yaml *node, hone__str *out)
{
    switch (node->type) {
    case HONE__YAML_NULL:
        hone__str_add(out, "null");
        break;
    case HONE__YAML_BOOL:
        hone__str_add(out, node->truth ? "true" : "false");
        break;
    case HONE__YAML_INT:
        hone__str_addf(out, "%lld", (long long)node->integer);
        break;
    case HONE__YAML_REAL:
        hone__str_add_real(out, node->real);
        break;
    default:
        hone__str_add(out, node->text);
    }
}

void hone__yaml_line(const hone__yaml *node, hone__str *out)
{
    if (node->type != HONE__YAML_MAP && node->type != HONE__YAML_LIST) {
        add_scalar(node, out);
        return;
    }
    bool map = node->type == HONE__YAML_MAP;
    hone__str_add(out, map ? "{" : "[");
    for (const hone__yaml *c = node->child; c; c = c->next) {
        if (c != node->child)
            hone__str_add(out, ", ");
        if (map)
            hone__str_addf(out, "%s: ", c->key);
        hone__yaml_line(c, out);
    }
    hone__str_add(out, map ? "}" : "]");
}
