#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace stack {

std::string_view trim(std::string_view text);
/// Splits at every `separator`; an empty text gives one empty field.
std::vector<std::string_view> split(std::string_view text, char separator);
/// Not of a string that is gone when the views are looked at: give it a name first.
template <class Text>
requires std::is_same_v<Text, std::string> std::vector<std::string_view> split(Text&& text, char separator)
= delete;
std::string join(std::span<const std::string> parts, std::string_view separator);
std::string to_lower(std::string_view text);
std::string replace_all(std::string text, std::string_view from, std::string_view to);

/// Whole text as a decimal number; nullopt on anything else or out of range.
std::optional<std::int64_t> parse_int(std::string_view text);
std::optional<std::uint64_t> parse_uint(std::string_view text, int base = 10);
std::optional<double> parse_double(std::string_view text);

/// The candidate that `word` most likely meant (edit distance with transpositions, at most a third of the length);
/// nullopt if none is near. The first of equally near ones wins.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

/// Cuts to at most `max_bytes` at a UTF-8 boundary, with "…" where something is missing; control characters become '?'.
std::string abbreviate(std::string_view text, size_t max_bytes);

}  // namespace stack
