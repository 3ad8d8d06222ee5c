# readme_snippets.sh - what plugins/README.md shows compiles without a warning, passes its checks, and trains.
#
# SPDX-License-Identifier: Apache-2.0
set -eu
hone=${HONE_PROGRAM:?}
cc=${CC:-cc}
flags="-std=c11 -pedantic -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Werror -O1 -fPIC -shared"
[ -z "${HONE_SANITIZE:-}" ] || flags="$flags -fsanitize=$HONE_SANITIZE"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# A block of C goes to the file that its first line names, the block of YAML to tutorial.yaml.
awk -v dir="$dir" '
  /^```c$/ { language = "c"; file = ""; next }
  /^```yaml$/ { language = "yaml"; file = dir "/tutorial.yaml"; next }
  /^```$/ { language = ""; next }
  language == "c" && file == "" { file = dir "/" $2 }
  language != "" { print > file }
' plugins/README.md

for name in top_k focal_head; do
  lines=$(wc -l <"$dir/$name.c")
  echo "$name.c has $lines lines"
  # shellcheck disable=SC2086  # the flags are words
  $cc $flags -Iinclude -o "$dir/$name.so" "$dir/$name.c" -L"$HONE_BUILD" -lhone -lm
  "$hone" plugins check "$dir/$name.so"
done

# The same operator with a gradient that is a little wrong is noticed.
sed 's/slope \* (/slope * 1.1 * (/' "$dir/focal_head.c" >"$dir/wrong.c"
# shellcheck disable=SC2086  # the flags are words
$cc $flags -Iinclude -o "$dir/wrong.so" "$dir/wrong.c" -L"$HONE_BUILD" -lhone -lm
if "$hone" plugins check "$dir/wrong.so" >"$dir/out" || ! grep -q 'right gradients: FAILED' "$dir/out"; then
  echo "a wrong gradient was not noticed:"
  cat "$dir/out"
  exit 1
fi
cd "$dir"
"$hone" check tutorial.yaml
"$hone" run tutorial.yaml --quiet
grep -q top_k reports/tutorial/*.tsv reports/tutorial/trials/*/result.json
