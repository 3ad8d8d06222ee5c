#!/usr/bin/env bash
# run.sh [--all] - installs the packages that are missing, builds hone and runs its tests. With --all also under the address,
# undefined-behaviour and thread sanitizers and with clang, the fuzzers for a few seconds each, and the format check.
# CTEST_ARGS in the environment goes to ctest ("-R base", "-j1").
#
# SPDX-License-Identifier: Apache-2.0
set -eu
cd "$(dirname "$0")/.."

usage() {
  echo "usage: tests/run.sh [--all]" >&2
  exit 2
}

[ $# -le 1 ] || usage
case ${1:-} in
  "") what="test" strict=OFF ;; # a newer compiler's new warning is no failed test
  --all) what="all" strict=ON ;;
  *) usage ;;
esac

failed=""

step() { # NAME COMMAND ...
  local name=$1
  shift
  echo "== $name"
  "$@" || failed="$failed $name"
}

test_preset() { # PRESET
  # The quickstart may have configured the same folder without tests.
  cmake --preset "$1" -DHONE_ERROR=$strict -DHONE_TESTS=ON >"build/$1.log" 2>&1 || { cat "build/$1.log"; return 1; }
  # shellcheck disable=SC2086  # CTEST_ARGS are words
  cmake --build --preset "$1" && ctest --preset "$1" -j"$(nproc)" ${CTEST_ARGS:-}
}

bash tests/packages.sh "$what"
mkdir -p build
if [ "$what" = all ]; then
  step format bash tests/format.sh
  step clang test_preset clang
  step asan test_preset asan
  step tsan test_preset tsan
  step fuzz bash tests/fuzz/run.sh 5
fi
step release test_preset release

if [ -n "$failed" ]; then
  echo "failed:$failed" >&2
  exit 1
fi
