#!/usr/bin/env bash
# run.sh SECONDS - builds the fuzzers with clang's libFuzzer and runs each for that long, from its seed corpus. Inputs that fail
# are left in build/fuzz/.
#
# SPDX-License-Identifier: Apache-2.0
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:?usage: tests/fuzz/run.sh SECONDS}

if ! command -v clang >/dev/null; then
  echo "The fuzzers are left out: there is no clang."
  exit 0
fi
mkdir -p build
probe='#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) { return data != 0 && n == 99999; }'
if ! echo "$probe" | clang -x c -fsanitize=fuzzer,address - -o build/fuzz-probe 2>/dev/null; then
  echo "The fuzzers are left out: clang has no libFuzzer here (Debian's package libclang-rt-dev)."
  exit 0
fi
rm -f build/fuzz-probe

cmake --preset fuzz >build/fuzz.log 2>&1 || { cat build/fuzz.log; exit 1; }
failed=0
for source in tests/fuzz/fuzz_*.c; do
  [ -e "$source" ] || continue
  name=$(basename "$source" .c)
  name=${name#fuzz_}
  cmake --build --preset fuzz --target "fuzz-$name" >build/fuzz.log 2>&1 || { cat build/fuzz.log; exit 1; }
  found=build/fuzz/corpus/$name
  mkdir -p "$found"
  if ASAN_OPTIONS=allocator_may_return_null=1 build/fuzz/tests/fuzz-"$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=0 \
    -artifact_prefix="build/fuzz/$name-" "$found" tests/fuzz/corpus/"$name" >build/fuzz/"$name".log 2>&1; then
    echo "fuzz $name: $(grep -E '^Done|DONE' build/fuzz/"$name".log | tail -n 1)"
  else
    cat build/fuzz/"$name".log
    failed=1
  fi
done
exit $failed
