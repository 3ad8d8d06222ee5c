/* templates.h - the templates of the page; the array is made from reports/templates/ when hone is built.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_REPORT_TEMPLATES_H
#define HONE_CORE_REPORT_TEMPLATES_H

typedef struct hone__template {
    const char *name, *text; /* name: of the file, without what follows its first point */
} hone__template;

/* Ended by a row without a name. */
extern const hone__template hone__templates[];

#endif
