#!/usr/bin/env bash
# run.sh [--quick] [--only PART] [--shared DIR] [--times N] [--set key=value]... - builds hone and measures it. What is measured is printed as
# a table and written to build/bench/bench.json (with --only: bench-PART.json), one row a line.
#
#   ops      each operator against its bound, by backend
#   text     YAML, JSON, safetensors and tokenizers
#   steps    training steps and inference at fixed shapes and on MRPC's lengths, memory
#   backends the same with each backend and instruction set
#   start    from the start of the program to the first training step
#   epoch    a whole epoch of MRPC
#   sweep    12 trials of MRPC
#
# --shared names the folder with data/mrpc and models/all-MiniLM-L6-v2 (../shared); what needs it is left out, and said so, where it is not
# there. --quick measures everything once at sizes that take seconds: it shows that the benchmark works, and its figures mean nothing.
# --set goes to every experiment file (trainer.precision=bf16). HONE_BUILD names a build to measure instead of making one.
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/../.."

parts="ops text steps backends start epoch sweep"
quick="" only="" shared=../shared times=3 settings=()
usage() {
  sed -n 's/^# //p' "$0" | head -4 >&2
  echo "parts: $parts" >&2
  exit 2
}
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=1 times=1 ;;
    --only) only=${2:-} && shift ;;
    --shared) shared=${2:-} && shift ;;
    --times) times=${2:-} && shift ;;
    --set) settings+=("${2:-}") && shift ;;
    *) usage ;;
  esac
  shift || usage
done
case " $parts " in *" ${only:-ops} "*) ;; *) usage ;; esac

if [ -z "${HONE_BUILD:-}" ]; then
  cmake --preset release >/dev/null
  cmake --build --preset release | tail -1
  HONE_BUILD=$PWD/build/release
fi
export HONE_PLUGIN_PATH=$HONE_BUILD/plugins
bench=$HONE_BUILD/tests
out=$HONE_BUILD/../bench
[ -z "$quick" ] || out=$HONE_BUILD/bench-quick
name=bench${only:+-$only}
mkdir -p "$out/data"
rows=$out/$name.rows
: >"$rows"

all_threads=$(nproc)
threads="1 $all_threads"
[ "$all_threads" -gt 1 ] || threads=1
[ -z "$quick" ] || threads=1

wanted() { # PART: a headline, where it is to be measured
  [ -z "$only" ] || [ "$only" = "$1" ] || return 1
  echo
  echo "== $1: $2   (load $(cut -d' ' -f1 /proc/loadavg))"
}
minilm="{type: bert, hidden_size: 384, num_hidden_layers: 6, intermediate_size: 1536}"
bert_base="{type: bert}"
tiny="{type: bert, hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 64}"

steps_header() {
  printf '%-10s %-30s %s  %-8s %-7s %9s %9s %8s %7s %8s %7s %9s %8s %7s\n' "" "" T backend "" "best ms" median GFLOP/s "of peak" \
    "(by cpu)" "of peak" tokens/s "ex./s" MiB
}
fixed() { # NAME MODEL BATCH LENGTH STEPS THREADS [key=value ...]
  local label=$1 model=$2 batch=$3 length=$4 steps=$5 t=$6
  shift 6
  "$bench/bench-step" --json "$rows" --name "$label $batch x $length" --steps "$steps" --batches "$steps" tests/bench/fixed.yaml \
    data_root="$out/data" model_root="$out/data" model="$model" trainer.train_batch_size="$batch" trainer.eval_batch_size="$batch" \
    tokenizer.max_length="$length" trainer.threads="$t" "${settings[@]}" "$@"
}
mrpc_step() { # STEPS THREADS [key=value ...]
  local steps=$1 t=$2
  shift 2
  "$bench/bench-step" --json "$rows" --name "minilm MRPC batches of 8" --steps "$steps" --batches "$steps" tests/bench/mrpc.yaml \
    data_root="$shared/data" model_root="$shared/models" trainer.threads="$t" "${settings[@]}" "$@"
}
have_mrpc() {
  [ -z "$quick" ] || return 1
  [ -d "$shared/data/mrpc" ] && [ -d "$shared/models/all-MiniLM-L6-v2" ] && return
  echo "left out: there is no $shared/data/mrpc or no $shared/models/all-MiniLM-L6-v2 (--shared says where they are)"
  return 1
}
run() { # NAME TIMES FILE [key=value ...]
  local label=$1 n=$2
  shift 2
  "$bench/bench-runs" --json "$rows" --name "$label" --times "$n" "$HONE_BUILD/hone" "$@" "${settings[@]}"
}
mrpc_run() { # NAME TIMES [key=value ...]
  local label=$1 n=$2
  shift 2
  run "$label" "$n" tests/bench/mrpc.yaml data_root="$shared/data" model_root="$shared/models" "$@"
}
tiny_run() { # NAME TIMES [key=value ...]
  local label=$1 n=$2
  shift 2
  run "$label" "$n" tests/bench/fixed.yaml data_root="$out/data" model_root="$out/data" model="$tiny" tokenizer.max_length=16 \
    trainer.num_train_epochs=1 trainer.threads=1 backend=native "$@"
}
learning_rates="sweep={method: grid, metric: {name: validation/accuracy, goal: maximize}, parameters: {optimizer.learning_rate: {values: \
[1.0e-5, 2.0e-5, 3.0e-5, 4.0e-5, 5.0e-5, 6.0e-5, 7.0e-5, 8.0e-5, 9.0e-5, 1.0e-4, 1.1e-4, 1.2e-4]}}}"
few_rates="sweep={method: grid, metric: {name: validation/accuracy, goal: maximize}, parameters: {optimizer.learning_rate: {values: \
[1.0e-5, 2.0e-5]}}}"

