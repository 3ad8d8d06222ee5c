/* hone/hone.h - everything that a plugin may see.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_HONE_H
#define HONE_HONE_H

#include "backend.h"
#include "base.h"
#include "data.h"
#include "graph.h"
#include "metric.h"
#include "network.h"
#include "ops.h"
#include "param.h"
#include "plugin.h"
#include "search.h"
#include "statistics.h"
#include "tag_head.h"
#include "tags.h"
#include "target.h"
#include "task.h"
#include "tensor.h"
#include "text.h"
#include "text_head.h"
#include "train.h"
#include "words.h"

#endif
