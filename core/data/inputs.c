/* inputs.c - a batch's arrays as nodes of a graph.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/batch.h"
#include "tensor/run.h"

static hone_node *input_of(hone_graph *g, const hone_tensor *t)
{
    return t ? hone__graph_input(g, t->dtype, &t->shape, t->data) : NULL;
}

hone_node *hone_input(hone_graph *g, const hone_inputs *in, const char *name)
{
    return input_of(g, hone_batch_field(in->host, name, NULL));
}

hone_status hone__batch_inputs(const hone_batch *b, hone_graph *g, hone_inputs *in, hone_error *err)
{
    hone_shape starts = hone_shape_1((int64_t)hone_batch_sequences(b) + 1);
    hone_shape example_starts = hone_shape_1((int64_t)hone_batch_examples(b) + 1);
    *in = (hone_inputs){
        .size = sizeof *in,
        .starts = hone__graph_input(g, HONE_I32, &starts, hone_batch_starts(b)),
        .example_starts = hone__graph_input(g, HONE_I32, &example_starts, hone_batch_example_starts(b)),
        .host = (void *)b, /* never written through */
    };
    in->ids = hone_input(g, in, "ids");
    in->types = hone_input(g, in, "types");
    in->positions = hone_input(g, in, "positions");
    return hone_graph_status(g, err);
}
