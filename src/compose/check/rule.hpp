#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compose/node.hpp"

namespace stack::compose {

struct Format;

/// Lets a map of strings be asked with a view.
struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

/// One schema of schemas/compose.schema.json, ready for walking: references resolved, formats looked up.
/// It knows the part of draft-07 that our schema uses; compile_rules() throws on anything else, and a unit test holds
/// the walk against valijson's verdict. Where a value may have several forms, the schema says so with a list of types
/// (`["string", "object"]`), never with `oneOf`: so there is one rule to name in a message.
struct Rule {
    enum class Extra : std::uint8_t { allowed, forbidden, ruled };

    std::string title;        // "a duration"; made from the types where the schema has none
    std::string description;  // of the key, for people
    std::vector<std::string> examples;
    std::uint8_t kinds{0xFF};  // bit by Kind; 0xFF: anything
    const Format* format{nullptr};

    // Scalars.
    std::vector<std::string> allowed_values;
    std::optional<double> minimum;
    std::optional<double> maximum;

    // Lists.
    const Rule* items{nullptr};
    bool unique_items{false};

    // Mappings. Members that begin with "x-" are the user's own where `extensions` is set.
    std::unordered_map<std::string, const Rule*, TextHash, std::equal_to<>> members;
    std::vector<std::string> member_names;  // in the order of the schema
    std::vector<std::string> required;
    Extra extra{Extra::allowed};
    const Rule* extra_rule{nullptr};
    bool extensions{false};
    bool plain_names{false};  // extra members are called [a-zA-Z0-9._-]+

    bool takes(Kind kind) const noexcept { return (kinds >> static_cast<unsigned>(kind) & 1U) != 0; }
    const Rule* find_member(std::string_view key) const noexcept {
        const auto found = members.find(key);
        return found == members.end() ? nullptr : found->second;
    }
};

/// The rule of a whole Compose file. Made from the schema in the program when first asked for (about a millisecond);
/// never changes, safe to use from several threads.
const Rule& compose_file_rule();

/// The text of schemas/compose.schema.json as it was when the program was built.
std::string_view compose_schema_text();

/// True if `name` is of letters, digits, '.', '_' and '-': what services, networks, volumes … may be called.
bool is_plain_name(std::string_view name) noexcept;

}  // namespace stack::compose
