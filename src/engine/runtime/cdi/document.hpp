#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace stack::runtime::cdi {

/// What one CDI file may be: beyond it, the file is refused.
constexpr size_t most_bytes = size_t{1} << 20U;
constexpr size_t most_values = 50'000;
constexpr size_t most_levels = 24;

/// A CDI file as a tree. JSON where the text starts with a brace, YAML otherwise: one document, without anchors (a few
/// lines of them can stand for millions of values). Plain YAML numbers stay text. Throws Errc::invalid_input.
nlohmann::json read_document(std::string_view text);

}  // namespace stack::runtime::cdi
