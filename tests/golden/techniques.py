#!/usr/bin/env python3
"""Writes tests/golden/techniques.txt: steps of a tiny model under the techniques ema and fgm, in double, by NumPy and by hand.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install numpy
    /tmp/golden/bin/python tests/golden/techniques.py

The model: the mean of a text's embeddings, one dense layer, cross entropy; plain gradient descent over all texts at once.
Every line is a word and what belongs to it; `case` and the techniques in YAML begin a case.

SPDX-License-Identifier: Apache-2.0
"""

import pathlib

import numpy as np

HERE = pathlib.Path(__file__).parent
SPECIALS, CLS, SEP = 5, 2, 3
WORDS = 8
HIDDEN, LABELS, STEPS, RATE = 4, 2, 5, 0.5
TEXTS = [([0, 1, 2], 0), ([3, 1], 1), ([4, 5, 6, 7, 0], 0), ([2], 1)]


def ids_of(words):
    return np.array([CLS, *(SPECIALS + w for w in words), SEP])


def gradients(weights, moves):
    """Loss, gradients of the weights, and of every text's own embeddings; moves: what is added to those."""
    table, dense, bias = weights
    loss, d_table, d_dense, d_bias, own = 0.0, np.zeros_like(table), np.zeros_like(dense), np.zeros_like(bias), []
    for (words, gold), move in zip(TEXTS, moves):
        ids = ids_of(words)
        pooled = (table[ids] + move).mean(axis=0)
        scores = dense @ pooled + bias
        p = np.exp(scores - scores.max())
        p /= p.sum()
        loss -= np.log(p[gold]) / len(TEXTS)
        d_scores = (p - np.eye(LABELS)[gold]) / len(TEXTS)
        d_dense += np.outer(d_scores, pooled)
        d_bias += d_scores
        d_rows = np.tile(dense.T @ d_scores / len(ids), (len(ids), 1))
        np.add.at(d_table, ids, d_rows)
        own.append(d_rows)
    return loss, (d_table, d_dense, d_bias), own


def main():
    rng = np.random.default_rng(4)
    single = lambda *shape: rng.normal(0, 0.5, shape).astype(np.float32).astype(np.float64)
    first = [single(SPECIALS + WORDS, HIDDEN), single(LABELS, HIDDEN), single(LABELS)]
    lines = [f"# numpy {np.__version__}; made by tests/golden/techniques.py"]
    add = lambda word, values: lines.append(" ".join([word, *(f"{x:.10g}" for x in np.ravel(values))]))
    flat = lambda weights: np.concatenate([np.ravel(w) for w in weights])
    none = [0.0] * len(TEXTS)
    cases = [
        ("[]", None, None),
        ("[{type: ema, decay: 0.8}]", lambda step: 0.8, None),
        ("[{type: ema, decay: 0.25, warmup: true}]", lambda step: min(0.25, (1 + step) / (10 + step)), None),
        ("[{type: fgm, epsilon: 0.7}]", None, 0.7),
        ("[{type: fgm, epsilon: 0.1}, {type: ema, decay: 0.5}]", lambda step: 0.5, 0.1),
    ]
    for yaml, decay, epsilon in cases:
        weights, average = [w.copy() for w in first], None
        lines.append(f"case {yaml}")
        add("first", flat(weights))
        for step in range(1, STEPS + 1):
            loss, grad, own = gradients(weights, none)
            if epsilon:
                _, more, _ = gradients(weights, [epsilon * g / np.sqrt((g * g).sum()) for g in own])
                grad = [a + b for a, b in zip(grad, more)]
            weights = [w - RATE * g for w, g in zip(weights, grad)]
            add("loss", [loss])
            add("weights", flat(weights))
            if decay:
                d = decay(step)
                average = flat(weights) if step == 1 else d * average + (1 - d) * flat(weights)
                add("average", average)
    (HERE / "techniques.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
