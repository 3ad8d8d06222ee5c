#!/bin/bash
# experiments.sh - every experiment whose data and weights lie in ../shared reads them without a mistake.
#
# SPDX-License-Identifier: Apache-2.0
set -u
shared=../shared checked=0 failures=0
[ -d $shared/data ] || { echo "left out: there is no $shared/data"; exit 77; }

for file in experiments/*/*.yaml; do
    grep -q '^plugins:' "$file" && continue # its plugin is built by hand, as in custom_task.sh
    missing=$(grep -ohE '^ +(train|validation|test): *[^ {}#,]+' "$file" | sed 's/.*: *//' | while read -r data; do
        [ -e "$shared/data/$data" ] || echo "$data"
    done)
    model=$(grep -ohE '^model: *\{[^}]*path: *[^ ,}]+' "$file" | sed 's/.*path: *//')
    vocab=$(sed -n 's/^  vocab: *//p' "$file")
    roots=$shared/models
    [ -n "$vocab" ] && roots=$shared/vocab
    [ -z "$missing" ] && [ -e "$roots/${vocab:-$model}" ] || continue
    checked=$((checked + 1))
    said=$("$HONE_PROGRAM" check "$file" data_root=$shared/data model_root=$roots --data 2>&1) || {
        echo "$file: $said"
        failures=$((failures + 1))
    }
done
echo "$checked experiments checked"
[ $failures -eq 0 ] && [ $checked -gt 0 ]
