#!/usr/bin/env python3
"""Writes tests/golden/tagging/*.txt: tags of sentences and what seqeval says of them; scores of a CRF, its losses and gradients.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install seqeval pytorch-crf torch
    /tmp/golden/bin/python tests/golden/tagging.py

seqeval.txt: every line is a word and what belongs to it:
    case NAME LABEL ...                     begins a case, with its list of labels
    sentence GOLD ... | PREDICTED ...       numbers of labels
    want MODE SCHEME AVERAGE SUFFIX VALUE   "-" is the metric's own figure
crf.txt, in float64:
    case LABELS COUNT ...                   items of each sequence
    scores, transitions, start, end, gold   inputs, row by row
    loss, dscores, dtransitions, dstart, dend, best     outputs; gradients are of sum over sequences of (1 + number) loss

SPDX-License-Identifier: Apache-2.0
"""

import pathlib
import warnings
from importlib.metadata import version

import numpy as np
import torch
from seqeval import metrics as sq
from seqeval import scheme as sc
from torchcrf import CRF

warnings.simplefilter("ignore")
HERE = pathlib.Path(__file__).parent / "tagging"
SCHEMES = {"iob1": sc.IOB1, "iob2": sc.IOB2, "ioe1": sc.IOE1, "ioe2": sc.IOE2, "iobes": sc.IOBES, "bilou": sc.BILOU}
SCORES = {"-": sq.f1_score, "precision": sq.precision_score, "recall": sq.recall_score}
AVERAGES = ("micro", "macro", "weighted")


def wants(lines, gold, predicted, mode, scheme):
    more = {"mode": "strict", "scheme": SCHEMES[scheme]} if mode == "strict" else {}
    for average in AVERAGES:
        for suffix, score in SCORES.items():
            try:
                value = float(score(gold, predicted, average=average, **more))
            except (ValueError, ZeroDivisionError):  # no chunk at all, which it cannot average
                continue
            lines.append(f"want {mode} {scheme} {average} {suffix} {value!r}")
    lines.append(f"want {mode} {scheme} micro accuracy {float(sq.accuracy_score(gold, predicted))!r}")


def seqeval_case(lines, name, labels, sentences, modes):
    lines.append(f"case {name} " + " ".join(labels))
    gold = [[labels[i] for i in g] for g, _ in sentences]
    predicted = [[labels[i] for i in p] for _, p in sentences]
    for g, p in sentences:
        lines.append("sentence " + " ".join(map(str, g)) + " | " + " ".join(map(str, p)))
    for mode, scheme in modes:
        wants(lines, gold, predicted, mode, scheme)


def draw(rng, labels, n, agree):
    sentences = []
    for _ in range(n):
        length = int(rng.integers(1, 12))
        g = rng.integers(0, len(labels), length)
        p = np.where(rng.random(length) < agree, g, rng.integers(0, len(labels), length))
        sentences.append((g.tolist(), p.tolist()))
    return sentences


def tags(prefixes, types):
    return sorted([f"{p}-{t}" for p in prefixes for t in types]) + ["O"]


def write_seqeval(rng):
    lines = [f"# seqeval {version('seqeval')}; made by tests/golden/tagging.py"]
    prefixes = {"iob1": "IB", "iob2": "IB", "ioe1": "IE", "ioe2": "IE", "iobes": "IBES", "bilou": "BILU"}
    for scheme, p in prefixes.items():
        modes = [("strict", scheme)] + ([("default", "auto")] if scheme != "bilou" else [])
        for types in (["PER"], ["LOC", "PER"], ["creative-work", "group", "PER"]):
            for agree in (0.0, 0.7, 0.95):
                labels = tags(p, types)
                seqeval_case(lines, f"{scheme}_{len(types)}_{agree}", labels, draw(rng, labels, 12, agree), modes)
    plain = ["B", "I", "O"]
    seqeval_case(lines, "no_types", plain, draw(rng, plain, 12, 0.7), [("default", "auto"), ("strict", "iob2")])
    two = tags("IB", ["LOC", "PER"])
    seqeval_case(lines, "nothing_anywhere", two, [([4, 4], [4, 4])], [("default", "auto"), ("strict", "iob2")])
    seqeval_case(lines, "nothing_predicted", two, [([0, 2], [4, 4])], [("default", "auto"), ("strict", "iob2")])
    seqeval_case(lines, "nothing_in_gold", two, [([4, 4], [0, 2])], [("default", "auto"), ("strict", "iob2")])
    seqeval_case(lines, "all_right", two, [([0, 2, 2, 4, 1], [0, 2, 2, 4, 1])], [("default", "auto"), ("strict", "iob2")])
    (HERE / "seqeval.txt").write_text("\n".join(lines) + "\n")


def numbers(word, t):
    return word + " " + " ".join(repr(float(x)) for x in t.detach().reshape(-1))


def gradient(weight):
    return torch.zeros_like(weight) if weight.grad is None else weight.grad


def crf_case(lines, rng, labels, counts):
    crf = CRF(labels).double()
    with torch.no_grad():
        for w in crf.parameters():
            w.copy_(torch.tensor(rng.normal(size=tuple(w.shape))))
    total, longest = sum(counts), max(counts)
    scores = torch.tensor(rng.normal(size=(total, labels)) * 2, requires_grad=True)
    gold = torch.tensor(rng.integers(0, labels, total))
    losses, best, at = [], [], 0
    for n in counts:
        s, g = scores[at : at + n].unsqueeze(1), gold[at : at + n].unsqueeze(1)
        losses.append(-crf(s, g, reduction="none")[0])
        best += crf.decode(s)[0]
        at += n
    sum((1 + b) * loss for b, loss in enumerate(losses)).backward()
    lines.append(f"case {labels} " + " ".join(map(str, counts)))
    for word, t in (("scores", scores), ("transitions", crf.transitions), ("start", crf.start_transitions), ("end", crf.end_transitions),
                    ("gold", gold), ("loss", torch.stack(losses)), ("dscores", scores.grad), ("dtransitions", gradient(crf.transitions)),
                    ("dstart", crf.start_transitions.grad), ("dend", crf.end_transitions.grad), ("best", torch.tensor(best))):
        lines.append(numbers(word, t))
    assert labels**longest < 300000  # all paths are tried in the test


def write_crf(rng):
    lines = [f"# pytorch-crf {version('pytorch-crf')}, torch {torch.__version__}; made by tests/golden/tagging.py"]
    for labels, counts in ((2, [1]), (3, [4, 1, 2]), (5, [7, 3]), (4, [9])):
        crf_case(lines, rng, labels, counts)
    (HERE / "crf.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    write_seqeval(np.random.default_rng(7))
    write_crf(np.random.default_rng(8))