lines=320
[ -z "$quick" ] || lines=32
[ -e "$out/data/vocab.txt" ] || bash tests/bench/texts.sh "$out/data" $lines

if wanted ops "operators against their bounds"; then
  if [ -n "$quick" ]; then
    "$bench/bench-ops" --json "$rows" --model tiny 1 native
  else
    "$bench/bench-ops" --json "$rows" --model minilm 1 openblas native
    "$bench/bench-ops" --json "$rows" --model bert-base 1 openblas native
  fi
fi

if wanted text "what comes in"; then
  vocab=$out/data/vocab.txt text=LICENSE
  if have_mrpc; then vocab=$shared/vocab/bert-base-uncased/vocab.txt text=$shared/data/mrpc/train.tsv; fi
  "$bench/bench-parse" --json "$rows" --text $text --vocab "$vocab" ${quick:+--quick}
fi

if wanted steps "training steps and inference"; then
  steps_header
  if [ -n "$quick" ]; then fixed tiny "$tiny" 2 16 2 1; fi
  for t in $threads; do
    [ -z "$quick" ] || break
    fixed minilm "$minilm" 8 128 12 "$t"
    fixed minilm "$minilm" 32 128 6 "$t"
    fixed bert-base "$bert_base" 8 128 6 "$t"
    fixed bert-base "$bert_base" 32 128 3 "$t"
    if have_mrpc; then mrpc_step 60 "$t"; fi
  done
fi

if wanted backends "training steps and inference, by backend"; then
  steps_header
  for backend in openblas avx512 avx2 portable; do
    [ $backend = openblas ] && set -- openblas backend=openblas ||
      set -- "native $backend" backend="{type: native, instruction_set: $backend}"
    [ $backend != avx512 ] || grep -q avx512f /proc/cpuinfo || continue
    [ $backend != avx2 ] || grep -q avx2 /proc/cpuinfo || continue
    if [ -n "$quick" ]; then
      fixed "tiny $1" "$tiny" 2 16 1 1 "$2"
      continue
    fi
    for t in $threads; do
      fixed "minilm $1" "$minilm" 8 128 4 "$t" "$2"
      [ $backend != portable ] || break
      fixed "minilm $1" "$minilm" 32 128 3 "$t" "$2"
      fixed "bert-base $1" "$bert_base" 8 128 3 "$t" "$2"
    done
  done
fi

if wanted start "from the start of the program to the first training step, the data in the cache of tokens"; then
  if [ -n "$quick" ]; then
    tiny_run "start tiny" 1 trainer.max_steps=1
  elif have_mrpc; then
    mrpc_run "start minilm, first run" 1 trainer.max_steps=1 cache_dir="$out/cache"
    mrpc_run "start minilm, warm" "$((times * 2))" trainer.max_steps=1 cache_dir="$out/cache"
  fi
fi

if wanted epoch "an epoch of MRPC, with evaluation and the saved model"; then
  if [ -n "$quick" ]; then
    tiny_run "epoch tiny" 1
  elif have_mrpc; then
    for t in $threads; do mrpc_run "epoch minilm, threads: $t" 1 cache_dir="$out/cache" trainer.threads="$t"; done
  fi
fi

if wanted sweep "12 trials"; then
  if [ -n "$quick" ]; then
    tiny_run "sweep tiny" 1 "$few_rates" trainer.max_steps=2
  elif have_mrpc; then
    small=(trainer.max_train_samples=800 "$learning_rates" cache_dir="$out/cache")
    mrpc_run "sweep, nothing frozen" 1 "${small[@]}"
    frozen=("${small[@]}" "model.freeze={embeddings: true, layers: 4}")
    mrpc_run "sweep, 4 of 6 layers frozen, no cache" 1 "${frozen[@]}" trainer.cache_frozen=none
    mrpc_run "sweep, 4 of 6 layers frozen" 1 "${frozen[@]}"
    mrpc_run "sweep, nothing frozen, one trial at a time" 1 "${small[@]}" sweep.max_concurrent_trials=1 trainer.threads="$all_threads"
  fi
fi

{
  printf '{"format": 1, "date": "%s", "commit": "%s", "processor": "%s", "threads": %s, "load": "%s", "rows": [\n' "$(date -u +%FT%TZ)" \
    "$(git rev-parse --short HEAD 2>/dev/null || echo unknown)" "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" \
    "$all_threads" "$(cut -d' ' -f1-3 /proc/loadavg)"
  sed '$!s/$/,/' "$rows"
  echo "]}"
} >"$out/$name.json"
rm "$rows"
echo
echo "$out/$name.json"
