#include "compose/check/rule.hpp"

#include <algorithm>

namespace stack::compose {

const Rule* Rule::find_member(std::string_view key) const noexcept {
    const auto found = std::lower_bound(members.begin(), members.end(), key,
                                        [](const Member& member, std::string_view name) { return member.name < name; });
    return found != members.end() && found->name == key ? found->rule : nullptr;
}

bool is_plain_name(std::string_view name) noexcept {
    for (const char c : name) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-') {
            return false;
        }
    }
    return !name.empty();
}

}  // namespace stack::compose
