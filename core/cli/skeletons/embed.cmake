# embed.cmake - writes the skeletons of plugins as C arrays: cmake -DOUTPUT=skeletons.c -P embed.cmake
#
# Bytes and not strings, because C promises strings of 4095 bytes only.
#
# SPDX-License-Identifier: Apache-2.0
file(GLOB skeletons ${CMAKE_CURRENT_LIST_DIR}/*.c.in)
list(SORT skeletons)
set(text "/* skeletons.c - made by core/cli/skeletons/embed.cmake. */\n#include \"cli/skeletons.h\"\n\n")
set(rows "")
foreach(skeleton IN LISTS skeletons)
  get_filename_component(kind ${skeleton} NAME_WE)
  file(READ ${skeleton} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND text "static const char ${kind}[] = {${bytes}0};\n")
  string(APPEND rows "    {\"${kind}\", ${kind}},\n")
endforeach()
string(APPEND text "\nconst hone__skeleton hone__skeletons[] = {\n${rows}    {NULL, NULL},\n};\n")
file(WRITE ${OUTPUT} "${text}")
