#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stack::compose::testing {

/// A mistake that people make. Its message is kept in tests/golden/compose/mistakes/<name>.txt; STACK_ACCEPT=1
/// rewrites.
struct Mistake {
    std::string_view name;
    std::string_view yaml;
};

/// What loading compose.yaml with this text says, warnings included; empty if it says nothing.
std::string diagnose(std::string_view yaml);

/// Compares what each mistake says with its golden file, and holds them to what every message must have: file, line and
/// column, and one finding for one mistake.
void compare_with_golden(const std::vector<Mistake>& mistakes);

}  // namespace stack::compose::testing
