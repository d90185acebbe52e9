# cmake -DOUT=x.cpp -DDIR=src/cli -DNAMES="a;b" -P embed_texts.cmake
# Writes the help texts DIR/<name>.txt as one C++ table. Only touched when something changed.
set(body "// Made by cmake/embed_texts.cmake from the .txt files beside the commands.\n#include \"cli/help.hpp\"\n\n")
string(APPEND body "namespace stack::cli {\n\nconst EmbeddedText embedded_texts[] = {\n")
set(count 0)
foreach(name IN LISTS NAMES)
  file(READ ${DIR}/${name}.txt text)
  string(APPEND body "{\"${name}\", R\"text(${text})text\"},\n")
  math(EXPR count "${count} + 1")
endforeach()
string(APPEND body "};\nconst size_t embedded_text_count = ${count};\n\n}  // namespace stack::cli\n")
file(CONFIGURE OUTPUT ${OUT} CONTENT "${body}" @ONLY)
