#pragma once

#include <string_view>

#include "compose/check/report.hpp"
#include "compose/check/rule.hpp"

namespace stack::compose {

/// What the schema's `format: compose-…` asks of a value beyond its type. Called with values of the kinds that the rule
/// takes. An error is what docker compose refuses when it loads a file; a value that loads but that no engine can use
/// is a warning, with the same words.
struct Format {
    std::string_view name;
    void (*check)(const Rule& rule, const Report& report);
};

/// By the name in the schema; nullptr if there is none.
const Format* find_format(std::string_view name);
/// The one that a rule asks for; nullptr if it asks for none.
const Format* format_of(const Rule& rule);

/// One row of a table: the rooms of formats list theirs, find_format() searches them all.
struct FormatTable {
    const Format* begin;
    const Format* end;
};
FormatTable number_formats();   // numbers, sizes, durations, booleans
FormatTable choice_formats();   // words from a list: restart, pull_policy, signals …
FormatTable address_formats();  // ports, addresses, subnets, MACs, hosts
FormatTable form_formats();     // mounts, devices, commands, pairs

}  // namespace stack::compose
