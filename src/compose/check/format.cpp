#include "compose/check/format.hpp"

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

}  // namespace stack::compose
