/* class_weights.c - what the labels of a classification weigh in its loss.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/network.h>

#include <string.h>

enum { NONE, BALANCED };
const char *const hone_class_weightings[] = {"none", "balanced", NULL};

/* Labels without an example in training weigh 1: they take part in smoothing only. Of tags, every word is an example. */
static void weigh_balanced(const hone_facts *facts, float *weights)
{
    uint64_t n = 0;
    for (uint64_t c = 0; facts->counts && c < facts->n_labels; c++)
        n += facts->counts[c];
    for (uint64_t c = 0; c < facts->n_labels; c++)
        if (facts->counts && facts->counts[c] > 0)
            weights[c] = (float)((double)n / ((double)facts->n_labels * (double)facts->counts[c]));
}

static hone_status weigh_by_name(const hone_self *self, const hone_map *map, const hone_facts *facts, float *weights,
                                 hone_error *err)
{
    const double *values = map->values;
    for (uint64_t i = 0; i < map->n; i++) {
        uint64_t c = 0;
        while (c < facts->n_labels && strcmp(map->keys[i], facts->labels[c]) != 0)
            c++;
        if (c == facts->n_labels)
            return hone_fail(err, HONE_EINVAL, "loss %s: weights_by_label names %s, which is no label of the data",
                             self->plugin->name, map->keys[i]);
        weights[c] = (float)values[i];
    }
    return HONE_OK;
}

hone_status hone_class_weights(const hone_self *self, int32_t class_weights, const hone_map *weights_by_label,
                               const hone_facts *facts, float **weights, hone_error *err)
{
    *weights = NULL;
    if (class_weights == NONE && weights_by_label->n == 0)
        return HONE_OK;
    if (class_weights == BALANCED && weights_by_label->n > 0)
        return hone_fail(err, HONE_EINVAL,
                         "loss %s: class_weights: balanced and weights_by_label exclude each other; leave one of them out",
                         self->plugin->name);
    *weights = hone_alloc_array(self->trial, facts->n_labels, sizeof **weights);
    if (!*weights)
        return hone_no_memory(err, "weighing the labels");
    for (uint64_t c = 0; c < facts->n_labels; c++)
        (*weights)[c] = 1;
    if (class_weights == BALANCED)
        weigh_balanced(facts, *weights);
    return weigh_by_name(self, weights_by_label, facts, *weights, err);
}
