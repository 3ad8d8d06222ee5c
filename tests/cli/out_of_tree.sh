#!/usr/bin/env bash
# out_of_tree.sh - a plugin builds against the installed package with one line of cc, and with find_package(hone).
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
/* tiny.c - the share of examples whose prediction is the gold class.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/metric.h>

static hone_status compute(const hone_self *self, const hone_evaluation *evaluation, hone_exhibits *out, hone_error *err)
{
    (void)self;
    return hone_figure(out, NULL, (double)evaluation->n, NULL, err);
}

static const hone_metric tiny = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "tiny", .summary = "how many examples there are"},
    .targets = HONE_TAKES(HONE_TARGET_CLASS),
    .compute = compute,
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
  $(pkg-config --cflags --libs hone)
plugindir=$(pkg-config --variable=plugindir hone)
[ -d "$plugindir" ] || [ -z "$(ls plugins 2>/dev/null)" ] || fail "plugindir of hone.pc is $plugindir, which is no folder"

# find_package(hone).
cat >"$work/tiny/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.20)
project(tiny LANGUAGES C)
find_package(hone REQUIRED)
hone_add_plugin(metric tiny.c)
add_executable(look look.c)
target_link_libraries(look PRIVATE hone::hone ${CMAKE_DL_LIBS})
CMAKE
cmake -S "$work/tiny" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_C_COMPILER="$cc" >"$work/cmake.log" &&
  cmake --build "$work/build" >>"$work/cmake.log" || { cat "$work/cmake.log"; fail "find_package(hone) does not build"; }

version=$("$work/prefix/bin/hone" version | sed -n '1s/^hone //p')
for plugin in "$work/tiny/tiny.so" "$work/build/plugins/metric/tiny.so"; do
  seen=$(LD_LIBRARY_PATH=$(pkg-config --variable=libdir hone) "$work/build/look" "$plugin") || fail "$plugin does not load"
  [ "$seen" = "$version tiny" ] || fail "$plugin says: $seen"
done
