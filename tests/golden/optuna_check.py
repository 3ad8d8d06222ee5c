#!/usr/bin/env python3
"""Runs a sweep and compares each trial that Optuna reads out of its journal with what the run's other files say.

    tests/golden/optuna_check.py HONE

Exits with 77 where Optuna is not installed. Tried with Optuna 5.0.

SPDX-License-Identifier: Apache-2.0
"""

import csv
import json
import math
import pathlib
import subprocess
import sys
import tempfile

try:
    import optuna
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
    from optuna.storages.journal import JournalFileBackend
except ImportError as missing:
    print(f"left out: {missing}")
    sys.exit(77)

EXPERIMENT = """
name: journal
data: {type: tsv, train: train.tsv, validation: validation.tsv, columns: {text: text, label: label}}
tokenizer: {type: whitespace, min_count: 1}
model: {type: bag, hidden_size: 8}
head: {type: classification}
trainer: {train_batch_size: 8, threads: 1, eval_strategy: steps, eval_steps: 40}
metrics: [log_loss]
sweep:
  method: {type: tpe, n_startup_trials: 8}
  run_cap: 16
  sampler_seed: 3
  max_concurrent_trials: 2
  metric: {name: validation/log_loss}
  early_terminate: {type: median, n_startup_trials: 2, min_iter: 2}
  parameters:
    optimizer: {values: [{type: adamw}, {type: sgd}]}
    optimizer.momentum: {min: 0.0, max: 0.9, distribution: uniform}
    optimizer.learning_rate: {min: 1.0e-8, max: 100.0, distribution: log_uniform_values}
    head.dropout: {values: [0.0, 0.1]}
    model.hidden_size: {min: 4, max: 8}
    trainer.num_train_epochs: {values: [10, 1000000], probabilities: [0.8, 0.2]}
  trial_timeout_s: 3
"""
DISTRIBUTIONS = {
    "optimizer.momentum": FloatDistribution(0.0, 0.9),
    "optimizer.learning_rate": FloatDistribution(1e-8, 100.0, log=True),
    "head.dropout": CategoricalDistribution([0.0, 0.1]),
    "model.hidden_size": IntDistribution(4, 8),
    "trainer.num_train_epochs": CategoricalDistribution([10, 1000000]),
}


def write_data(folder):
    for name, wanted in ("train", (1, 2)), ("validation", (0,)):
        rows = [(("a cat and a dog near tree", "animal"), ("one ship on the sea", "ship"))[i % 2] + (i,) for i in range(90)]
        lines = [f"{text} {i}\t{label}" for text, label, i in rows if i % 3 in wanted]
        (folder / f"{name}.tsv").write_text("\n".join(["text\tlabel", *lines]) + "\n")


def evaluations(folder):
    """The metric at each evaluation, as the trial wrote it."""
    values = {}
    path = folder / "metrics.jsonl"
    for line in path.read_text().splitlines() if path.exists() else []:
        record = json.loads(line)
        if "validation/log_loss" in record:
            values[record["step"]] = record["validation/log_loss"]
    return values


def compare(trial, row, folder):
    assert trial.state.name.lower().replace("fail", "failed") == row["state"], (trial.state, row)
    if row["state"] != "failed":
        assert math.isclose(trial.value, float(row["validation/log_loss"]), rel_tol=1e-8), (trial.value, row)
    assert set(trial.params) == {k for k in row if "." in k and row[k]} | {"optimizer"}, (trial.params, row)
    for name, value in trial.params.items():
        if name == "optimizer":
            continue
        assert float(value) == float(row[name]), (name, value, row)
        assert trial.distributions[name] == DISTRIBUTIONS[name], (name, trial.distributions[name])
    assert isinstance(trial.distributions["optimizer"], CategoricalDistribution)
    assert ("sgd" in str(trial.params["optimizer"])) == ("optimizer.momentum" in trial.params), trial.params
    seen = evaluations(folder)
    assert set(trial.intermediate_values) <= set(seen), (trial.number, len(trial.intermediate_values), len(seen))
    assert row["state"] != "complete" or set(trial.intermediate_values) == set(seen), trial.number
    for step, value in trial.intermediate_values.items():
        assert math.isclose(value, seen[step], rel_tol=1e-12), (trial.number, step, value, seen[step])
    assert trial.user_attrs.get("cause", "") == row["cause"], (trial.user_attrs, row)
    assert trial.datetime_start <= trial.datetime_complete


def main():
    hone = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_data(folder)
        (folder / "journal.yaml").write_text(EXPERIMENT)
        done = subprocess.run([hone, "run", "journal.yaml", "output_dir=run"], cwd=folder, capture_output=True, text=True)
        assert done.returncode in (0, 3), done.stdout + done.stderr
        storage = optuna.storages.JournalStorage(JournalFileBackend(str(folder / "run/journal.log")))
        study = optuna.load_study(study_name="journal", storage=storage)
        with open(folder / "run/leaderboard.tsv", encoding="utf-8") as file:
            rows = {int(row["trial"]): row for row in csv.DictReader(file, delimiter="\t")}
        assert [t.number for t in study.trials] == sorted(rows), sorted(rows)
        for trial in study.trials:
            compare(trial, rows[trial.number], folder / f"run/trials/{trial.number:04d}")
        assert study.direction == optuna.study.StudyDirection.MINIMIZE and study.metric_names == ["validation/log_loss"]
        first = next(n for n, row in rows.items() if row["rank"] == "1")
        assert study.best_trial.value == study.trials[first].value
        print({state: sum(row["state"] == state for row in rows.values()) for state in ("complete", "pruned", "failed")})


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    main()
