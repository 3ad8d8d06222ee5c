/* sections.c - the sections of a report, in the order of reading.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/sections.h"

const hone__report_section hone__report_sections[] = {
    {"summary", NULL, hone__section_summary},
    {"leaderboard", "Leaderboard", hone__section_leaderboard},
    {"best", "The best trial", hone__section_best},
    {"labels", "Each label", hone__section_labels},
    {"confusion", "What is taken for what", hone__section_confusion},
    {"calibration", "Probabilities", hone__section_calibration},
    {"numbers", "Predicted against gold", hone__section_numbers},
    {"slices", "Groups of examples", hone__section_slices},
    {"errors", "Where it is most wrong", hone__section_errors},
    {"outputs", NULL, hone__section_outputs},
    {"learning", "Learning curves", hone__section_learning},
    {"exhibits", "What metrics and heads show", hone__section_exhibits},
    {"sweep", "The sweep", hone__section_sweep},
    {"test", "Test data, scored once", hone__section_test},
    {"failures", "Failed trials", hone__section_failures},
    {"pruned", "Trials ended early", hone__section_pruned},
    {"data", "The data", hone__section_data},
    {"setup", "What was run", hone__section_setup},
    {"files", "Where everything is", hone__section_files},
    {NULL, NULL, NULL},
};

hone_status hone__report_build(hone__report *r, hone_error *err)
{
    for (const hone__report_section *s = hone__report_sections; s->id; s++) {
        const size_t before = r->doc.n;
        hone__doc_section(&r->doc, s->id, s->title);
        HONE_TRY(s->build(r, err));
        if (r->doc.n == before + 1)
            r->doc.n = before;
    }
    return r->doc.failed ? hone_no_memory(err, "writing a report") : HONE_OK;
}

void hone__report_show(hone__report *r)
{
    while (r->shown < r->plots->n)
        hone__doc_picture(&r->doc, r->shown++);
}
