#!/bin/bash
# experiments.sh - no experiment has a mistake, but that files may be missing; those whose data and weights lie in ../shared read them.
#
# SPDX-License-Identifier: Apache-2.0
set -u
shared=../shared checked=0 opened=0 failures=0

for file in experiments/*/*.yaml; do
    grep -q '^plugins:' "$file" && continue # its plugin is built by hand, as in custom_task.sh
    checked=$((checked + 1))
    said=$("$HONE_PROGRAM" check "$file" 2>&1 | grep -vE 'but there is no |^hone: [0-9]+ mistakes?$|: fine: ')
    [ -z "$said" ] || {
        echo "$file: $said"
        failures=$((failures + 1))
    }
    missing=$(grep -ohE '^ +(train|validation|test): *[^ {}#,]+' "$file" | sed 's/.*: *//' | while read -r data; do
        [ -e "$shared/data/$data" ] || echo "$data"
    done)
    model=$(grep -ohE '^model: *\{[^}]*path: *[^ ,}]+' "$file" | sed 's/.*path: *//')
    vocab=$(sed -n 's/^  vocab: *//p' "$file")
    roots=$shared/models
    [ -n "$vocab" ] && roots=$shared/vocab
    [ -z "$missing" ] && [ -e "$roots/${vocab:-$model}" ] || continue
    opened=$((opened + 1))
    said=$("$HONE_PROGRAM" check "$file" data_root=$shared/data model_root=$roots --data 2>&1) || {
        echo "$file: $said"
        failures=$((failures + 1))
    }
done
echo "$checked experiments checked, the data of $opened of them"
[ $failures -eq 0 ] && [ $checked -gt 0 ]
