#!/bin/bash
# sweep.sh - what the section `sweep` does beyond one trial after another: several seeds of a point, in the journal, the leaderboard and
# after a resume.
#
# SPDX-License-Identifier: Apache-2.0
set -u
. "$(dirname "$0")/common.bash"

awk 'BEGIN {
    for (i = 0; i < 60; i++) {
        file = (i % 3 ? "train" : "validation") ".tsv"
        if (!(file in begun)) { print "text\tlabel" >file; begun[file] = 1 }
        print (i % 2 ? "a cat and a dog near tree " : "one ship on the sea with wind ") (i % 7) "\t" (i % 2 ? "animal" : "ship") >file
    }
}'
cat >sweep.yaml <<'YAML'
name: small
data: {type: tsv, train: train.tsv, validation: validation.tsv, columns: {text: text, label: label}}
tokenizer: {type: whitespace, min_count: 1}
model: {type: bag, hidden_size: 8}
head: {type: classification}
optimizer: {type: adamw}
trainer: {num_train_epochs: 1, train_batch_size: 8, threads: 1}
metrics: [accuracy]
sweep:
  method: grid
  metric: {name: validation/loss, goal: minimize}
  max_concurrent_trials: 2
  parameters:
    optimizer.learning_rate: {values: [1.0e-4, 5.0e-3]}
    model.hidden_size: {values: [4, 8]}
YAML

# Three seeds of four points are twelve trials, numbered by points and seeds; points are ranked by the mean.
run 0 run sweep.yaml output_dir=seeds 'sweep.seeds=[3, 1, 2]'
[ "$(grep -o '"seed":[0-9]*' seeds/journal.log | cut -d : -f 2 | tr '\n' ' ')" = "3 1 2 3 1 2 3 1 2 3 1 2 " ] || fail "other seeds: $(grep '"seed"' seeds/journal.log)"
[ "$(grep -o '"point":[0-9]*' seeds/journal.log | cut -d : -f 2 | tr '\n' ' ')" = "0 0 0 1 1 1 2 2 2 3 3 3 " ] || fail "other points"
says seeds/trials/0004/trial.yaml "seed: 1"
awk -F '\t' '
    NR > 1 && $1 { mean[$4] = $6; sd[$4] = $7; if ($6 < last) print "not in order: " $0; last = $6; ranked++ }
    NR > 1 && !$1 { n[$4]++; sum[$4] += $6; squares[$4] += $6 * $6 }
    END {
        if (ranked != 4) print ranked " points are ranked"
        for (p in mean) {
            m = sum[p] / n[p]; s = sqrt((squares[p] - n[p] * m * m) / (n[p] - 1))
            if (n[p] != 3 || (m - mean[p]) ^ 2 > 1e-14 || (s - sd[p]) ^ 2 > 1e-10) print "point " p ": " mean[p] " " sd[p] ", not " m " " s
        }
    }' seeds/leaderboard.tsv >wrong
[ ! -s wrong ] || fail "$(cat wrong seeds/leaderboard.tsv)"

# The trial in the middle stands for its point, as its model and its configuration do.
best=$(sed -n 2p seeds/leaderboard.tsv | cut -f 4)
middle=$(awk -F '\t' -v p="$best" '!$1 && $4 == p { print $6 "\t" $2 }' seeds/leaderboard.tsv | sort -g | sed -n 2p | cut -f 2)
says seeds/best.yaml "trial $middle:"
cmp -s seeds/best/model.safetensors "seeds/trials/00$(printf %02d "$middle")/model/model.safetensors" || fail "best/ is not trial $middle"

# A finished run stays as it is; one that lost its last trials in a kill gets the same ones again.
cp -r seeds torn
sed -i '/"op_code":6,.*"trial_id":1[01],/d' torn/journal.log
rm -rf torn/trials/001{0,1} torn/leaderboard.tsv torn/best
for target in seeds torn; do
    cut -f 1-10 seeds/leaderboard.tsv >before
    run 0 resume $target
    cut -f 1-10 $target/leaderboard.tsv >after
    cmp -s before after || fail "$target: another leaderboard after resume: $(cat before after)"
done

# A point of which a seed failed is not ranked, until that seed is run again.
cp -r seeds failed
sed -i '/"op_code":6,.*"trial_id":4,/s/"state":1,"values":[^]]*\]/"state":3,"values":null/' failed/journal.log
run 3 resume failed
[ "$(awk -F '\t' '$1 && $4 == 1' failed/leaderboard.tsv)" = "" ] || fail "point 1 is ranked: $(cat failed/leaderboard.tsv)"
run 0 resume failed --failed
cut -f 1,4-10 seeds/leaderboard.tsv | grep ^. >before
cut -f 1,4-10 failed/leaderboard.tsv | grep ^. >after
cmp -s <(grep '^[1-9]' before) <(grep '^[1-9]' after) || fail "another ranking once the seed was run again: $(cat before after)"


# Points that are drawn again are answered by the first ones, whatever runs at once; where they are run, their numbers are the same.
few='sweep.parameters={optimizer.learning_rate: {values: [1.0e-4, 5.0e-3]}, head.dropout: {values: [0.0, 0.5]}}'
run 0 run sweep.yaml output_dir=reused "$few" sweep.method=random sweep.run_cap=9 'sweep.seeds=[1, 2]'
run 0 run sweep.yaml output_dir=reused1 "$few" sweep.method=random sweep.run_cap=9 'sweep.seeds=[1, 2]' sweep.max_concurrent_trials=1
run 0 run sweep.yaml output_dir=rerun "$few" sweep.method=random sweep.run_cap=9 'sweep.seeds=[1, 2]' sweep.on_duplicate=run
says reused/journal.log '"reuses":'
grep -q '"reuses":' rerun/journal.log && fail "a point is answered in spite of on_duplicate: run"
[ "$(find reused/trials -name result.json | wc -l)" -le 8 ] || fail "more than four points with two seeds were run"
[ "$(find rerun/trials -name result.json | wc -l)" -eq 18 ] || fail "not 18 trials were run"
for other in reused1 rerun; do
    cut -f 1-11 reused/leaderboard.tsv >before
    cut -f 1-11 $other/leaderboard.tsv >after
    cmp -s before after || fail "$other: another leaderboard: $(cat before after)"
