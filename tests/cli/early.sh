#!/bin/bash
# early.sh - sweep.early_terminate: trials with bad learning rates are ended early, which is no failure; what was decided stays, also after
# a kill between the decision and its end.
#
# SPDX-License-Identifier: Apache-2.0
set -u
. "$(dirname "$0")/common.bash"

states() { # DIR: the state of each trial, by number
    awk -F '\t' 'NR > 1 { print $2 "\t" $3 }' "$1/leaderboard.tsv" | sort -n | cut -f 2 | tr '\n' ' '
}

awk 'BEGIN {
    for (i = 0; i < 90; i++) {
        file = (i % 3 ? "train" : "validation") ".tsv"
        if (!(file in begun)) { print "text\tlabel" >file; begun[file] = 1 }
        print (i % 2 ? "a cat and a dog near tree " : "one ship on the sea with wind ") i "\t" (i % 2 ? "animal" : "ship") >file
    }
}'
# The bad rate has so many epochs that it cannot be over before its supervisor looks.
cat >both.yaml <<'YAML'
name: early
data: {type: tsv, train: train.tsv, validation: validation.tsv, columns: {text: text, label: label}}
tokenizer: {type: whitespace, min_count: 1}
model: {type: bag, hidden_size: 8}
head: {type: classification}
optimizer: {type: adamw}
trainer: {num_train_epochs: 12, train_batch_size: 8, threads: 1}
metrics: [log_loss]
sweep:
  method: grid
  metric: {name: validation/log_loss}
  max_concurrent_trials: 1
  early_terminate: {type: median, n_startup_trials: 2, min_iter: 2}
  zip:
    pace:
      - {optimizer.learning_rate: 1.0e-2, trainer.num_train_epochs: 12}
      - {optimizer.learning_rate: 5.0e-3, trainer.num_train_epochs: 12}
      - {optimizer.learning_rate: 1.0e-7, trainer.num_train_epochs: 1000000}
YAML

run 0 run both.yaml output_dir=run
[ "$(states run)" = "complete complete pruned " ] || fail "the trials are $(states run)"
says err "trial 2 ended early by median after step 16"
says run/report.md "2 of 3 trials complete, 1 ended early."
says run/leaderboard.tsv "ended early by median after step 16"
says run/journal.log '"trial_id":2,"user_attr":{"pruned_at":16}'
decided=$(grep -n '"pruned_at"' run/journal.log | cut -d : -f 1)
ended=$(grep -n '"op_code":6,.*"trial_id":2,' run/journal.log | cut -d : -f 1)
[ "$decided" -lt "$ended" ] || fail "the end stands before the decision"
run 0 status run
says out "3 of 3 trials done, 1 of them ended early"

# Nothing is decided anew: neither in a run that is finished, nor where the kill came before the trial's end was written down, nor where
# another decision would be made now.
cp run/leaderboard.tsv before
run 0 resume run
cmp -s before run/leaderboard.tsv || fail "resume changed a finished run: $(diff before run/leaderboard.tsv)"
head -n "$decided" run/journal.log >cut && cp cut run/journal.log
rm -rf run/trials/0002/result.json
run 0 resume run
[ "$(states run)" = "complete complete pruned " ] || fail "after a kill the trials are $(states run)"
[ "$(grep -c '"pruned_at"' run/journal.log)" = 1 ] || fail "it was decided twice"

# asha keeps the best of each rung; with a searcher that learns, what was ended early is part of what it knows.
run 0 run both.yaml output_dir=asha 'sweep.early_terminate={type: asha, min_iter: 2, eta: 2}'
[ "$(states asha | grep -o pruned | wc -l)" -ge 1 ] || fail "the trials are $(states asha)"
run 2 check both.yaml 'sweep.early_terminate={type: asha, reduction_factor: 3}'
says err "it is called eta here"
run 0 check both.yaml sweep.method=bayes sweep.run_cap=3
says out "by tpe"

[ $failures -eq 0 ]
