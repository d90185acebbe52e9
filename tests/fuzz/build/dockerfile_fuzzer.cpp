// Dockerfiles and .dockerignore: any text gives instructions whose places are in it, or an error with a place.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "build/dockerfile/heredoc.hpp"
#include "build/dockerfile/parse.hpp"
#include "build/dockerfile/words.hpp"
#include "build/dockerignore.hpp"
#include "support/error.hpp"

using namespace stack;
using namespace stack::build;

namespace {

template <class Body>
void tolerate(Body&& body) {
    try {
        body();
    } catch (const Error& error) {
        if (error.code() != Errc::invalid_input) {
            std::abort();
        }
    }
}

void use(const Instruction& instruction, char escape) {
    const WordExpander expand{
        escape, [](const std::string& name) { return name == "A" ? std::optional<std::string>{"a"} : std::nullopt; }};
    tolerate([&] { (void)expand.word(instruction.text); });
    tolerate([&] { (void)expand.words(instruction.text); });
    tolerate([&] { (void)split_quoted(instruction.text, escape); });
    for (const auto& heredoc : instruction.heredocs) {
        tolerate([&] { (void)expand.heredoc(heredoc.content); });
    }
    tolerate([&] { (void)parse_trigger(instruction.text, instruction.pos, escape); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text{reinterpret_cast<const char*>(data), size};
    tolerate([&] {
        const auto file = parse_dockerfile(text, "Dockerfile");
        const auto lines = static_cast<int>(file.lines.size());
        for (const auto& instruction : file.instructions) {
            if (instruction.keyword.empty() || instruction.pos.line < 1 ||
                instruction.last_line < instruction.pos.line || instruction.last_line > lines) {
                std::abort();
            }
            use(instruction, file.directives.escape);
        }
    });
    tolerate([&] {
        const IgnoreRules rules{text};
        const bool ignored = rules.ignores("folder/file.txt");
        if (!ignored && rules.empty() && rules.ignores("x")) {
            std::abort();
        }
        (void)rules.can_skip("folder");
    });
    return 0;
}
