#!/usr/bin/env python3
"""Writes tests/golden/search/optuna.txt: how Optuna's TPESampler gets on, over 20 seeds, on three published functions and a sweep.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install optuna
    /tmp/golden/bin/python tests/golden/search.py                      # some minutes
    tests/golden/search.py --record RUN... > tests/golden/search/bert_sweep.txt    # needs no Optuna; see bert_sweep.yaml

The functions, all to be minimised: Branin and Hartmann-6 (Dixon and Szegö 1978); a tree of conditional parameters (Jenatton et al.
2017, "Bayesian optimization with tree-structured dependencies", section 5); one of steps and choices; and the recorded sweep,
interpolated between its rates (on a logarithmic scale) and its dropouts. For each: after how many trials, mean and standard deviation of the best value so far. `lag`
is how many trials still run while the next is chosen; Optuna is told the oldest first, so that it is the lag of hone's searcher.

SPDX-License-Identifier: Apache-2.0
"""

import bisect
import csv
import math
import pathlib
import statistics
import sys

HERE = pathlib.Path(__file__).parent / "search"
SEEDS, TRIALS = 20, 60
CHECKPOINTS = [10, 15, 20, 25, 30, 40, 50, 60]


# ---- Functions ---------------------------------------------------------------------------------------------------


def branin(x1, x2):
    a = x2 - 5.1 / (4 * math.pi**2) * x1**2 + 5 / math.pi * x1 - 6
    return a**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x1) + 10


ALPHA = [1.0, 1.2, 3.0, 3.2]
A = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
P = [
    [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
    [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
    [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
    [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
]


def hartmann6(x):
    return -sum(
        ALPHA[i] * math.exp(-sum(A[i][j] * (x[j] - P[i][j]) ** 2 for j in range(6))) for i in range(4)
    )


def tree(trial):
    """Eight parameters of which five count in each point; the least value is 0.1."""
    if trial.suggest_categorical("x1", [0, 1]) == 0:
        leaf, bias = ("x4", 0.1) if trial.suggest_categorical("x2", [0, 1]) == 0 else ("x5", 0.2)
        shared = "r8"
    else:
        leaf, bias = ("x6", 0.3) if trial.suggest_categorical("x3", [0, 1]) == 0 else ("x7", 0.4)
        shared = "r9"
    return trial.suggest_float(leaf, -1, 1) ** 2 + bias + trial.suggest_float(shared, 0, 1)


def steps(trial):
    """An integer, multiples of one half, an integer on a logarithmic scale and a choice: no one's, for what the others lack."""
    a, b = trial.suggest_int("a", 0, 20), trial.suggest_float("b", -5, 5, step=0.5)
    c, d = trial.suggest_int("c", 1, 1000, log=True), trial.suggest_categorical("d", [0, 1, 2, 3])
    return abs(a - 13) / 4 + (b + 1.5) ** 2 + math.log(c / 50) ** 2 + [1.0, 0.5, 0.0, 2.0][d]


def read_sweep():
    values = {}
    for line in (HERE / "bert_sweep.txt").read_text().splitlines():
        if line.startswith("trial "):
            rate, dropout, batch, value = map(float, line.split()[1:])
            values[rate, dropout, int(batch)] = value
    return values


def between(nodes, x):
    """The node below x and how far x is on the way to the next one."""
    i = min(max(bisect.bisect_right(nodes, x) - 1, 0), len(nodes) - 2)
    return i, (x - nodes[i]) / (nodes[i + 1] - nodes[i])


class Sweep:
    def __init__(self):
        self.values = read_sweep()
        self.rates, self.dropouts, self.batches = (sorted({k[i] for k in self.values}) for i in range(3))

    def at(self, rate, dropout, batch):
        i, s = between([math.log(r) for r in self.rates], math.log(rate))
        j, t = between(self.dropouts, dropout)
        corner = lambda di, dj: self.values[self.rates[i + di], self.dropouts[j + dj], batch]
        return (1 - s) * ((1 - t) * corner(0, 0) + t * corner(0, 1)) + s * ((1 - t) * corner(1, 0) + t * corner(1, 1))

    def __call__(self, trial):
        rate = trial.suggest_float("rate", self.rates[0], self.rates[-1], log=True)
        dropout = trial.suggest_float("dropout", self.dropouts[0], self.dropouts[-1])
        return self.at(rate, dropout, trial.suggest_categorical("batch", self.batches))


def functions():
    return {
        "branin": lambda t: branin(t.suggest_float("x1", -5, 10), t.suggest_float("x2", 0, 15)),
        "hartmann6": lambda t: hartmann6([t.suggest_float(f"x{j + 1}", 0, 1) for j in range(6)]),
        "tree": tree,
        "steps": steps,
        "sweep": Sweep(),
    }


# ---- Optuna ------------------------------------------------------------------------------------------------------


def best_so_far(optuna, function, sampler, lag):
    study = optuna.create_study(sampler=sampler)
    running, best, curve = [], math.inf, []
    for _ in range(TRIALS):
        trial = study.ask()
        running.append((trial, function(trial)))
        best = min(best, running[-1][1])
        curve.append(best)
        if len(running) > lag:
            study.tell(*running.pop(0))
    return curve


def add_curves(lines, optuna, name, function, kind, lag):
    make = optuna.samplers.TPESampler if kind == "tpe" else optuna.samplers.RandomSampler
    curves = [best_so_far(optuna, function, make(seed=seed), lag) for seed in range(SEEDS)]
    at = [[curve[n - 1] for curve in curves] for n in CHECKPOINTS]
    lines.append(f"case {name} {kind} {lag}")
    lines.append("mean " + " ".join(f"{statistics.mean(v):.10g}" for v in at))
    lines.append("deviation " + " ".join(f"{statistics.stdev(v):.10g}" for v in at))


def main():
    import numpy
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    lines = [f"# optuna {optuna.__version__}, numpy {numpy.__version__}; {SEEDS} seeds; made by tests/golden/search.py"]
    lines.append("trials " + " ".join(map(str, CHECKPOINTS)))
    for name, function in functions().items():
        for kind, lag in ("tpe", 0), ("tpe", 3), ("random", 0):
            add_curves(lines, optuna, name, function, kind, lag)
            print(lines[-3], lines[-2], sep="\n", flush=True)
    (HERE / "optuna.txt").write_text("\n".join(lines) + "\n")


def record(runs):
    """Learning rate, dropout, batch size and the loss of each complete trial of runs of bert_sweep.yaml."""
    rows = set()
    for run in runs:
        with open(f"{run}/leaderboard.tsv", encoding="utf-8") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                setting = (row["optimizer.learning_rate"], row["head.dropout"], row["trainer.train_batch_size"])
                if row["state"] == "complete":
                    rows.add((*map(float, setting), float(row["validation/log_loss"])))
    print("# Recorded with hone from bert_sweep.yaml: learning rate, dropout, batch size, validation/log_loss")
    for rate, dropout, batch, value in sorted(rows):
        if dropout in (0.0, 0.4):
            print(f"trial {rate:.1e} {dropout} {batch:.0f} {value:.6f}")


if __name__ == "__main__":
    record(sys.argv[2:]) if sys.argv[1:2] == ["--record"] else main()
