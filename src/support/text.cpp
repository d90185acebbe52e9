#include "support/text.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace stack {

std::string_view trim(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n\v\f";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> fields;
    for (;;) {
        const auto end = text.find(separator);
        fields.push_back(text.substr(0, end));
        if (end == std::string_view::npos) {
            return fields;
        }
        text.remove_prefix(end + 1);
    }
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
    std::string whole;
    for (const auto& part : parts) {
        if (&part != parts.data()) {
            whole += separator;
        }
        whole += part;
    }
    return whole;
}

std::string to_lower(std::string_view text) {
    std::string lower{text};
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return lower;
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
    if (from.empty()) {
        return text;
    }
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
        text.replace(at, from.size(), to);
    }
    return text;
}

namespace {

template <class Number, class... Format>
std::optional<Number> parse_whole(std::string_view text, Format... format) {
    Number value{};
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value, format...);
    if (error != std::errc{} || stopped != end || text.empty()) {
        return std::nullopt;
    }
    return value;
}

// Damerau-Levenshtein in its optimal string alignment form.
size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<size_t> before_last(b.size() + 1), last(b.size() + 1), current(b.size() + 1);
    std::iota(last.begin(), last.end(), size_t{0});
    for (size_t i = 1; i <= a.size(); ++i) {
        current[0] = i;
        for (size_t j = 1; j <= b.size(); ++j) {
            const size_t substitution = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            current[j] = std::min({last[j] + 1, current[j - 1] + 1, substitution});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                current[j] = std::min(current[j], before_last[j - 2] + 1);
            }
        }
        std::swap(before_last, last);
        std::swap(last, current);
    }
    return last[b.size()];
}

}  // namespace

std::optional<std::int64_t> parse_int(std::string_view text) {
    return parse_whole<std::int64_t>(text);
}
std::optional<std::uint64_t> parse_uint(std::string_view text, int base) {
    return parse_whole<std::uint64_t>(text, base);
}
std::optional<double> parse_double(std::string_view text) {
    return parse_whole<double>(text);
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
    constexpr size_t longest_compared = 100;
    if (word.size() > longest_compared) {
        return std::nullopt;
    }
    const std::string lower = to_lower(word);
    size_t best = std::max<size_t>(1, (word.size() + 1) / 3) + 1;
    const std::string* found = nullptr;
    for (const auto& candidate : candidates) {
        if (candidate.size() > longest_compared || candidate == word) {
            continue;
        }
        if (const size_t distance = edit_distance(lower, to_lower(candidate)); distance < best) {
            best = distance;
            found = &candidate;
        }
    }
    return found ? std::optional{*found} : std::nullopt;
}

std::string abbreviate(std::string_view text, size_t max_bytes) {
    std::string short_text{text.substr(0, max_bytes)};
    if (short_text.size() < text.size()) {
        while (!short_text.empty() && (static_cast<unsigned char>(text[short_text.size()]) & 0xC0U) == 0x80U) {
            short_text.pop_back();
        }
        short_text += "…";
    }
    std::ranges::replace_if(
        short_text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    return short_text;
}

}  // namespace stack