done
run 0 resume reused
cut -f 1-11 reused/leaderboard.tsv | cmp -s - before || fail "another leaderboard after resume: $(cat before reused/leaderboard.tsv)"

# A value that is good enough ends the sweep; the decision stays.
run 0 run sweep.yaml output_dir=target sweep.metric.target=10 sweep.max_concurrent_trials=1 'sweep.seeds=[1, 2]'
says err "as sweep.metric.target asks"
[ "$(find target/trials -name result.json | wc -l)" -eq 2 ] || fail "not the two trials of one point: $(ls target/trials)"
says target/journal.log '"ended_at_point":1}'
run 0 resume target
[ "$(find target/trials -name result.json | wc -l)" -eq 2 ] || fail "a decision is made again at resume: $(ls target/trials)"
run 0 run sweep.yaml output_dir=missed sweep.metric.target=0.0001
[ "$(find missed/trials -name result.json | wc -l)" -eq 4 ] || fail "not four trials: $(ls missed/trials)"

# So does time.
run 0 run sweep.yaml output_dir=late sweep.time_budget_s=1.0e-6 sweep.max_concurrent_trials=1
says err "as sweep.time_budget_s asks"
says late/journal.log '"ended_by":"time_budget_s"'
n=$(find late/trials -name result.json 2>/dev/null | wc -l)
[ "$n" -eq 1 ] || fail "not one point was begun: $(ls late/trials)"
run 0 resume late
[ "$(find late/trials -name result.json 2>/dev/null | wc -l)" -eq "$n" ] || fail "the budget is counted anew at resume"

# Whose models are kept.
models() {
    (cd "$1/trials" && ls -d ./*/model 2>/dev/null | cut -d / -f 2 | tr '\n' ' ')
}
[ "$(models seeds)" = "00$(printf %02d "$middle") " ] || fail "sweep_best keeps the models of $(models seeds), not of $middle"
run 0 run sweep.yaml output_dir=all sweep.save=trial_best
[ "$(models all)" = "0000 0001 0002 0003 " ] || fail "trial_best keeps $(models all)"
[ -e all/best/model.safetensors ] || fail "no best/"
run 0 run sweep.yaml output_dir=none sweep.save=none
[ "$(models none)" = "" ] || fail "none keeps $(models none)"
[ ! -e none/best ] || fail "none has a best/"
grep -q "save_model" none/best.yaml && [ "$(grep -c "save_model: true" none/best.yaml)" -ne 1 ] && fail "best.yaml leaves no model: $(cat none/best.yaml)"


# A memory limit costs a trial, with its cause. (The sanitizers' shadow memory is beyond any limit.)
if [ -z "${HONE_SANITIZE:-}" ]; then
    run 1 run sweep.yaml output_dir=starved sweep.trial_memory_gib=0.0005 sweep.run_cap=1 trainer.num_train_epochs=100000 launcher.cgroup=none
    says err "trial 0 FAILED: its private memory, "
    run 0 run sweep.yaml output_dir=fed sweep.trial_memory_gib=8 sweep.run_cap=1
fi

# A directory of a later format is refused by its number, whatever is to be done with it.
cp -r all later
sed -i 's/"user_attr":{"format":1}/"user_attr":{"format":2}/' later/journal.log
for command in resume report status; do
    run 1 $command later
    says err "has format 2, written by hone"
done

# So is every file that says its own, and all that hone writes say it.
refused() { # FILE COMMAND ... - that file's number is the next one
    local file=$1
    shift
    rm -rf later
    cp -r all later
    grep -q '"format": 1\|^format: 1$' "later/$file" || fail "$file says no format"
    sed -i '0,/"format": 1/s//"format": 2/; s/^format: 1$/format: 2/' "later/$file"
    "$hone" "$@" >out 2>err && fail "$file of a later format is taken"
    grep -q 'has format 2; hone\|format is 2; hone' err || fail "$file of a later format: $(cat err)"
}
refused environment.json resume later
refused experiment.yaml resume later
refused best.yaml check later/best.yaml
best=$(cd all && ls -d trials/* | head -1)
refused "$best/trial.yaml" trial "later/$best"
refused "$best/metrics.jsonl" report later
refused "$best/result.json" report later
refused best/hone.json predict later/best train.tsv

# Trials that would not fit side by side run one after another; where there is room, they do not wait.
run 0 run sweep.yaml output_dir=narrow sweep.memory_gib=1.0e-4 --json
[ "$(grep -o '"event": "\(started\|ended\)"' out | sort -u | wc -l)" -eq 2 ] || fail "no events: $(cat out)"
awk -F '"' '/"event": "started"/ && ++running > 1 { print "two at once: " $0 } /"event": "ended"/ { running-- }' out >wrong
[ ! -s wrong ] || fail "$(cat wrong)"
cut -f 1-8 all/leaderboard.tsv >before
cut -f 1-8 narrow/leaderboard.tsv | cmp -s - before || fail "waiting changes the leaderboard: $(cat narrow/leaderboard.tsv before)"

exit $failures
