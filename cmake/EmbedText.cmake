# Makes a C++ source that holds a file as text: cmake -DINPUT=… -DOUTPUT=… -DNAMESPACE=a::b -DFUNCTION=f -P EmbedText.cmake
# The generated function is `std::string_view f()`.
file(READ ${INPUT} text HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${text}")
string(REGEX REPLACE "((0x[0-9a-f][0-9a-f],){32})" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT} "// Made from ${INPUT} by cmake/EmbedText.cmake.
#include <string_view>

namespace ${NAMESPACE} {

std::string_view ${FUNCTION}();

namespace {
constexpr unsigned char bytes[] = {
${bytes}
};
}  // namespace

std::string_view ${FUNCTION}() {
    return {reinterpret_cast<const char*>(bytes), sizeof bytes};
}

}  // namespace ${NAMESPACE}
")
