#include "engine/runtime/cdi/spec.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/runtime/cdi/document.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::runtime::cdi {
namespace {

using nlohmann::json;

[[noreturn]] void refuse(const std::string& place, std::string_view what) {
    throw Error(Errc::invalid_input, fmt::format("'{}' {}", place, what));
}

/// One mapping of the file and where it stands in it.
class Members {
public:
    Members(const json& object, std::string place) : object_{object}, place_{std::move(place)} {
        if (!object.is_object()) {
            refuse(place_.empty() ? "the file" : place_, "must be a mapping");
        }
    }

    std::string place(std::string_view key) const {
        return place_.empty() ? std::string{key} : fmt::format("{}.{}", place_, key);
    }
    const json* find(const char* key) const {
        const auto found = object_.find(key);
        return found == object_.end() || found->is_null() ? nullptr : &*found;
    }

    std::string text(const char* key) const {
        const json* value = find(key);
        return value == nullptr ? std::string{} : text_of(*value, place(key));
    }
    std::string path(const char* key, bool required) const {
        std::string path = text(key);
        if (path.empty() && required) {
            refuse(place(key), "is missing");
        }
        if (!path.empty() && path.front() != '/') {
            refuse(place(key), "must be an absolute path");
        }
        return path;
    }
    std::optional<std::uint32_t> number(const char* key) const {
        const json* value = find(key);
        if (value == nullptr) {
            return std::nullopt;
        }
        return number_of(*value, place(key));
    }
    std::vector<std::string> texts(const char* key) const {
        std::vector<std::string> out;
        each(key, [&](const json& item, const std::string& at) { out.push_back(text_of(item, at)); });
        return out;
    }
    std::vector<std::uint32_t> numbers(const char* key) const {
        std::vector<std::uint32_t> out;
        each(key, [&](const json& item, const std::string& at) { out.push_back(number_of(item, at)); });
        return out;
    }
    template <class Visit>
    void each(const char* key, Visit&& visit) const {
        const json* list = find(key);
        if (list == nullptr) {
            return;
        }
        if (!list->is_array()) {
            refuse(place(key), "must be a list");
        }
        for (size_t i = 0; i < list->size(); ++i) {
            visit((*list)[i], fmt::format("{}[{}]", place(key), i));
        }
    }
    template <size_t N>
    void note_unknown(const std::array<std::string_view, N>& known, std::vector<std::string>& unknown) const {
        for (const auto& [key, value] : object_.items()) {
            if (std::find(known.begin(), known.end(), key) == known.end()) {
                unknown.push_back(place(abbreviate(key, 60)));
            }
        }
    }

private:
    static std::string text_of(const json& value, const std::string& place) {
        if (!value.is_string()) {
            refuse(place, "must be a text");
        }
        const auto& text = value.get_ref<const std::string&>();
        if (text.find('\0') != std::string::npos) {
            refuse(place, "must not hold a zero byte");
        }
        return text;
    }
    /// In YAML numbers came as text; there `0660` is octal.
    static std::uint32_t number_of(const json& value, const std::string& place) {
        std::optional<std::uint64_t> number;
        if (value.is_number_unsigned()) {
            number = value.get<std::uint64_t>();
        } else if (value.is_string()) {
            const std::string_view text = value.get_ref<const std::string&>();
            number = text.starts_with("0o")                 ? parse_uint(text.substr(2), 8)
                     : text.starts_with('0') && text != "0" ? parse_uint(text, 8)
                                                            : parse_uint(text);
        }
        if (!number || *number > std::numeric_limits<std::uint32_t>::max()) {
            refuse(place, "must be a whole number that is not negative");
        }
        return static_cast<std::uint32_t>(*number);
    }

