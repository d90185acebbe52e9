#include "compose/check/format.hpp"

#include <vector>

namespace stack::compose {

const Format* find_format(std::string_view name) {
    for (const auto& table : {number_formats(), choice_formats(), address_formats(), form_formats()}) {
        for (const Format* format = table.begin; format != table.end; ++format) {
            if (format->name == name) {
                return format;
            }
        }
    }
    return nullptr;
}

const Format* format_of(const Rule& rule) {
    static const auto formats = [] {
        std::vector<const Format*> found;
        for (const std::string_view name : schema_formats()) {
            found.push_back(find_format(name));
        }
        return found;
    }();
    return rule.format == 0 ? nullptr : formats[rule.format - 1U];
}

}  // namespace stack::compose
