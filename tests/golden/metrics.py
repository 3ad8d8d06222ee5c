"""metrics.py - the reference of tests/plugins/metric/test_metrics.c: scikit-learn's figures, also in their corner cases.

    python3 tests/golden/metrics.py     needs scikit-learn; writes tests/golden/metrics.json

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import random

import sklearn
from sklearn.metrics import accuracy_score, f1_score

HERE = os.path.dirname(os.path.abspath(__file__))


def case(name, n_labels, gold, predicted):
    f1 = lambda **how: float(f1_score(gold, predicted, zero_division=0, **how))
    per_label = f1_score(gold, predicted, labels=list(range(n_labels)), average=None, zero_division=0)
    return {"name": name, "n_labels": n_labels, "gold": gold, "predicted": predicted,
            "accuracy": float(accuracy_score(gold, predicted)), "macro": f1(average="macro"), "micro": f1(average="micro"),
            "weighted": f1(average="weighted"), "binary": [float(x) for x in per_label]}


def main():
    rng = random.Random(5)
    draw = lambda n, k: [rng.randrange(k) for _ in range(n)]
    cases = [
        case("two labels", 2, draw(40, 2), draw(40, 2)),
        case("five labels", 5, draw(200, 5), draw(200, 5)),
        case("all right", 3, [0, 1, 2, 2], [0, 1, 2, 2]),
        case("all wrong", 2, [0, 1, 0], [1, 0, 1]),
        case("a label that is nowhere", 4, [0, 1, 3, 3, 0], [0, 3, 3, 1, 0]),
        case("a label that is only predicted", 3, [0, 0, 1, 1], [0, 2, 1, 2]),
        case("a label that is only in gold", 3, [0, 0, 2, 1], [0, 0, 1, 1]),
        case("constant predictions", 2, [0, 1, 1, 0, 1], [1, 1, 1, 1, 1]),
        case("constant gold, never found", 2, [1, 1, 1], [0, 0, 0]),
        case("one example", 2, [0], [0]),
    ]
    with open(os.path.join(HERE, "metrics.json"), "w") as f:
        json.dump({"scikit-learn": sklearn.__version__, "cases": cases}, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
