/* line.h - a YAML value on one line, as leaderboards show it and journals keep it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_SWEEP_LINE_H
#define HONE_CORE_SWEEP_LINE_H

#include "base/str.h"
#include "config/yaml.h"

/* "0.1", "gelu", "{type: adamw, weight_decay: 0.01}". For reading, not to be read back: strings have no quotes. */
void hone__yaml_line(const hone__yaml *node, hone__str *out);

#endif
