#include "cli/object_filter.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include <fmt/format.h>

#include "cli/flags.hpp"

namespace stack::cli {

std::vector<ObjectFilter> parse_filters(const std::vector<std::string>& words,
                                        std::initializer_list<std::string_view> known) {
    std::vector<ObjectFilter> filters;
    for (const std::string& word : words) {
        const size_t equals = word.find('=');
        const std::string key = word.substr(0, equals);
        if (equals == std::string::npos || std::find(known.begin(), known.end(), key) == known.end()) {
            throw UsageError{fmt::format("invalid filter '{}'", word)};
        }
        filters.push_back({key, word.substr(equals + 1)});
    }
    return filters;
}

bool filter_flag(const ObjectFilter& filter) {
    const auto value = parse_bool(filter.value);
    if (!value) {
        throw UsageError{fmt::format("invalid filter '{}={}'", filter.key, filter.value)};
    }
    return *value;
}

bool label_matches(const std::map<std::string, std::string>& labels, const std::string& wish) {
    const size_t equals = wish.find('=');
    const auto label = labels.find(wish.substr(0, equals));
    return label != labels.end() && (equals == std::string::npos || label->second == wish.substr(equals + 1));
}

std::string labels_text(const std::map<std::string, std::string>& labels) {
    std::string text;
    for (const auto& [key, value] : labels) {
        text += fmt::format("{}{}={}", text.empty() ? "" : ",", key, value);
    }
    return text;
}

bool confirmed(std::string_view warning) {
    fmt::print("WARNING! {}\nAre you sure you want to continue? [y/N] ", warning);
    std::fflush(stdout);
    std::array<char, 16> answer{};
    return std::fgets(answer.data(), static_cast<int>(answer.size()), stdin) != nullptr &&
           (answer[0] == 'y' || answer[0] == 'Y');
}

}  // namespace stack::cli
