#!/usr/bin/env python3
"""Writes tests/golden/report.txt: predictions, and what scikit-learn's report, curves and calibration say of them.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install scikit-learn
    /tmp/golden/bin/python tests/golden/report.py

Every line is a word and numbers:
    case NAME TARGET LABELS                     begins a case
    row GOLD PREDICTED SCORES ...               class: numbers of labels; classes: the bits of a number, label 0 the lowest
    label L PRECISION RECALL F1 SUPPORT ROC_AUC AVERAGE_PRECISION
    average K PRECISION RECALL F1 SUPPORT       K: 0 accuracy, 1 micro, 2 macro, 3 weighted, 4 samples
    roc L X Y, pr L X Y                         every threshold, x rising
    confusion GOLD PREDICTED COUNT
    bin CONFIDENCE ACCURACY, ece VALUE          15 bins of equal width, those that hold something

SPDX-License-Identifier: Apache-2.0
"""

import pathlib
import warnings

import numpy as np
import sklearn
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

warnings.simplefilter("ignore")  # of undefined values, which are what some cases are about
PATH = pathlib.Path(__file__).parent / "report.txt"
lines = [f"# scikit-learn {sklearn.__version__}, numpy {np.__version__}; made by tests/golden/report.py"]
BINS = 15


def add(*words):
    lines.append(" ".join(repr(float(w)) if isinstance(w, (float, np.floating)) else str(w) for w in words))


def add_row_of_report(word, key, row, *more):
    add(word, key, float(row["precision"]), float(row["recall"]), float(row["f1-score"]), float(row["support"]), *more)


def add_curves(label, gold, scores):
    if gold.all() or not gold.any():
        return
    for x, y in zip(*sk.roc_curve(gold, scores, drop_intermediate=False)[:2]):
        add("roc", label, float(x), float(y))
    precision, recall, _ = sk.precision_recall_curve(gold, scores)
    for x, y in zip(recall[::-1], precision[::-1]):
        add("pr", label, float(x), float(y))


def areas(gold, scores):
    roc = float(sk.roc_auc_score(gold, scores)) if gold.any() and not gold.all() else np.nan
    return roc, float(sk.average_precision_score(gold, scores)) if gold.any() else np.nan


def add_calibration(right, confidence):
    true, predicted = calibration_curve(right, confidence, n_bins=BINS)
    edges = np.linspace(0, 1, BINS + 1)
    counts = np.bincount(np.searchsorted(edges[1:-1], confidence), minlength=BINS)
    for p, t in zip(predicted, true):
        add("bin", float(p), float(t))
    add("ece", float((counts[counts > 0] / len(right) * np.abs(true - predicted)).sum()))


def add_report(gold, predicted, bits, scores, present):
    n = scores.shape[1]
    report = sk.classification_report(gold, predicted, labels=present, output_dict=True, zero_division=0)
    for label in present:
        add_row_of_report("label", label, report[str(label)], *areas(bits[:, label], scores[:, label]))
    for k, name in enumerate(("accuracy", "micro avg", "macro avg", "weighted avg", "samples avg")):
        if name == "accuracy" and gold.ndim == 1:
            add("average", k, np.nan, np.nan, float(sk.accuracy_score(gold, predicted)), float(len(gold)))
        elif name in report and (gold.ndim > 1 or name != "micro avg"):
            add_row_of_report("average", k, report[name])
    for label in range(n):
        add_curves(label, bits[:, label], scores[:, label])


def class_case(name, gold, scores, predicted=None):
    n = scores.shape[1]
    predicted = scores.argmax(axis=1) if predicted is None else predicted
    add("case", name, "class", n)
    for g, p, s in zip(gold, predicted, scores):
        add("row", g, p, *s)
    add_report(gold, predicted, np.eye(n, dtype=bool)[gold], scores, sorted(set(gold) | set(predicted)))
    counts = sk.confusion_matrix(gold, predicted, labels=range(n))
    for g in range(n):
        for p in range(n):
            if counts[g, p]:
                add("confusion", g, p, counts[g, p])
    add_calibration(gold == predicted, scores[np.arange(len(gold)), predicted].astype(float))


def classes_case(name, gold, scores):
    n = scores.shape[1]
    predicted = (scores > 0.5).astype(int)
    add("case", name, "classes", n)
    for g, p, s in zip(gold, predicted, scores):
        add("row", g @ (1 << np.arange(n)), p @ (1 << np.arange(n)), *s)
    add_report(gold, predicted, gold.astype(bool), scores, list(range(n)))
    add_calibration(gold.ravel(), scores.ravel().astype(float))


def probabilities(rng, n, labels, grid=None):
    p = rng.dirichlet(np.ones(labels), n)
    if grid:  # few distinct values: many ties
        p = np.round(p * grid) + 1
        p /= p.sum(axis=1, keepdims=True)
    return p.astype(np.float32)


rng = np.random.default_rng(5)
class_case("two_labels", rng.integers(0, 2, 40), probabilities(rng, 40, 2))
class_case("ties", rng.integers(0, 2, 30), probabilities(rng, 30, 2, grid=3))
class_case("four_labels", rng.integers(0, 4, 60), probabilities(rng, 60, 4))
class_case("four_labels_ties", rng.integers(0, 4, 40), probabilities(rng, 40, 4, grid=2))
class_case("label_2_not_in_gold", rng.choice([0, 1, 3], 20), probabilities(rng, 20, 4))
some = rng.integers(0, 3, 20)
class_case("label_3_nowhere", some, probabilities(rng, 20, 4), np.where(rng.random(20) < 0.6, some, rng.integers(0, 3, 20)))
class_case("all_right", np.array([0, 1, 1, 0, 1]), np.eye(2, dtype=np.float32)[[0, 1, 1, 0, 1]])
class_case("one_gold_label", np.zeros(10, int), probabilities(rng, 10, 2))
scores = rng.random((40, 3)).astype(np.float32)
gold = (rng.random((40, 3)) < scores).astype(int)
classes_case("sets", gold, scores)
without = gold.copy()
without[:, 1] = 0
classes_case("sets_without_label_1", without, scores)
PATH.write_text("\n".join(lines) + "\n")
