// YAML text to model: any text gives a project or findings, never a crash, and no message grows past its bounds.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "compose/loader.hpp"

using namespace stack::compose;

namespace {

void check_message(const std::vector<Finding>& findings, const SourceFiles& files) {
    constexpr std::size_t longest = 4096;
    for (const auto& finding : findings) {
        if (finding.message.empty() || render_findings({finding}, files).size() > longest) {
            std::abort();
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    LoadOptions options;
    options.working_dir = "/nonexistent/project";
    options.environment = {{"HOME", "/nonexistent"}, {"A", "a"}, {"NUMBER", "7"}, {"EMPTY", ""}};
    options.files = {"-"};
    options.profiles = {"*"};
    options.resolve_env_files = false;
    options.read_stdin = [&] { return std::string{reinterpret_cast<const char*>(data), size}; };
    try {
        const auto loaded = load_project(options);
        check_message(loaded.warnings, *loaded.files);
    } catch (const LoadFailure& failure) {
        check_message(failure.findings(), failure.files());
    } catch (const stack::Error&) {
        // told in a sentence, without a place: fine
    }
    return 0;
}
