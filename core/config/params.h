/* params.h - YAML against parameter tables: checking, filling structs, and writing them back with every default.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_CONFIG_PARAMS_H
#define HONE_CORE_CONFIG_PARAMS_H

#include "config/yaml.h"
#include "plugin/registry.h"

/* All mistakes of a file, each one sentence that begins "file:line:column: ". */
typedef struct hone__issues {
    hone_arena *arena;
    const char **text; /* [n] in the order of the file once sorted */
    uint32_t *line, *column;
    size_t n, cap;
    bool failed; /* memory was short: the list is not complete */
} hone__issues;

void hone__issue_at(hone__issues *issues, const hone__yaml *node, const char *fmt, ...) HONE_PRINTF(3, 4);  /* at its value */
void hone__issue_key(hone__issues *issues, const hone__yaml *node, const char *fmt, ...) HONE_PRINTF(3, 4); /* at its key */
void hone__issues_sort(hone__issues *issues);                           /* and drops what is there twice */
void hone__issues_take(hone__issues *issues, const hone__issues *from); /* adds another list's */
/* HONE_OK where there are none; else HONE_ECONFIG with the first and how many more there are. */
hone_status hone__issues_status(const hone__issues *issues, hone_error *err) HONE_CHECKED;

/* A use of a plugin as the file describes it: `{type: adamw, ...}` or just its name. */
typedef struct hone__section {
    const hone__plugin *plugin; /* NULL: absent */
    const void *params;         /* its struct, or NULL where it has no rows */
    const void *common;         /* the struct of the kind's common rows, or NULL */
    hone__yaml *node;           /* complete: type, common rows and rows, every default written out */
} hone__section;

typedef struct hone__fill {
    hone_arena *arena;
    hone__registry *registry;
    hone__issues *issues;
    const char *base_dir;  /* HONE_PATH strings are relative to it, and must exist; NULL: left as written, unchecked */
    const char *model_dir; /* the same for HONE_MODEL_PATH */
    const char *path;      /* dotted path of what is filled, for messages ("optimizer"); NULL: the top of the file */
    const char *precision; /* trainer.precision as written, by which `type: auto` is chosen; NULL: float32 */
} hone__fill;

/* Fills `out` (the zeroed struct of the rows, which are the host's own or adopted) from a map (NULL: all defaults), and *complete
 * (may be NULL) with a map that holds every row. Nodes of *complete that come from defaults have line 0 and the origin "default".
 * Keys that are no row are issues. PLUGIN rows become instances whose create() has not been called (hone__params_plugins finds
 * them). Mistakes go to the issues; the status fails only where memory is short or a plugin cannot be loaded. */
hone_status hone__params_fill(const hone__fill *fill, const hone_param *rows, size_t n, const hone__yaml *node, void *out,
                              hone__yaml **complete, hone_error *err) HONE_CHECKED;

/* Calls `visit` for every plugin that a filled struct names, in the order of the rows, those inside another's parameters first. */
typedef hone_status (*hone__plugin_visit)(void *ctx, const hone_param *row, hone_self *instance, hone_error *err);
hone_status hone__params_plugins(const hone_param *rows, size_t n, const void *params, hone__plugin_visit visit, void *ctx,
                                 hone_error *err) HONE_CHECKED;

/* A whole section. `common` (may be NULL) are rows that every plugin of the kind has. */
typedef struct hone__common {
    const hone_param *rows;
    size_t n, params_size;
} hone__common;
hone_status hone__section_fill(const hone__fill *fill, hone_kind kind, const hone__common *common, const hone__yaml *node,
                               const char *default_type, hone__section *section, hone_error *err) HONE_CHECKED;
extern const hone__common hone__common_rows[HONE_KIND_COUNT]; /* by kind; n 0 where there are none */

/* Overrules defaults of a section's rows by the equally named members of a JSON object (config.json), where the file did not
 * set them. Members without a row are left alone. */
struct json_t;
hone_status hone__section_defaults(const hone__fill *fill, hone__section *section, const void *json_object,
                                   const char *json_name, hone_error *err) HONE_CHECKED;

/* One value against one row, for the search space: writes an issue and returns false where it does not fit. */
bool hone__param_accepts(const hone__fill *fill, const hone_param *row, const hone__yaml *value);

/* The range as words: "in [0, 1)", "one of gelu, relu", "an integer >= 1". */
const char *hone__param_allowed(const hone_param *row, char *out, size_t size);

#endif
