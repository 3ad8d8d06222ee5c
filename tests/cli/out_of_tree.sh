#!/usr/bin/env bash
# out_of_tree.sh - plugins build against the installed package with one line of cc and with find_package(hone); so do the beginnings of
# all kinds that hone new makes, which are then listed, described and checked.
#
# SPDX-License-Identifier: Apache-2.0
set -eu
if [ -n "${HONE_SANITIZE:-}" ]; then
  echo "left out: a plugin built by hand has no sanitizer, and cannot be loaded before it"
  exit 77
fi
cc=${CC:-cc}
work=$(mktemp -d "${TMPDIR:-/tmp}/hone-test-XXXXXX")
trap 'rm -rf "$work"' EXIT

fail() {
  echo "$*" >&2
  exit 1
}

cmake --install "$HONE_BUILD" --prefix "$work/prefix" >"$work/install.log" || { cat "$work/install.log"; fail "not installed"; }
PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name hone.pc)")
export PKG_CONFIG_PATH

mkdir "$work/tiny"
cat >"$work/tiny/tiny.c" <<'C'
/* tiny.c - a learning rate that falls as the square root of the step.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/train.h>
#include <math.h>

static double factor(const hone_self *self, int64_t step, int64_t total)
{
    (void)total;
    hone_log_line(self->log, HONE_LOG_DEBUG, "step %lld", (long long)step);
    return 1 / sqrt((double)step);
}

static const hone_schedule tiny = {
    .plugin = {HONE_PLUGIN(hone_schedule, HONE_KIND_SCHEDULE), .name = "tiny", .summary = "one over the root of the step"},
    .factor = factor,
};

HONE_MODULE(&tiny.plugin);
C
# A program of one's own that uses libhone, and looks at a plugin's one symbol.
cat >"$work/tiny/look.c" <<'C'
#include <dlfcn.h>
#include <hone/plugin.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    hone_error err;
    void *handle = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    const hone_module *module = handle ? (const hone_module *)dlsym(handle, "hone_exports") : NULL;
    if (!module || module->magic != HONE_MAGIC) {
        fprintf(stderr, "%s\n", dlerror());
        return hone_fail(&err, HONE_EPLUGIN, "no module");
    }
    printf("%s %s\n", module->built_with, module->plugins[0]->name);
    return 0;
}
C

# One line of cc.
# shellcheck disable=SC2046  # the flags are words
"$cc" -std=c11 -O2 -Wall -Wextra -Werror -shared -fPIC -o "$work/tiny/tiny.so" "$work/tiny/tiny.c" \
  $(pkg-config --cflags --libs hone) -lm
plugindir=$(pkg-config --variable=plugindir hone)
[ -d "$plugindir" ] || [ -z "$(ls plugins 2>/dev/null)" ] || fail "plugindir of hone.pc is $plugindir, which is no folder"

# find_package(hone).
cat >"$work/tiny/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.20)
project(tiny LANGUAGES C)
find_package(hone REQUIRED)
hone_add_plugin(schedule tiny.c)
add_executable(look look.c)
target_link_libraries(look PRIVATE hone::hone ${CMAKE_DL_LIBS})
CMAKE
# The builder that this tree was built with is there; another need not be.
if ! { cmake -G Ninja -S "$work/tiny" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_C_COMPILER="$cc" &&
  cmake --build "$work/build"; } >"$work/cmake.log" 2>&1; then
  cat "$work/cmake.log"
  fail "find_package(hone) does not build"
fi

version=$("$work/prefix/bin/hone" version | sed -n '1s/^hone //p')
for plugin in "$work/tiny/tiny.so" "$work/build/plugins/schedule/tiny.so"; do
  seen=$(LD_LIBRARY_PATH=$(pkg-config --variable=libdir hone) "$work/build/look" "$plugin") || fail "$plugin does not load"
  [ "$seen" = "$version tiny" ] || fail "$plugin says: $seen"
done

# The beginning of every kind of plugin, made, built, listed, described and checked with the installed package alone.
unset HONE_PLUGIN_PATH
hone=$work/prefix/bin/hone
for kind in tokenizer reader model head loss optimizer schedule metric technique searcher stopper launcher backend task; do
  mkdir -p "$work/mine/$kind"
  "$hone" new "$kind" mine --dir "$work/mine/$kind" >/dev/null || fail "hone new $kind mine failed"
  # shellcheck disable=SC2046  # the flags are words
  "$cc" -shared -fPIC -o "$work/mine/$kind/mine.so" "$work/mine/$kind/mine.c" $(pkg-config --cflags --libs hone) -lm ||
    fail "the beginning of a $kind does not build"
  HONE_PLUGIN_PATH=$work/mine "$hone" plugins --kind "$kind" | grep -q "^$kind *mine " || fail "$kind/mine is not listed"
  HONE_PLUGIN_PATH=$work/mine "$hone" describe "$kind/mine" | grep -q "^$kind/mine: " || fail "$kind/mine is not described"
  "$hone" plugins check "$work/mine/$kind/mine.so" >"$work/check.log" || { cat "$work/check.log"; fail "$kind/mine fails its check"; }
done
