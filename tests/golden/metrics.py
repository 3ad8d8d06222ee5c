#!/usr/bin/env python3
"""Writes tests/golden/metrics/*.txt: examples with gold and predictions, and what scikit-learn and SciPy say of them.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install scikit-learn scipy
    /tmp/golden/bin/python tests/golden/metrics.py

Every line is a word and what belongs to it:
    case NAME TARGET LABELS             begins a case
    row GOLD PREDICTED [SCORES ...]     class: numbers of labels; classes: a digit a label; score: numbers
    want METRIC AVERAGE ZERO_DIVISION POSITIVE SUFFIX VALUE     "-" and -1 where there is none

SPDX-License-Identifier: Apache-2.0
"""

import pathlib
import warnings

import numpy as np
import scipy
import scipy.stats
import sklearn
from sklearn import metrics as sk

warnings.simplefilter("ignore")  # of undefined values, which are what some cases are about
HERE = pathlib.Path(__file__).parent / "metrics"
SCORES = {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}


def number(x):
    return repr(float(x))


class File:
    def __init__(self, name):
        self.path = HERE / name
        self.lines = [
            f"# scikit-learn {sklearn.__version__}, scipy {scipy.__version__}, numpy {np.__version__}; "
            "made by tests/golden/metrics.py"
        ]

    def add(self, *words):
        self.lines.append(" ".join(str(w) for w in words))

    def want(self, metric, value, average="-", zero_division=0, positive=-1, suffix="-"):
        self.add("want", metric, average, zero_division, positive, suffix, number(value))

    def save(self):
        self.path.write_text("\n".join(self.lines) + "\n")


def probabilities(rng, n, labels, grid=None):
    p = rng.dirichlet(np.ones(labels), n)
    if grid:  # few distinct values: many ties
        p = np.round(p * grid) + 1
        p /= p.sum(axis=1, keepdims=True)
    return p.astype(np.float32)


def add_averages(f, gold, predicted, averages, **more):
    for name, score in SCORES.items():
        for average in averages:
            for zero in (0, 1):
                f.want(name, score(gold, predicted, average=average, zero_division=zero, **more), average, zero)


def add_positive(f, gold, predicted, scores, label):
    g, p = gold == label, predicted == label
    for name, score in SCORES.items():
        for zero in (0, 1):
            f.want(name, score(g, p, zero_division=zero), "binary", zero, label)
    f.want("roc_auc", sk.roc_auc_score(g, scores[:, label]), "binary", 0, label)
    f.want("average_precision", sk.average_precision_score(g, scores[:, label]), "binary", 0, label)
    tn, fp, fn, tp = sk.confusion_matrix(g, p, labels=[False, True]).ravel()
    for suffix, value in (("true_positives", tp), ("false_positives", fp), ("false_negatives", fn), ("true_negatives", tn)):
        f.want("confusion", value, positive=label, suffix=suffix)


def class_case(f, name, gold, scores, predicted=None):
    labels = scores.shape[1]
    gold = np.asarray(gold)
    predicted = scores.argmax(axis=1) if predicted is None else np.asarray(predicted)
    f.add("case", name, "class", labels)
    for g, p, s in zip(gold, predicted, scores):
        f.add("row", g, p, *(number(x) for x in s))
    f.want("accuracy", sk.accuracy_score(gold, predicted))
    f.want("hamming_loss", sk.hamming_loss(gold, predicted))
    f.want("matthews_correlation", sk.matthews_corrcoef(gold, predicted))
    f.want("log_loss", sk.log_loss(gold, scores, labels=range(labels)))
    f.want("confusion", (gold != predicted).sum())
    add_averages(f, gold, predicted, ("macro", "micro", "weighted"))
    for label in range(labels):
        add_positive(f, gold, predicted, scores, label)
    if labels > 2:
        for average in ("macro", "weighted", "micro"):
            f.want("roc_auc", sk.roc_auc_score(gold, scores, multi_class="ovr", labels=range(labels), average=average), average)


