#!/bin/bash
# check.sh - `hone check` and `hone schema`: exit codes, what goes where, and that a rendered file renders to itself.
#
# SPDX-License-Identifier: Apache-2.0
set -u
hone=${HONE_PROGRAM:?run this test through ctest}
dir=$(mktemp -d "${TMPDIR:-/tmp}/hone-check-XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
failures=0

fail() {
    echo "$*"
    failures=$((failures + 1))
}

# run CODE ARGUMENT ...: the exit code must be that; output and errors are left in $dir/out and $dir/err
run() {
    local code=$1
    shift
    "$hone" "$@" >"$dir/out" 2>"$dir/err"
    local status=$?
    [ $status -eq "$code" ] || fail "hone $*: exit code $status, not $code: $(cat "$dir/out" "$dir/err")"
}

says() { # FILE TEXT
    grep -qF -- "$2" "$dir/$1" || fail "there is no \"$2\" in $(cat "$dir/$1")"
}

touch "$dir/t.tsv" "$dir/v.tsv"
cat >"$dir/exp.yaml" <<'YAML'
data: {type: null, train: t.tsv, validation: v.tsv}
tokenizer: {type: null}
model: {type: null}
head: {type: null}
optimizer: {type: null}
schedule: {type: null}
launcher: {type: null}
YAML
cat >"$dir/sweep.yaml" <<'YAML'
data: {type: null, train: t.tsv, validation: v.tsv}
tokenizer: {type: null}
model: {type: bag}
head: {type: classification}
optimizer: {type: adamw}
schedule: {type: linear}
launcher: {type: null}
metrics: [f1]
sweep:
  method: grid
  parameters:
    optimizer.learning_rate: {values: [1.0e-3, 1.0e-2]}
    head.dropout: {values: [0.0, 0.1]}
YAML

cat >"$dir/space.yaml" <<'YAML'
data: {type: null, train: t.tsv, validation: v.tsv}
tokenizer: {type: null}
model: {type: bag}
head: {type: classification}
launcher: {type: null}
metrics: [f1]
sweep:
  method: grid
  metric: {name: validation/f1, goal: maximize, target: 0.9}
  seeds: [1, 2, 3]
  time_budget_s: 3600
  on_duplicate: run
  save: none
  refit: none
  early_terminate: {type: null}
  parameters:
    optimizer.nesterov: {values: [true, false], when: "optimizer.type == sgd"}
    optimizer:
      values:
        - {type: adamw, weight_decay: 0.01}
        - {type: sgd, momentum: 0.9}
  zip:
    length:
      - {tokenizer.max_length: 64, trainer.train_batch_size: 32}
      - {tokenizer.max_length: 128, trainer.train_batch_size: 16}
      - {tokenizer.max_length: 128, trainer.train_batch_size: 64}
  constraints: ["trainer.train_batch_size * tokenizer.max_length <= 4096"]
YAML

# A good file is one line on standard output and nothing else.
run 0 check "$dir/exp.yaml"
says out "exp.yaml: fine: a single trial, to be written to reports/exp"
[ -s "$dir/err" ] && fail "a good file has errors: $(cat "$dir/err")"
run 0 check "$dir/sweep.yaml"
says out "sweep.yaml: fine: 4 points over 2 parameters by grid, maximum of validation/f1"
run 0 check "$dir/sweep.yaml" sweep.run_cap=3 sweep.max_concurrent_trials=1
says out "fine: 3 points over 2 parameters by grid, maximum of validation/f1, 1 at a time, to be written to reports/sweep"
# Two lengths are allowed, with adamw once and with sgd twice.
run 0 check "$dir/space.yaml"
says out "space.yaml: fine: 6 points with 3 seeds each over 3 parameters by grid, maximum of validation/f1"

# bf16 is fine, and where the processor has no instructions for it a second line says what that means.
HONE_ISA=x86-64 run 0 check "$dir/exp.yaml" trainer.precision=bf16
says out "exp.yaml: trainer.precision is bf16, and this processor (x86-64) has no instructions for it: training will be slower than"
says out "exp.yaml: fine: a single trial"
HONE_ISA=x86-64 run 0 check "$dir/exp.yaml"
grep -q precision "$dir/out" && fail "float32 needs no word about precision"

# What is rendered renders to itself.
for name in exp sweep space; do
    run 0 check "$dir/$name.yaml" --render
    cp "$dir/out" "$dir/rendered.yaml"
    run 0 check "$dir/rendered.yaml" --render
    cmp -s "$dir/out" "$dir/rendered.yaml" || fail "$name.yaml renders to something else the second time"
done
run 0 check "$dir/exp.yaml" optimizer.learning_rate=0.25 --render
says out "learning_rate: 0.25"

# Mistakes go to standard error, all of them, with exit code 2.
run 2 check "$dir/exp.yaml" optimizer.learning_rate=-1 trainer.epochs=3
[ -s "$dir/out" ] && fail "mistakes went to standard output: $(cat "$dir/out")"
says err "command line: optimizer.learning_rate is -1; it must lie in (0, 1]"
says err 'command line: trainer has no key "epochs"; it is called num_train_epochs here'
says err "hone: 2 mistakes"
run 2 check "$dir/exp.yaml" trainer.bf16=true
says err 'command line: trainer has no key "bf16"; it is called precision here'
run 2 check "$dir/exp.yaml" trainer.precision=fp16
says err "command line: trainer.precision is \"fp16\"; it must be one of float32, bf16"
run 2 check "$dir/nothing.yaml"
says err "nothing.yaml"
run 2 check "$dir/sweep.yaml" sweep.method=random
says err "sweep.method random never ends by itself; give sweep.run_cap"
run 2 check "$dir/sweep.yaml" sweep.method=grid 'sweep.parameters.optimizer.learning_rate={min: 0.1, max: 0.2}'
says err "sweep.method:"
run 2 check "$dir/space.yaml" 'sweep.constraints=[tokenizer.max_length < 64]'
says err "sweep.method: no combination of values meets the constraints; loosen them, or give more values"
run 2 check "$dir/space.yaml" sweep.method=random sweep.run_cap=5 'sweep.constraints=[tokenizer.max_length < 64]'
says err "sweep.method: point 0: none of 10000 draws meets the constraints; loosen them or narrow the ranges"
run 2 check "$dir/space.yaml" 'sweep.constraints=[tokenizer.max_length <]'
says err "command line: sweep.constraints[0] has its end where a value should stand"
run 0 check "$dir/space.yaml" 'sweep.parameters.optimizer.nesterov.when=optimizer.type == adamw or optimizer.momentum == 0.9'
says out "6 points"

# Wrong use.
run 2 check
says err "no file is given"
run 2 check "$dir/exp.yaml" "$dir/sweep.yaml"
says err "one file is taken at a time"
run 2 check "$dir/exp.yaml" --rendre
says err "--render"
run 2 schema x
run 0 check --help
says out "Example: hone check"

# From standard input, paths are relative to the working directory.
(cd "$dir" && "$hone" check - <exp.yaml >out 2>err) || fail "a file on standard input: $(cat "$dir/err")"

# So do the experiments of the tree, with files that stand for their data and weights.
mkdir -p "$dir/roots/all-MiniLM-L6-v2"
grep -ohE '^ +(train|validation|test): *[^ {}#,]+' experiments/*/*.yaml | sed 's/.*: *//' | sort -u | while read -r file; do
    mkdir -p "$dir/roots/$(dirname "$file")"
    touch "$dir/roots/$file"
done
cp tests/golden/bert/model/* "$dir/roots/all-MiniLM-L6-v2"
cp tests/golden/bert/model/vocab.txt "$dir/roots/data/vocab.txt"
mkdir -p "$dir/roots/bert-base-chinese"
cp tests/golden/bert/model/vocab.txt "$dir/roots/bert-base-chinese"
for file in experiments/*/*.yaml; do
    grep -q '^plugins:' "$file" && continue    # its plugin is built by hand, as in custom_task.sh
    grep -q '\.\./reports/' "$file" && continue # it begins with the model of a run before it, as in quickstart.sh
    run 0 check "$file" data_root="$dir/roots" model_root="$dir/roots" --render
    cp "$dir/out" "$dir/rendered_experiment.yaml"
    run 0 check "$dir/rendered_experiment.yaml" --render
    cmp -s "$dir/out" "$dir/rendered_experiment.yaml" || fail "$file renders to something else the second time"
done

# The schema is JSON; where Python has jsonschema and yaml, the files above follow it.
run 0 schema
cp "$dir/out" "$dir/schema.json"
if python3 -c 'import jsonschema, yaml' 2>/dev/null; then
    python3 - "$dir/schema.json" "$dir/exp.yaml" "$dir/sweep.yaml" "$dir/space.yaml" "$dir/rendered.yaml" experiments/*/*.yaml <<'PYTHON' || fail "the schema"
import json, sys, jsonschema, yaml
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
for name in sys.argv[2:]:
    validator.validate(yaml.safe_load(open(name)))
bad = yaml.safe_load(open(sys.argv[2]))
bad["optimizer"]["learning_rate"] = -1
assert not validator.is_valid(bad)
bad = yaml.safe_load(open(sys.argv[2]))
bad["modle"] = {}
assert not validator.is_valid(bad)
bad = yaml.safe_load(open(sys.argv[3]))
del bad["model"]
assert not validator.is_valid(bad)
bad["sweep"]["zip"] = {"a": [{"head.dropout": 0.1}], "b": [{"tokenizer.max_length": 8}]}
assert not validator.is_valid(bad)
bad["sweep"]["zip"]["b"] = [{"model": "bag"}]
assert validator.is_valid(bad)
del bad["sweep"]["zip"]
bad["sweep"]["parameters"]["model"] = {"values": [{"type": "bag"}]}
assert validator.is_valid(bad)
del bad["sweep"]["parameters"]
assert not validator.is_valid(bad)
good = yaml.safe_load(open(sys.argv[4]))
good["sweep"]["seeds"] = 3
validator.validate(good)
PYTHON
elif command -v python3 >/dev/null; then
    echo "the schema is not held against the experiments: python3 has no jsonschema and yaml"
    python3 -m json.tool "$dir/schema.json" >"$dir/out" || fail "the schema is no JSON"
fi

[ $failures -eq 0 ] || exit 1
