#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// `--filter KEY=VALUE` of networks and volumes. (Containers have more kinds: container/filters.hpp.)
namespace stack::cli {

/// "label!=x" has the key "label!".
struct ObjectFilter {
    std::string key, value;
};

/// Throws UsageError "invalid filter '…'" for a key that is not among `known` or a text without '='.
std::vector<ObjectFilter> parse_filters(const std::vector<std::string>& words,
                                        std::initializer_list<std::string_view> known);
/// "true", "1" …; UsageError on anything else.
bool filter_flag(const ObjectFilter& filter);
/// "KEY" or "KEY=VALUE".
bool label_matches(const std::map<std::string, std::string>& labels, const std::string& wish);
/// "a=b,c=d", as the Docker CLI shows labels in lists.
std::string labels_text(const std::map<std::string, std::string>& labels);

/// Asks on the terminal before something is removed for good.
bool confirmed(std::string_view warning);

}  // namespace stack::cli