def write_class(rng):
    f = File("class.txt")
    two = probabilities(rng, 30, 2)
    class_case(f, "two_labels", rng.integers(0, 2, 30), two)
    class_case(f, "ties", rng.integers(0, 2, 30), probabilities(rng, 30, 2, grid=3))
    class_case(f, "gold_lacks_label_1", np.zeros(10, int), two[:10])
    class_case(f, "gold_lacks_label_0", np.ones(10, int), two[:10])
    class_case(f, "label_1_nowhere", np.zeros(10, int), two[:10], np.zeros(10, int))
    class_case(f, "constant_prediction", rng.integers(0, 2, 10), np.tile(two[:1], (10, 1)))
    class_case(f, "all_right", [0, 1, 1, 0, 1], np.eye(2, dtype=np.float32)[[0, 1, 1, 0, 1]])
    class_case(f, "all_wrong", [0, 1, 1, 0, 1], np.eye(2, dtype=np.float32)[[1, 0, 0, 1, 0]])
    class_case(f, "one_example", [1], two[:1])
    four = probabilities(rng, 40, 4)
    class_case(f, "four_labels", rng.integers(0, 4, 40), four)
    class_case(f, "four_labels_ties", rng.integers(0, 4, 40), probabilities(rng, 40, 4, grid=2))
    class_case(f, "gold_lacks_label_2_of_4", rng.choice([0, 1, 3], 20), four[:20])
    some = rng.integers(0, 3, 20)
    class_case(f, "label_2_only_in_gold", [0, 0, 2, 1], four[:4], [0, 0, 1, 1])
    class_case(f, "label_3_nowhere", some, four[:20], np.where(rng.random(20) < 0.6, some, rng.integers(0, 3, 20)))
    class_case(f, "constant_gold_of_4", np.full(12, 2), four[:12])
    f.save()


def classes_case(f, name, gold, scores):
    labels = scores.shape[1]
    predicted = (scores > 0.5).astype(int)
    f.add("case", name, "classes", labels)
    for g, p, s in zip(gold, predicted, scores):
        f.add("row", "".join(map(str, g)), "".join(map(str, p)), *(number(x) for x in s))
    f.want("confusion", (gold != predicted).any(axis=1).sum())
    f.want("hamming_loss", sk.hamming_loss(gold, predicted))
    f.want("subset_accuracy", sk.accuracy_score(gold, predicted))
    add_averages(f, gold, predicted, ("macro", "micro", "weighted", "samples"))
    for average in ("macro", "micro", "weighted", "samples"):
        f.want("average_precision", sk.average_precision_score(gold, scores, average=average), average)
    for label in range(labels):
        for name, score in SCORES.items():
            f.want(name, score(gold[:, label], predicted[:, label], zero_division=0), "binary", 0, label)
    for average in ("macro", "weighted", "micro"):
        f.want("roc_auc", sk.roc_auc_score(gold, scores, average=average), average)


def write_classes(rng):
    f = File("classes.txt")
    scores = rng.random((25, 3)).astype(np.float32)
    gold = (rng.random((25, 3)) < scores).astype(int)
    classes_case(f, "sets", gold, scores)
    without = gold.copy()
    without[:, 1] = 0
    classes_case(f, "gold_lacks_label_1", without, scores)
    low = scores.copy()
    low[:, 1] *= np.float32(0.4)
    classes_case(f, "label_1_nowhere", without, low)
    f.save()


def score_case(f, name, gold, predicted):
    f.add("case", name, "score", 0)
    for g, p in zip(gold, predicted):
        f.add("row", number(g), number(p))
    one = len(gold) < 2  # scipy refuses these
    f.want("pearson", np.nan if one else scipy.stats.pearsonr(gold, predicted).statistic)
    f.want("spearman", np.nan if one else scipy.stats.spearmanr(gold, predicted).statistic)
    f.want("mse", sk.mean_squared_error(gold, predicted))
    f.want("mae", sk.mean_absolute_error(gold, predicted))


def write_score(rng):
    f = File("score.txt")
    gold = rng.uniform(0, 5, 30)
    score_case(f, "plain", gold, gold + rng.normal(0, 1, 30))
    score_case(f, "ties", np.round(gold), np.round(gold + rng.normal(0, 1, 30)))
    score_case(f, "reversed", gold[:8], -gold[:8])
    score_case(f, "constant_prediction", gold[:8], np.full(8, 2.1))
    score_case(f, "constant_gold", np.full(8, 0.1), gold[:8])
    score_case(f, "two_examples", [1.0, 2.0], [0.5, 3.5])
    score_case(f, "one_example", [1.0], [0.5])
    score_case(f, "large_offset", gold + 1e6, gold * 0.5 + 1e6 + rng.normal(0, 0.1, 30))
    score_case(f, "tiny_values", gold * 1e-200, gold * 1e-200 + rng.normal(0, 1e-200, 30))
    f.save()


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    write_class(np.random.default_rng(1))
    write_classes(np.random.default_rng(2))
    write_score(np.random.default_rng(3))
