#!/bin/bash
# battery.sh - many trials, and trials that everything happens to: killed, stopped, starved of memory and of disk, crashing, leaving. Every
# trial ends once and recorded, with its true cause or as cause unknown; none is lost; the supervisor's memory stays flat, and the report
# is made. With HONE_LONG set: 10,000 trials, and many more accidents.
#
# SPDX-License-Identifier: Apache-2.0
set -u
hone=${HONE_PROGRAM:?run this test through ctest}
cc=${CC:-cc}
root=$PWD
dir=$(mktemp -d "${TMPDIR:-/tmp}/hone-battery-XXXXXX") || exit 1
mounted=
trap '[ -z "$mounted" ] || umount "$dir/small"; rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failures=0
many=200 accidents=24
[ -z "${HONE_LONG:-}" ] || { many=10000 accidents=300; }

fail() {
    echo "$*"
    failures=$((failures + 1))
}

awk 'BEGIN {
    for (i = 0; i < 60; i++) {
        file = (i % 3 ? "train" : "validation") ".tsv"
        if (!(file in begun)) { print "text\tlabel" >file; begun[file] = 1 }
        print (i % 2 ? "a cat and a dog near tree " : "one ship on the sea with wind ") (i % 7) "\t" (i % 2 ? "animal" : "ship") >file
    }
}'

# ---- Many trials of plugins that do nothing: what hone itself takes

cat >many.yaml <<YAML
data: {type: null, train: train.tsv, validation: validation.tsv}
tokenizer: {type: null}
model: {type: null}
head: {type: null}
optimizer: {type: null}
schedule: {type: null}
metrics: [{type: null}]
launcher: {type: null}
sweep:
  method: random
  metric: {name: validation/null, goal: maximize}
  run_cap: $many
  max_concurrent_trials: 7
  parameters:
    optimizer.learning_rate: {min: 1.0e-5, max: 1.0e-3}
YAML
begin=$(date +%s)
"$hone" run many.yaml output_dir=many --json >events 2>err &
pid=$!
# The supervisor's memory after a tenth of the trials and after the last.
early=0 late=0
while kill -0 $pid 2>/dev/null; do
    n=$(grep -c '"event": "ended"' events)
    kib=$(awk '/^VmRSS:/ { print $2 }' /proc/$pid/status 2>/dev/null)
    if [ -n "$kib" ] && [ "$n" -lt "$many" ]; then
        [ "$early" -gt 0 ] || [ "$n" -lt $((many / 10)) ] || early=$kib
        late=$kib
    fi
    sleep 0.1
done
wait $pid || fail "$many trials: exit code $?: $(tail -3 err)"
echo "$many trials of nothing: $(($(date +%s) - begin)) s with the report; the supervisor has $early KiB after a tenth and $late KiB at the end"
[ $((late - early)) -lt 16384 ] || fail "the supervisor grows from $early to $late KiB"
[ "$(wc -l <many/leaderboard.tsv)" -eq $((many + 1)) ] || fail "not $many trials in the leaderboard: $(wc -l <many/leaderboard.tsv) lines"
[ -s many/report.md ] || fail "no report of $many trials"

# ---- Accidents

mkdir -p plugins/schedule
cat >accident.c <<'C'
#include <hone/train.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct params {
    int32_t how;
    int64_t number;
} params;
static const char *const ways[] = {"fine", "crash", "leave", "nan", "killed", "hungry", "hang", NULL};
static const hone_param rows[] = {HONE_PARAM_CHOICE(params, how, ways, .def_text = "fine", .help = "what happens at step 3"),
                                  HONE_PARAM_INT(params, number, .max_int = 1000000, .help = "tells trials apart")};

static double factor(const hone_self *self, int64_t step, int64_t total)
{
    const params *p = self->params;
    (void)total;
    usleep(20000);
    if (step < 3 || p->how == 0)
        return 1;
    if (p->how == 3)
        return NAN;
    fprintf(stderr, "it is going wrong\n");
    if (p->how == 1)
        raise(SIGSEGV);
    if (p->how == 2)
        _exit(7);
    if (p->how == 4)
        raise(SIGKILL);
    for (;;) {
        char *more = p->how == 5 ? malloc(8 << 20) : NULL;
        if (more)
            memset(more, 1, 8 << 20);
        usleep(20000);
    }
}

static const hone_schedule accident = {
    .plugin = {HONE_PLUGIN(hone_schedule, HONE_KIND_SCHEDULE), .name = "accident", .summary = "goes wrong", HONE_PARAMS(params, rows)},
    .factor = factor,
};
HONE_MODULE(&accident.plugin);
C
"$cc" -std=c11 -D_DEFAULT_SOURCE -shared -fPIC -I"$root/include" accident.c -o plugins/schedule/accident.so || fail "the plugin does not build"
export HONE_PLUGIN_PATH="$dir/plugins:${HONE_PLUGIN_PATH:-}"
cat >accidents.yaml <<YAML
name: accidents
data: {type: tsv, train: train.tsv, validation: validation.tsv, columns: {text: text, label: label}}
tokenizer: {type: whitespace, min_count: 1}
model: {type: bag, hidden_size: 4}
head: {type: classification, dropout: 0.0}
optimizer: {type: adamw}
schedule: {type: accident}
trainer: {num_train_epochs: 3, train_batch_size: 8, threads: 1}
metrics: [accuracy]
launcher: {type: local, grace_s: 0.2, cgroup: none}
sweep:
  method: random
  metric: {name: validation/loss, goal: minimize}
  run_cap: $accidents
  max_concurrent_trials: 4
  trial_timeout_s: 20
  trial_memory_gib: 0.125
  parameters:
    schedule.how: {values: [fine, crash, leave, nan, killed, hungry], probabilities: [0.5, 0.1, 0.1, 0.1, 0.1, 0.1]}
    schedule.number: {min: 0, max: 1000000}
