#!/bin/bash
# inspect.sh - `hone inspect`: what it lists, and what it says of files it cannot list.
#
# SPDX-License-Identifier: Apache-2.0
set -u
hone=${HONE_PROGRAM:?names the program to test}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0

# expect STATUS TEXT COMMAND...: the command exits so, and prints a line with the text.
expect() {
    local status=$1 text=$2
    shift 2
    local output
    output=$("$@" 2>&1)
    local got=$?
    if [ $got -ne "$status" ] || ! grep -qF -- "$text" <<<"$output"; then
        printf 'not as expected: %s\nexit %s for %s, no line with "%s" in\n%s\n' "$*" $got "$status" "$text" "$output"
        failed=1
    fi
}

golden=tests/golden/safetensors/reference.safetensors
expect 0 "9 tensors, 46 values, 168 bytes" "$hone" inspect $golden
expect 0 'made by = höne "golden"' "$hone" inspect $golden
expect 0 "layer.float16   F16          [2, 1, 4]              16            -3             4           0.5" \
    "$hone" inspect $golden
expect 0 '"values": 46,' "$hone" inspect $golden --json
expect 0 "hone inspect model.safetensors" "$hone" inspect --help
expect 2 "which file?" "$hone" inspect
expect 2 "'--jsno' is too much" "$hone" inspect --jsno $golden
expect 2 "is too much" "$hone" inspect $golden $golden
expect 1 "$folder/absent" "$hone" inspect "$folder/absent"
head -c 300 $golden >"$folder/cut.safetensors"
expect 1 "is the file cut off?" "$hone" inspect "$folder/cut.safetensors"
# Names are shown, never obeyed by the terminal; infinities and NaN are counted.
{
    printf '\x42\0\0\0\0\0\0\0%-66s' '{"a\u001b[2J":{"dtype":"F16","shape":[3],"data_offsets":[0,6]}}'
    printf '\0\x7c\0\x7e\0\x3c'
} >"$folder/odd.safetensors"
expect 0 'a\x1b[2J' "$hone" inspect "$folder/odd.safetensors"
expect 0 "1             1  1 NaN  1 infinite" "$hone" inspect "$folder/odd.safetensors"
exit $failed
