# common.bash - what tests of the whole program share: a folder of their own, and checks that count failures. To be sourced.
#
# SPDX-License-Identifier: Apache-2.0
hone=${HONE_PROGRAM:?run this test through ctest}
dir=$(mktemp -d "${TMPDIR:-/tmp}/hone-$(basename "$0" .sh)-XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failures=0

fail() {
    echo "$*"
    failures=$((failures + 1))
}

# run CODE ARGUMENT ...: the exit code must be that; output and errors are left in out and err
run() {
    local code=$1 status=0
    shift
    "$hone" "$@" >out 2>err || status=$?
    [ $status -eq "$code" ] || fail "hone $*: exit code $status, not $code: $(cat out err)"
}

says() { # FILE TEXT
    grep -qF -- "$2" "$1" || fail "there is no \"$2\" in $1: $(cat "$1")"
}
