// Env files: any text gives variables and findings that point into it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "compose/dotenv.hpp"

using namespace stack::compose;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text{reinterpret_cast<const char*>(data), size};
    SourceFiles files;
    const auto file = files.add("a.env", text);
    Findings findings;
    const Lookup lookup = [](std::string_view name) {
        return name == "A" ? std::optional<std::string>{"a"} : std::nullopt;
    };
    const auto variables = parse_dotenv(text, file, lookup, findings);
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
    for (const auto& variable : variables) {
        if (variable.name.empty() || variable.mark.line == 0 || variable.mark.line > lines) {
            std::abort();
        }
    }
    parse_dotenv_raw(text, file, findings);
    constexpr std::size_t longest = 4096;
    for (const auto& finding : findings.sorted()) {
        if (finding.mark.line > lines || render_findings({finding}, files).size() > longest) {
            std::abort();
        }
    }
    return 0;
}
