// Interpolation of one value: ends, within its limits, and a text without a dollar stays as it is.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "compose/interpolate.hpp"
#include "compose/limits.hpp"
#include "compose/loader.hpp"

using namespace stack::compose;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text{reinterpret_cast<const char*>(data), size};
    const Lookup lookup = [](std::string_view name) -> std::optional<std::string> {
        if (name == "A") {
            return "a$B";  // values are not interpolated again
        }
        return name == "E" ? std::optional<std::string>{""} : std::nullopt;
    };
    std::vector<SubstituteProblem> problems;
    const auto result = substitute(text, lookup, problems);
    for (const auto& problem : problems) {
        if (problem.message.empty() || problem.offset > text.size()) {
            std::abort();
        }
    }
    if (result.size() > limits::substitution_bytes || (text.find('$') == std::string::npos && result != text)) {
        std::abort();
    }
    return 0;
}
