#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compose/node.hpp"

namespace stack::compose {

/// One schema of schemas/compose.schema.json, ready for walking, its references resolved. A constant of the program:
/// check/make_rules.cpp, a tool of the build, writes the tables, so that no command spends time on them when it starts.
/// Where a value may have several forms, the schema says so with a list of types (`["string", "object"]`), never with
/// `oneOf`: so there is one rule to name in a message.
struct Rule {
    enum class Extra : std::uint8_t { allowed, forbidden, ruled };
    struct Member {
        std::string_view name;
        const Rule* rule;
    };

    std::string_view title;    // "a duration"; made from the types where the schema has none
    std::uint8_t kinds{0xFF};  // bit by Kind; 0xFF: anything
    std::uint8_t format{0};    // 0: none, else 1 + its place in schema_formats(); see format_of()

    // Scalars.
    std::span<const std::string_view> allowed_values;
    std::optional<double> minimum;
    std::optional<double> maximum;

    // Lists.
    const Rule* items{nullptr};
    bool unique_items{false};

    // Mappings. Members that begin with "x-" are the user's own where `extensions` is set.
    std::span<const Member> members;                 // by name
    std::span<const std::string_view> member_names;  // in the order of the schema
    std::span<const std::string_view> required;
    Extra extra{Extra::allowed};
    const Rule* extra_rule{nullptr};
    bool extensions{false};
    bool plain_names{false};  // extra members are called [a-zA-Z0-9._-]+

    bool takes(Kind kind) const noexcept { return (kinds >> static_cast<unsigned>(kind) & 1U) != 0; }
    const Rule* find_member(std::string_view key) const noexcept;
};

/// The rule of a whole Compose file.
const Rule& compose_file_rule() noexcept;

/// The names behind `format` in the schema.
std::span<const std::string_view> schema_formats() noexcept;

/// The text of schemas/compose.schema.json as it was when the program was built.
std::string_view compose_schema_text();

/// Words of a rule, for messages.
inline std::vector<std::string> to_strings(std::span<const std::string_view> words) {
    return {words.begin(), words.end()};
}

/// True if `name` is of letters, digits, '.', '_' and '-': what services, networks, volumes … may be called.
bool is_plain_name(std::string_view name) noexcept;

}  // namespace stack::compose
