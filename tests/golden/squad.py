#!/usr/bin/env python3
"""Writes tests/golden/squad/squad.txt: questions with gold answers and predictions, and what SQuAD 2.0's evaluation says of them.

    python3 tests/golden/squad.py

Needs nothing but Python. The official script is not in any package; this says the same by its published definition (Rajpurkar et al. 2018,
evaluate-v2.0): a normal form of texts, exact match and F1 of words against the best gold answer, and the search for thresholds.

Lines, with tabs between their parts:
    case NAME
    question MARGIN PREDICTED ANSWERED GOLD ...   what is predicted; the best answer that is not empty; all gold answers, none: no answer
    want FIGURE VALUE                             "-" is the metric's own

SPDX-License-Identifier: Apache-2.0
"""

import collections
import pathlib
import platform
import random
import re
import string

HERE = pathlib.Path(__file__).parent / "squad"


def words_of(text):
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", text).split()


def f1_of(gold, predicted):
    if not gold or not predicted:
        return float(gold == predicted)
    same = sum((collections.Counter(gold) & collections.Counter(predicted)).values())
    return 2 * same / (len(gold) + len(predicted)) if same else 0.0


def scores_of(golds, predicted):
    golds = [g for g in map(words_of, golds) if g] or [[]]
    predicted = words_of(predicted)
    return max(float(g == predicted) for g in golds), max(f1_of(g, predicted) for g in golds)


def mean(values):
    return 100 * sum(values) / len(values)


def best(questions, which):
    score = top = sum(1 for q in questions if not q[3])
    threshold = 0.0
    for margin, _, answered, golds in sorted(questions, key=lambda q: q[0]):
        score += scores_of(golds, answered)[which] if golds else (-1 if answered else 0)
        if score > top:
            top, threshold = score, margin
    return 100 * top / len(questions), threshold


def case(lines, name, questions, margins):
    lines.append(f"case\t{name}")
    for margin, predicted, answered, golds in questions:
        lines.append("\t".join(["question", repr(margin) if margins else "-", predicted, answered, *golds]))
    groups = {"": questions, "HasAns_": [q for q in questions if q[3]], "NoAns_": [q for q in questions if not q[3]]}
    for prefix, some in groups.items():
        if (prefix and not groups["NoAns_"]) or not some:
            continue
        scores = [scores_of(q[3], q[1]) for q in some]
        lines.append(f"want\t{prefix}exact\t{mean([s[0] for s in scores])!r}")
        lines.append(f"want\t{prefix + 'f1' if prefix else '-'}\t{mean([s[1] for s in scores])!r}")
    for which, word in enumerate(("exact", "f1")) if margins else ():
        value, threshold = best(questions, which)
        lines.append(f"want\tbest_{word}\t{value!r}")
        lines.append(f"want\tbest_{word}_thresh\t{threshold!r}")


TEXTS = ["the Denver Broncos", "Denver Broncos", "Broncos of Denver", "a", "The", "an apple", "Apple.", "U.S.A.", "USA", "10,000", "10000",
         "\u00c9cole Normale", "\u00e9cole  normale", "\u201cthe end\u201d", "end", "Anthem", "the-end", "theend", "x\u2014a\u2014y", "x\u2014 \u2014y",
         "Stra\u00dfe", "\u4e2d\u56fd \u7684", "\u4e2d\u56fd\u7684", "no\u00a0break", "no break", "one two two three", "two one two", "A a an THE b", "b",
         "\u0391\u03b8\u03ae\u03bd\u03b1", "\u03b1\u03b8\u03ae\u03bd\u03b1", "a\u0301", "50%", "50", "_under_ score", "under score", "!?"]


def write():
    draw = random.Random(11)
    lines = [f"# Python {platform.python_version()}; made by tests/golden/squad.py"]
    for i, a in enumerate(TEXTS):
        case(lines, f"pair_{i}", [(0.0, b, b, [a]) for b in TEXTS], False)
    for k in range(6):
        questions = []
        for _ in range(30):
            golds = [draw.choice(TEXTS) for _ in range(draw.choice([0, 1, 3]) if k else draw.choice([1, 3]))]
            answered = draw.choice(golds + TEXTS[:4]) if draw.random() < 0.7 and golds else draw.choice(TEXTS)
            margin = round(draw.gauss(1 if not golds else -1, 2), draw.choice([0, 6]))
            questions.append((margin, "" if margin > 0.5 else answered, answered, golds))
        case(lines, f"questions_{k}", questions, k > 0)
    case(lines, "none_has_an_answer", [(1.0, "", "x", []), (-1.0, "x", "x", [])], True)
    HERE.mkdir(exist_ok=True)
    (HERE / "squad.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    write()