YAML
if [ -n "${HONE_SANITIZE:-}" ]; then # crashes end otherwise there, and shadow memory is beyond any limit
    sed -i -e '/trial_memory_gib/d' -e 's/values: \[fine.*/values: [fine, leave, nan, killed]}/' accidents.yaml
fi
"$hone" run accidents.yaml output_dir=accidents --json >events 2>err &
pid=$!
: >killed
: >stopped
while kill -0 $pid 2>/dev/null; do
    for child in $(cat /proc/$pid/task/$pid/children 2>/dev/null); do
        trial=$( (tr '\0' '\n' <"/proc/$child/cmdline") 2>/dev/null | sed -n 's|.*/trials/0*\([0-9]\)|\1|p')
        [ -n "$trial" ] || continue
        case $((RANDOM % 12)) in
        0) # a third of them at most: slow trials would all be hit, sooner or later
            [ "$(wc -l <killed)" -lt $((accidents / 3)) ] || continue
            kill -KILL "$child" 2>/dev/null && echo "$trial" >>killed ;;
        1) kill -STOP "$child" 2>/dev/null && echo "$child" >>stopped ;;
        esac
    done
    sleep 0.05
    xargs -r kill -CONT <stopped 2>/dev/null
    : >stopped
done
wait $pid
code=$?
[ $code -eq 3 ] || [ $code -eq 0 ] || fail "exit code $code after accidents: $(tail -3 err)"

# Each trial has one beginning, one attempt and one end.
[ "$(grep -c '"op_code":4,' accidents/journal.log)" -eq "$accidents" ] || fail "not $accidents trials in the journal"
[ "$(grep -c '"attempt":' accidents/journal.log)" -eq "$accidents" ] || fail "not one attempt a trial"
ended=$(grep '"op_code":6,' accidents/journal.log | grep -o '"trial_id":[0-9]*' | sort | uniq -c)
[ "$(echo "$ended" | wc -l)" -eq "$accidents" ] || fail "not every trial ended"
echo "$ended" | grep -qv '^ *1 ' && fail "a trial ended twice: $ended"

# What is written down is what happened: what the plugin did, or a kill of ours whose cause it cannot know.
awk -F '\t' '
    FNR == NR { killed[$1] = 1; next }
    FNR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
    {
        trial = $column["trial"]; how = $column["schedule.how"]; cause = $column["cause"]; seen[how ": " $column["state"]]++
        unknown = cause ~ /^killed by signal 9, cause unknown/
        if ($column["state"] == "complete") ok = how == "fine"
        else if (unknown) ok = how == "killed" || trial in killed
        else if (how == "crash") ok = cause ~ /^ended by signal 11 \(SIGSEGV/
        else if (how == "leave") ok = cause ~ /^exit code 7: it is going wrong/
        else if (how == "nan") ok = cause ~ /^exit code 1: /
        else if (how == "hungry") ok = cause ~ /^its private memory, [0-9]+ MiB, was beyond its limit of 128 MiB/
        else ok = 0
        if (!ok) print "trial " trial ", " how ": " $column["state"] ", " cause
    }
    END { for (s in seen) printf "%s %d; ", s, seen[s] >"/dev/stderr"; print "" >"/dev/stderr" }' killed accidents/leaderboard.tsv >wrong 2>summary
echo "$accidents trials with accidents, $(sort -u killed | wc -l) killed from outside: $(cat summary)"
[ ! -s wrong ] || fail "$(cat wrong)"

# ---- A disk that is full, or a file that may not grow: the supervisor ends, and what it began is finished where there is room

sed -e 's/schedule: .*/schedule: {type: constant}/' -e '/schedule\./d' -e 's/run_cap: .*/run_cap: 6/' -e '/trial_memory_gib/d' accidents.yaml >full.yaml
echo '    optimizer.learning_rate: {min: 1.0e-4, max: 1.0e-2}' >>full.yaml
"$hone" run full.yaml output_dir=whole --quiet >out 2>err || fail "a run with room: $(cat err)"
mkdir small
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=160k tmpfs small 2>/dev/null; then
    mounted=yes
    "$hone" run full.yaml output_dir=small/full --quiet >out 2>err
    [ $? -ne 0 ] || fail "a disk of 160 KiB is enough"
    mount -o remount,size=64m small
else
    (ulimit -f 16 && "$hone" run full.yaml output_dir=small/full --quiet >out 2>err) 2>/dev/null
    [ $? -ne 0 ] || fail "16 KiB a file are enough"
fi
if [ ! -e small/full/experiment.yaml ]; then # full before there was anything to resume
    "$hone" run full.yaml output_dir=small/full --force --quiet >out 2>err || fail "run again with room: $(cat err)"
else
    "$hone" resume small/full --failed --quiet >out 2>err || fail "resumed with room: $(cat err)"
fi
# The same points with the same values; trials that failed for want of room have successors.
best() {
    awk -F '\t' 'FNR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next } $1 { print $1, $column["validation/loss"], $column["optimizer.learning_rate"] }' "$1/leaderboard.tsv"
}
[ "$(best whole)" = "$(best small/full)" ] || fail "another leaderboard after the disk was full: $(best whole; best small/full)"

exit $failures
