#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "compose/check/format.hpp"
#include "support/byte_size.hpp"
#include "support/duration.hpp"
#include "support/text.hpp"

namespace stack::compose {
namespace {

/// The number of a plain or quoted scalar; nullopt if it is none or does not fit.
std::optional<double> number_of(const Node& node) {
    return node.is_string() ? parse_double(node.text) : node.as_real();
}

std::optional<std::int64_t> integer_of(const Node& node) {
    if (node.is_string()) {
        return parse_int(node.text);
    }
    if (const auto whole = node.as_integer()) {
        return whole;
    }
    const auto real = node.as_real();  // 2.0 is whole
    constexpr double exact = 9007199254740992.0;
    if (real && std::nearbyint(*real) == *real && std::abs(*real) < exact) {
        return static_cast<std::int64_t>(*real);
    }
    return std::nullopt;
}

/// "from 0 up", "from 1 to 65535": for a number outside of the rule's range.
std::string range_of(const Rule& rule) {
    if (rule.minimum && rule.maximum) {
        return rule.minimum == -1 ? fmt::format("the range goes up to {}", *rule.maximum)
                                  : fmt::format("the range goes from {} to {}", *rule.minimum, *rule.maximum);
    }
    return rule.minimum ? fmt::format("the least is {}", *rule.minimum) : fmt::format("the most is {}", *rule.maximum);
}

bool in_range(const Rule& rule, double value) {
    return !(rule.minimum && value < *rule.minimum) && !(rule.maximum && value > *rule.maximum);
}

void check_range(const Rule& rule, const Report& report, double value) {
    if (!in_range(rule, value)) {
        report.must_be(rule.title, range_of(rule));
    }
}

void check_boolean(const Rule& rule, const Report& report) {
    static constexpr std::array<std::string_view, 8> words{"true", "false", "yes", "no", "y", "n", "on", "off"};
    static const std::vector<std::string> wanted{"true", "false"};
    if (!report.node().is_string()) {
        return;
    }
    const auto word = to_lower(report.node().text);
    if (std::find(words.begin(), words.end(), word) == words.end()) {
        const auto near = nearest(word, wanted);
        report.must_be(rule.title,
                       near ? fmt::format("did you mean {}?", *near) : "write true or false, without quotes");
    }
}

void check_integer(const Rule& rule, const Report& report) {
    if (!report.node().is_scalar() || report.node().is_null()) {
        return;
    }
    const auto value = integer_of(report.node());
    if (value) {
        check_range(rule, report, static_cast<double>(*value));
        return;
    }
    const auto number = number_of(report.node());
    if (number && std::abs(*number) < 9e18) {
        report.must_be(rule.title, "a fraction is not possible here");
    } else if (number || report.node().kind == Kind::integer) {
        report.must_be(rule.title, "the number is too large");
    } else {
        report.must_be(rule.title, report.node().text.empty() ? "write a number" : "write it in digits");
    }
}

void check_number(const Rule& rule, const Report& report) {
    const auto value = number_of(report.node());
    if (!value || !std::isfinite(*value)) {
        report.must_be(rule.title, "write it in digits, such as 0.5");
    } else {
        check_range(rule, report, *value);
    }
}

/// A size with a unit that people write, but that is none here: "512 megabytes" -> "512m".
std::string mend_size(std::string_view text) {
    const auto digits = text.find_first_not_of("0123456789.");
    const auto unit = digits == std::string_view::npos ? std::string{} : to_lower(trim(text.substr(digits)));
    if (digits == 0 || unit.empty() || !parse_double(text.substr(0, digits))) {
        return "write a number with b, k, m, g or t, such as 512m";
    }
    constexpr std::string_view units = "bkmgt";
    const char initial = unit.front();
    if (units.find(initial) != std::string_view::npos) {
        return fmt::format("write '{}{}'", text.substr(0, digits), initial);
    }
    return fmt::format("the units are b, k, m, g and t; write '{}m' for megabytes", text.substr(0, digits));
}

void check_bytes_from(const Report& report, std::string_view wanted, double least) {
    const Node& node = report.node();
    if (!node.is_string()) {
        const auto value = node.as_real();
        if (!value || *value < least || *value > 9e18) {
            report.must_be(wanted, value && *value < least ? "a size cannot be negative" : "the number is too large");
        }
        return;
    }
    if (least < 0 && parse_int(node.text) == -1) {
        return;
    }
    if (!parse_byte_size(node.text)) {
        report.must_be(wanted, node.text.starts_with('-') ? "a size cannot be negative" : mend_size(node.text));
    }
}

void check_bytes(const Rule& rule, const Report& report) {
    check_bytes_from(report, rule.title, 0);
}

void check_bytes_or_unlimited(const Rule& rule, const Report& report) {
    check_bytes_from(report, rule.title, -1);
}

/// What people write for a unit, and what it is called here.
std::string_view unit_for(std::string_view word) {
    struct Unit {
        std::string_view initial;
        std::string_view unit;
    };
    static constexpr std::array units{Unit{"mic", "us"}, Unit{"mil", "ms"}, Unit{"ms", "ms"}, Unit{"min", "m"},
                                      Unit{"s", "s"},    Unit{"m", "m"},    Unit{"h", "h"}};
    for (const auto& unit : units) {
        if (word.starts_with(unit.initial)) {
            return unit.unit;
        }
    }
    return {};
}

std::string mend_duration(std::string_view text) {
    constexpr std::string_view general = "write a number with us, ms, s, m or h, such as 30s or 1m30s";
    const auto digits = std::min(text.find_first_not_of("0123456789."), text.size());
    const auto number = parse_double(text.substr(0, digits));
    const auto unit = to_lower(trim(text.substr(digits)));
    if (!number) {
        return std::string{general};
    }
    if (unit.empty()) {
        return fmt::format("the unit is missing; write '{}s' for seconds", text);
    }
    if (unit.starts_with('d') || unit.starts_with('w')) {
        const double hours = *number * (unit.starts_with('d') ? 24 : 7 * 24);
        return fmt::format("there is no unit above hours; write '{}h'", hours);
    }
    const auto known = unit_for(unit);
    return known.empty() ? std::string{general} : fmt::format("write '{}{}'", text.substr(0, digits), known);
}

bool is_duration(std::string_view text) {
    return text.find_first_of("dw") == std::string_view::npos && parse_duration(text).has_value();
}

void check_duration(const Rule& rule, const Report& report) {
    if (!is_duration(report.node().text)) {
        report.must_be(rule.title, mend_duration(report.node().text));
    }
}

void check_microseconds(const Rule& rule, const Report& report) {
    const auto number = number_of(report.node());
    if (number ? *number < -1 || *number > 9e18 : !is_duration(report.node().text)) {
        report.must_be(rule.title, "write microseconds, such as 50000, or a duration, such as 50ms");
    }
}

bool is_octal(std::string_view text) {
    return !text.empty() && text.find_first_not_of("01234567") == std::string_view::npos;
}

/// The permissions that a decimal number really means: 440 is 0670 in octal, which nobody wants.
void warn_of_decimal_mode(const Report& report) {
    const auto& text = report.node().text;
    if (report.node().kind == Kind::integer && is_octal(text) && !text.starts_with('0') && text.size() == 3) {
        const auto value = report.node().as_integer().value_or(0);
        report.warning(fmt::format("is the decimal number {}, which is the mode 0{:o}", text, value),
                       fmt::format("for the mode 0{0} write \"0{0}\"", text));
    }
}

void check_mode(const Rule& rule, const Report& report) {
    constexpr std::int64_t all_bits = 07777;
    const Node& node = report.node();
    std::optional<std::int64_t> value = integer_of(node);
    if (node.is_string() || (node.text.starts_with('0') && is_octal(node.text))) {
        const bool prefixed = node.text.starts_with("0o");
        const auto digits = std::string_view{node.text}.substr(prefixed ? 2 : 0);
        value =
            is_octal(digits) && digits.size() <= 8 ? std::optional<std::int64_t>{parse_uint(digits, 8)} : std::nullopt;
    }
    if (!value || *value < 0 || *value > all_bits) {
        report.must_be(rule.title, "write it in octal, such as 0440");
    } else {
        warn_of_decimal_mode(report);
    }
}

void check_device_count(const Rule& rule, const Report& report) {
    const auto value = integer_of(report.node());
    if (value ? *value < -1 : report.node().text != "all") {
        report.must_be(rule.title, "write how many, or all");
    }
}

constexpr std::array formats{
    Format{"compose-boolean", check_boolean},
    Format{"compose-integer", check_integer},
    Format{"compose-number", check_number},
    Format{"compose-bytes", check_bytes},
    Format{"compose-bytes-or-unlimited", check_bytes_or_unlimited},
    Format{"compose-duration", check_duration},
    Format{"compose-microseconds", check_microseconds},
    Format{"compose-mode", check_mode},
    Format{"compose-device-count", check_device_count},
};

}  // namespace

FormatTable number_formats() {
    return {formats.data(), formats.data() + formats.size()};
}

}  // namespace stack::compose
