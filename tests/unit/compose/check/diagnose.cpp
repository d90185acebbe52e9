#include "diagnose.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <catch2/catch.hpp>

#include "compose/consistency.hpp"
#include "compose/finding.hpp"
#include "compose/schema_check.hpp"
#include "compose/yaml_tree.hpp"
#include "support/files.hpp"

namespace stack::compose::testing {
namespace {

std::size_t count_of(std::string_view text, std::string_view word) {
    std::size_t count = 0;
    for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        ++count;
    }
    return count;
}

}  // namespace

std::string diagnose(std::string_view yaml) {
    SourceFiles files;
    Findings findings;
    const auto file = files.add("compose.yaml", std::string{yaml});
    for (const auto& document : parse_yaml(files, file, findings)) {
        check_schema(document, findings);
        const ServiceFilter all = [](std::string_view) { return true; };
        check_consistency(document, all, all, findings);
    }
    return render_findings(findings.sorted(), files);
}

void compare_with_golden(const std::vector<Mistake>& mistakes) {
    const std::filesystem::path folder = std::filesystem::path{STACK_TESTS_DIR} / "golden/compose/mistakes";
    const bool accept = std::getenv("STACK_ACCEPT") != nullptr;
    for (const auto& mistake : mistakes) {
        CAPTURE(mistake.name);
        const auto said = diagnose(mistake.yaml);
        const auto golden = folder / (std::string{mistake.name} + ".txt");
        if (accept) {
            write_file(golden, said);
            continue;
        }
        CHECK(said == find_file(golden).value_or("(no golden file)"));
        CHECK(count_of(said, "--> compose.yaml:") == 1);
        CHECK(said.size() < 4096);
    }
}

}  // namespace stack::compose::testing
