#include "support/byte_size.hpp"

#include <array>
#include <limits>

#include <fmt/format.h>

#include "support/text.hpp"

namespace stack {
namespace {

std::optional<int> power_of_unit(std::string unit) {
    if (unit.ends_with("ib")) {
        unit.erase(unit.size() - 2);
    } else if (unit.ends_with("b")) {
        unit.pop_back();
    }
    constexpr std::string_view prefixes = "kmgtp";
    if (unit.empty()) {
        return 0;
    }
    const auto at = unit.size() == 1 ? prefixes.find(unit[0]) : std::string_view::npos;
    return at == std::string_view::npos ? std::nullopt : std::optional{static_cast<int>(at) + 1};
}

template <size_t N>
std::string scale(Bytes size, double base, const std::array<const char*, N>& names, int digits) {
    auto value = static_cast<double>(size.count);
    size_t unit = 0;
    while (value >= base && unit + 1 < N) {
        value /= base;
        ++unit;
    }
    return fmt::format("{:.{}g}{}", value, digits, names[unit]);
}

}  // namespace

std::optional<Bytes> parse_byte_size(std::string_view text) {
    const auto digits = std::min(text.find_first_not_of("0123456789."), text.size());
    const auto number = parse_double(text.substr(0, digits));
    const auto power = power_of_unit(to_lower(trim(text.substr(digits))));
    if (!number || !power) {
        return std::nullopt;
    }
    double bytes = *number;
    for (int i = 0; i < *power; ++i) {
        bytes *= 1024;
    }
    if (bytes >= static_cast<double>(std::numeric_limits<std::int64_t>::max())) {
        return std::nullopt;
    }
    return Bytes{static_cast<std::int64_t>(bytes)};
}

std::string format_decimal_size(Bytes size) {
    constexpr std::array names{"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    return scale(size, 1000.0, names, 3);
}

std::string format_binary_size(Bytes size) {
    constexpr std::array names{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    return scale(size, 1024.0, names, 4);
}

}  // namespace stack