    const json& object_;
    std::string place_;
};

DeviceNode node_of(const Members& from, std::vector<std::string>& unknown) {
    static constexpr std::array<std::string_view, 9> known = {"path",     "hostPath",    "type", "major", "minor",
                                                              "fileMode", "permissions", "uid",  "gid"};
    from.note_unknown(known, unknown);
    DeviceNode node;
    node.path = from.path("path", true);
    node.host_path = from.path("hostPath", false);
    node.host_path = node.host_path.empty() ? node.path : node.host_path;
    const std::string type = from.text("type");
    if (type.size() > 1 || std::string_view{"bcup"}.find(type) == std::string_view::npos) {
        refuse(from.place("type"), "must be one of b, c, u and p");
    }
    node.type = type.empty() ? '\0' : type == "u" ? 'c' : type.front();
    node.major = from.number("major");
    node.minor = from.number("minor");
    node.file_mode = from.number("fileMode");
    node.uid = from.number("uid");
    node.gid = from.number("gid");
    if (const std::string letters = from.text("permissions"); !letters.empty()) {
        if (letters != "none" && letters.find_first_not_of("rwm") != std::string::npos) {
            refuse(from.place("permissions"), "must be letters of r, w and m");
        }
        node.permissions = letters == "none" ? "" : letters;
    }
    return node;
}

Mount mount_of(const Members& from, std::vector<std::string>& unknown) {
    static constexpr std::array<std::string_view, 4> known = {"hostPath", "containerPath", "type", "options"};
    from.note_unknown(known, unknown);
    Mount mount;
    mount.type = from.text("type");
    mount.container_path = from.path("containerPath", true);
    mount.options = from.texts("options");
    if (mount.type == "tmpfs") {
        return mount;
    }
    if (!mount.type.empty() && mount.type != "bind") {
        refuse(from.place("type"), "must be bind or tmpfs");
    }
    mount.host_path = from.path("hostPath", true);
    return mount;
}

Edits edits_of(const json* object, const std::string& place) {
    static constexpr std::array<std::string_view, 5> known = {"env", "deviceNodes", "mounts", "hooks",
                                                              "additionalGids"};
    Edits edits;
    if (object == nullptr) {
        return edits;
    }
    const Members from{*object, place};
    from.note_unknown(known, edits.unknown);
    edits.env = from.texts("env");
    for (const std::string& variable : edits.env) {
        if (variable.find('=') == std::string::npos || variable.front() == '=') {
            refuse(from.place("env"), fmt::format("has '{}', which is no NAME=VALUE", abbreviate(variable, 60)));
        }
    }
    from.each("deviceNodes", [&](const json& item, const std::string& at) {
        edits.nodes.push_back(node_of(Members{item, at}, edits.unknown));
    });
    from.each("mounts", [&](const json& item, const std::string& at) {
        edits.mounts.push_back(mount_of(Members{item, at}, edits.unknown));
    });
    from.each("hooks", [&](const json& item, const std::string& at) {
        const Members hook{item, at};
        edits.hooks.push_back({hook.text("hookName"), hook.path("path", true)});
    });
    edits.groups = from.numbers("additionalGids");
    return edits;
}

bool is_name(std::string_view text, std::string_view more) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               more.find(c) != std::string_view::npos;
    });
}

Spec spec_of(const json& tree, const std::string& file) {
    const Members from{tree, ""};
    Spec spec;
    spec.file = file;
    spec.kind = from.text("kind");
    const size_t slash = spec.kind.find('/');
    if (slash == std::string::npos || !is_name(spec.vendor(), "-_.") || !is_name(spec.device_class(), "-_.")) {
        refuse("kind", fmt::format("is '{}', which is no vendor.com/class", abbreviate(spec.kind, 60)));
    }
    spec.edits = edits_of(from.find("containerEdits"), "containerEdits");
    from.each("devices", [&](const json& item, const std::string& at) {
        const Members device{item, at};
        const std::string name = device.text("name");
        if (!is_name(name, "-_.:") || spec.find(name) != nullptr) {
            refuse(device.place("name"), fmt::format("is '{}', which is {}", abbreviate(name, 60),
                                                     is_name(name, "-_.:") ? "there already" : "no device's name"));
        }
        spec.devices.push_back({name, edits_of(device.find("containerEdits"), at + ".containerEdits")});
    });
    return spec;
}

}  // namespace

const Device* Spec::find(std::string_view name) const {
    const auto found =
        std::find_if(devices.begin(), devices.end(), [&](const Device& device) { return device.name == name; });
    return found == devices.end() ? nullptr : &*found;
}

Spec parse_spec(std::string_view text, const std::string& file) {
    try {
        return spec_of(read_document(text), file);
    } catch (const Error& error) {
        throw Error(Errc::invalid_input, fmt::format("the CDI file '{}': {}", file, error.what()));
    }
}

}  // namespace stack::runtime::cdi
