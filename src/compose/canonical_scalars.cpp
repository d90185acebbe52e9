#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "compose/canonical_values.hpp"
#include "compose/short_forms.hpp"
#include "support/byte_size.hpp"
#include "support/duration.hpp"
#include "support/text.hpp"

namespace stack::compose::canonical {

namespace {

/// Tells that a value is not what its place asks for; false, which takes it out. A variable that was left in place
/// (`config --no-interpolate`) may become anything and stays.
bool refuse(Node& node, const Path& path, Findings& findings, std::string_view what, std::string hint) {
    if (node.is_string() && !node.interpolated && node.text.find('$') != std::string::npos) {
        return true;
    }
    if (!findings.has_error_at(node.mark)) {
        const std::string value =
            node.is_scalar() ? fmt::format("'{}'", abbreviate(node.text, 100)) : std::string{describe(node.kind)};
        findings.error(node.mark, path, fmt::format("'{}' of {} is {}, {}", path.key(), owner_of(path), value, what),
                       std::move(hint));
    }
    return false;
}

void become_integer(Node& node, std::int64_t value) {
    node.kind = Kind::integer;
    node.text = std::to_string(value);
}

bool whole_number(Node& node, const Path& path, Findings& findings) {
    if (node.is_string()) {
        const std::string_view trimmed = trim(node.text);
        if (kind_of_plain(trimmed) == Kind::integer) {
            node.text = std::string{trimmed};
            node.kind = Kind::integer;
        }
    }
    if (node.kind == Kind::real) {
        const double value = node.as_real().value_or(0.5);
        if (value == std::floor(value) && std::abs(value) < 9.0e15) {
            become_integer(node, static_cast<std::int64_t>(value));
        }
    }
    const auto value = node.as_integer();
    if (!value) {
        return refuse(node, path, findings,
                      node.kind == Kind::integer ? "which is beyond what 64 bits hold" : "not a whole number", {});
    }
    become_integer(node, *value);
    return true;
}

bool is_zero(const Node& node) {
    return node.text == "0";
}

}  // namespace

bool text(Node& node, const Path&, Findings&) {
    if (node.is_null() || node.text.empty()) {
        return !node.is_scalar();
    }
    if (node.is_scalar()) {
        node.kind = Kind::string;
    }
    return true;
}

bool flag(Node& node, const Path& path, Findings& findings) {
    return flag_kept(node, path, findings) && node.as_bool() != false;
}

bool flag_kept(Node& node, const Path& path, Findings& findings) {
    if (node.is_null()) {
        return false;
    }
    if (node.kind != Kind::boolean) {
        return refuse(node, path, findings, "not a boolean", "write true or false");
    }
    node.text = *node.as_bool() ? "true" : "false";
    return true;
}

bool count(Node& node, const Path& path, Findings& findings) {
    return count_kept(node, path, findings) && !is_zero(node);
}

bool count_kept(Node& node, const Path& path, Findings& findings) {
    return !node.is_null() && whole_number(node, path, findings);
}

bool number(Node& node, const Path& path, Findings& findings) {
    if (node.is_null()) {
        return false;
    }
    if (node.is_string()) {
        const std::string_view trimmed = trim(node.text);
        node.kind = kind_of_plain(trimmed);
        node.text = std::string{trimmed};
    }
    const auto value = node.as_real();
    if (!value || !std::isfinite(*value)) {
        node.kind = node.is_number() ? node.kind : Kind::string;
        return refuse(node, path, findings, "not a number", {});
    }
    if (node.kind == Kind::real) {
        node = Node::real(*value, node.mark);
    } else {
        become_integer(node, *node.as_integer());
    }
    return *value != 0;
}

bool bytes(Node& node, const Path& path, Findings& findings) {
    if (node.is_null()) {
        return false;
    }
    std::optional<std::int64_t> value;
    if (node.kind == Kind::integer) {
        value = node.as_integer();
    } else if (node.is_scalar()) {
        const std::string_view trimmed = trim(node.text);
        const auto size = parse_byte_size(trimmed);
        value = size ? std::optional{size->count} : parse_int(trimmed);
    }
    if (!value) {
        return refuse(node, path, findings, "not a number of bytes", "write a number and a unit: 512k, 64m, 1.5g");
    }
    node.kind = Kind::string;
    node.text = std::to_string(*value);
    return *value != 0;
}

bool duration(Node& node, const Path& path, Findings& findings) {
    if (node.is_null()) {
        return false;
    }
    const std::string_view trimmed = trim(node.text);
    const auto value = node.is_scalar() ? parse_duration(trimmed) : std::nullopt;
    if (!value && trimmed == "0") {
        node.kind = Kind::string;
        node.text = "0s";
        return true;
    }
    if (!value) {
        const bool only_digits = parse_uint(trimmed).has_value();
        return refuse(node, path, findings, "not a duration",
                      only_digits ? fmt::format("add the unit: '{}s' for seconds", trimmed)
                                  : "write a number and a unit (us, ms, s, m, h): 90s, 1m30s");
    }
    node.kind = Kind::string;
    node.text = format_duration(*value);
    return true;
}

bool microseconds(Node& node, const Path& path, Findings& findings) {
    if (node.is_string()) {
        const std::string_view trimmed = trim(node.text);
        if (const auto value = parse_duration(trimmed)) {
            become_integer(node, value->count() / 1000);
        }
    }
    return count(node, path, findings);
}

bool mode(Node& node, const Path& path, Findings& findings) {
    if (node.is_null()) {
        return false;
    }
    std::string_view digits = node.text;
    std::optional<std::uint64_t> value;
    if (node.is_string() || digits.starts_with('0')) {
        // 0440 is octal wherever permissions are meant, also where YAML 1.2 would read a decimal number.
        const bool marked = digits.starts_with("0o");
        value = digits.starts_with("0x") ? std::nullopt : parse_uint(marked ? digits.substr(2) : digits, 8);
    } else if (const auto number = node.as_integer(); number && *number >= 0) {
        value = static_cast<std::uint64_t>(*number);
    }
    if (!value || *value > 07777) {
        return refuse(node, path, findings, "which are no permission bits", "write them octal: 0440");
    }
    become_integer(node, static_cast<std::int64_t>(*value));
    return true;
}

bool pull_policy(Node& node, const Path& path, Findings& findings) {
    if (!text(node, path, findings)) {
        return false;
    }
    if (node.text == "if_not_present") {
        node.text = "missing";
    }
    return true;
}

bool external(Node& node, const Path& path, Findings& findings) {
    // The form of version 2 files, {name: X}, is taken apart by normalize().
    return node.is_mapping() || flag(node, path, findings);
}

bool device_count(Node& node, const Path& path, Findings& findings) {
    if (node.is_string() && to_lower(node.text) == "all") {
        become_integer(node, -1);
        return true;
    }
    return count_kept(node, path, findings);
}

}  // namespace stack::compose::canonical
