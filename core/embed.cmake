# embed.cmake - writes the text files of a folder as one C array of {name, text}, the name being what stands before the first point:
#
#   cmake -DOUTPUT=FILE.c -DFOLDER=DIR -DHEADER=cli/skeletons.h -DTYPE=hone__skeleton -DARRAY=hone__skeletons -P embed.cmake
#
# Bytes and not strings, because C promises strings of 4095 bytes only.
#
# SPDX-License-Identifier: Apache-2.0
file(GLOB files ${FOLDER}/*.*)
list(SORT files)
set(text "/* Made by core/embed.cmake. */\n#include \"${HEADER}\"\n\n#include <stddef.h>\n\n")
set(rows "")
foreach(file IN LISTS files)
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND text "static const char text_${name}[] = {${bytes}0};\n")
  string(APPEND rows "    {\"${name}\", text_${name}},\n")
endforeach()
string(APPEND text "\nconst ${TYPE} ${ARRAY}[] = {\n${rows}    {NULL, NULL},\n};\n")
file(WRITE ${OUTPUT} "${text}")
