/* html.h - text made fit for HTML.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_REPORT_HTML_H
#define HONE_CORE_REPORT_HTML_H

#include "base/str.h"

/* As text or within a double-quoted attribute; control characters become U+FFFD. */
void hone__html_add(hone__str *out, const char *text);

#endif
