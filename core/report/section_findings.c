/* section_findings.c - what the chosen trial's predictions show, and the same of the test data.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/sections.h"

#include <string.h>

/* One finding: a picture or a table of that name, with what is to be known about it. */
typedef struct part {
    enum { MATRIX, CURVES, RELIABILITY, THRESHOLDS, TABLE, CASES } what;
    const char *name, *note; /* note: of a table; may be NULL */
} part;

enum { MOST_PARTS = 6 };
static const struct group {
    const char *id;
    part parts[MOST_PARTS]; /* ended by one without a name */
} groups[] = {
    {"labels",
     {{TABLE, "per_class",
       "Precision, recall, F1 and support are those of scikit-learn's classification_report; accuracy stands below F1. Each "
       "area "
       "is that of one label against all others."},
      {TABLE, "per_type",
       "Precision, recall and F1 count what is right wholly. Of entities, a gold one is paired with the predicted one of the "
       "same "
       "words, else with the one that shares most words with it; what has no pair was missed, or is spurious."},
      {THRESHOLDS, "thresholds", NULL},
      {CURVES, "roc", NULL},
      {CURVES, "precision_recall", NULL}}},
    {"confusion",
     {{MATRIX, "entities", NULL},
      {MATRIX, "confusion_matrix", NULL},
      {TABLE, "confused_pairs", "% of gold: of all that is the gold one, the share that was taken for the other."}}},
    {"calibration",
     {{RELIABILITY, "calibration", NULL},
      {TABLE, "calibration",
       "The expected calibration error is the mean over predictions of the difference in their bin (Guo et al. 2017)."}}},
    {"slices",
     {{TABLE, "slices",
       "Groups of examples, the weakest first: the share that is wholly right with Wilson's 95 % interval; of masked words, "
       "the share of them that is right, of numbers the mean absolute error, of other targets the mean loss an item, with the "
       "normal one. Groups of fewer than 5 examples are left "
       "out."}}},
    {"errors",
     {{CASES, "errors",
       "\xe2\x9c\x93 predicted and gold, \xe2\x9c\x97 predicted but not gold, \xe2\x97\x8b gold but not predicted. By the loss "
       "an item; of tags, by that of the "
       "sentence. Behind a masked word stands what was predicted instead."}}},
    {"numbers", {{CURVES, "predicted_gold", NULL}, {CURVES, "residuals", NULL}, {TABLE, "regression", NULL}}},
};

static const struct group *group_of(const char *id)
{
    size_t i = 0;
    while (strcmp(groups[i].id, id) != 0)
        i++;
    return &groups[i];
}

static hone_status add_picture(hone__report *r, const hone__findings *f, const part *p, hone_error *err)
{
    const hone_matrix *matrix = p->what == MATRIX ? hone__findings_matrix(f, p->name) : NULL;
    const hone_curve *curve = p->what == CURVES ? hone__findings_curve(f, p->name) : NULL;
    const hone_table *table = p->what == RELIABILITY ? hone__findings_table(f, p->name) : NULL;
    if (matrix)
        HONE_TRY(hone__plot_matrix(r->plots, matrix, err));
    if (curve)
        HONE_TRY(hone__plot_curves(r->plots, f->exhibits, curve->name, err));
    if (table)
        HONE_TRY(hone__plot_reliability(r->plots, &f->calibration, table->name, table->title, err));
    if (p->what == THRESHOLDS && f->n_panels) {
        const char *name = hone_sprintf(r->run->arena, "%s%s%s", f->exhibits->prefix, *f->exhibits->prefix ? "_" : "", p->name);
        if (!name)
            return hone_no_memory(err, "writing a report");
        HONE_TRY(hone__plot_thresholds(r->plots, f->panels, f->n_panels, name, f->panels_title, err));
    }
    hone__report_show(r);
    return HONE_OK;
}

static void add_cases(hone__report *r, const hone__findings *f, const char *note)
{
    if (f->n_cases == 0)
        return;
    hone__doc_heading(&r->doc, "%s", f->cases_title);
    hone__doc_note(&r->doc);
    hone__doc_text(&r->doc, "%s", note);
    for (size_t i = 0; i < f->n_cases; i++)
        hone__doc_case(&r->doc, &f->cases[i]);
}

static hone_status add_part(hone__report *r, const hone__findings *f, const part *p, hone_error *err)
{
    if (p->what == CASES) {
        add_cases(r, f, p->note);
        return HONE_OK;
    }
    if (p->what != TABLE)
        return add_picture(r, f, p, err);
    const hone_table *table = hone__findings_table(f, p->name);
    if (!table)
        return HONE_OK;
    HONE_TRY(hone__report_add_table(r, table, err));
    if (p->note) {
        hone__doc_note(&r->doc);
        hone__doc_text(&r->doc, "%s", p->note);
    }
    return HONE_OK;
}

static hone_status add_group(hone__report *r, const hone__findings *f, const struct group *g, hone_error *err)
{
    for (size_t i = 0; i < MOST_PARTS && g->parts[i].name; i++)
        HONE_TRY(add_part(r, f, &g->parts[i], err));
    return HONE_OK;
}

hone_status hone__report_add_findings(hone__report *r, const hone__findings *f, hone_error *err)
{
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        HONE_TRY(add_group(r, f, &groups[i], err));
    return HONE_OK;
}

/* Of a head of one output; each of several has a section of its own. */
static hone_status add_own(hone__report *r, const char *id, hone_error *err)
{
    const hone__findings_list *list = &r->findings;
    return list->n == 1 && !*list->all[0]->output ? add_group(r, list->all[0], group_of(id), err) : HONE_OK;
}

hone_status hone__section_outputs(hone__report *r, hone_error *err)
{
    hone_arena *arena = r->run->arena;
    for (size_t i = 0; i < r->findings.n; i++) {
        const hone__findings *f = r->findings.all[i];
        if (!*f->output)
            continue;
        const char *id = hone_sprintf(arena, "output-%zu", i + 1), *title = hone_sprintf(arena, "Output: %s", f->output);
        if (!id || !title)
            return hone_no_memory(err, "writing a report");
        hone__doc_section(&r->doc, id, title);
        HONE_TRY(hone__report_add_findings(r, f, err));
    }
    return HONE_OK;
}

hone_status hone__section_labels(hone__report *r, hone_error *err)
{
    return add_own(r, "labels", err);
}

hone_status hone__section_confusion(hone__report *r, hone_error *err)
{
    return add_own(r, "confusion", err);
}

hone_status hone__section_calibration(hone__report *r, hone_error *err)
{
    return add_own(r, "calibration", err);
}

hone_status hone__section_numbers(hone__report *r, hone_error *err)
{
    return add_own(r, "numbers", err);
}

hone_status hone__section_slices(hone__report *r, hone_error *err)
{
    return add_own(r, "slices", err);
}

hone_status hone__section_errors(hone__report *r, hone_error *err)
{
    return add_own(r, "errors", err);
}
