#include "image/tar/fields.hpp"

#include <fmt/format.h>

#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::image::tar {
namespace {

[[noreturn]] void bad_number() {
    throw Error(Errc::invalid_input, "the tar has a damaged header, or is no tar");
}

std::int64_t parse_base256(std::string_view text) {
    const bool negative = (static_cast<unsigned char>(text[0]) & 0x40U) != 0;
    std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
    for (size_t i = 0; i < text.size(); ++i) {
        auto byte = static_cast<unsigned char>(text[i]);
        if (i == 0) {
            byte = static_cast<unsigned char>(negative ? byte | 0x80U : byte & 0x7fU);
        }
        const auto top = value >> 55U;  // what would be shifted out, and the sign bit
        if (top != (negative ? 0x1ffU : 0U)) {
            bad_number();
        }
        value = value << 8U | byte;
    }
    return static_cast<std::int64_t>(value);
}

}  // namespace

std::int64_t parse_number(std::string_view text) {
    if (!text.empty() && (static_cast<unsigned char>(text[0]) & 0x80U) != 0) {
        return parse_base256(text);
    }
    constexpr std::string_view blanks{" \0", 2};
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) {
        return 0;
    }
    const auto last = text.find_last_not_of(blanks);
    const auto number = parse_uint(text.substr(first, last + 1 - first), 8);
    if (!number || *number > INT64_MAX) {
        bad_number();
    }
    return static_cast<std::int64_t>(*number);
}

std::int64_t parse_pax_time(std::string_view text, std::uint32_t& nanoseconds) {
    const bool negative = text.starts_with('-');
    const auto dot = text.find('.');
    const auto seconds = parse_int(text.substr(0, dot));
    if (!seconds) {
        bad_number();
    }
    nanoseconds = 0;
    if (dot == std::string_view::npos) {
        return *seconds;
    }
    std::uint32_t unit = 100'000'000;
    for (const char c : text.substr(dot + 1)) {
        if (c < '0' || c > '9') {
            bad_number();
        }
        nanoseconds += static_cast<std::uint32_t>(c - '0') * unit;
        unit /= 10;
    }
    if (!negative || nanoseconds == 0) {
        return *seconds;
    }
    nanoseconds = 1'000'000'000 - nanoseconds;
    return *seconds - 1;
}

void check_header(const std::array<char, block_size>& block) {
    std::int64_t plain = 0;
    std::int64_t with_sign = 0;
    for (size_t i = 0; i < block.size(); ++i) {
        const bool in_checksum = i >= checksum_field.offset && i < checksum_field.offset + checksum_field.length;
        const char c = in_checksum ? ' ' : block[i];
        plain += static_cast<unsigned char>(c);
        with_sign += static_cast<signed char>(c);
    }
    const std::int64_t written = parse_number(field(block, checksum_field));
    if (written != plain && written != with_sign) {
        throw Error(Errc::invalid_input, "the tar has a damaged header, or is no tar");
    }
}

std::string full_name(const std::array<char, block_size>& block) {
    const std::string_view name = until_nul(field(block, name_field));
    const bool posix = field(block, magic_field) == std::string_view{"ustar\0", 6};
    const std::string_view prefix = posix ? until_nul(field(block, prefix_field)) : "";
    return prefix.empty() ? std::string{name} : fmt::format("{}/{}", prefix, name);
}

std::vector<Entry::SparseRun> sparse_runs(const std::vector<std::int64_t>& numbers) {
    std::vector<Entry::SparseRun> runs;
    for (size_t i = 0; i < numbers.size(); i += 2) {
        runs.push_back({numbers[i], i + 1 < numbers.size() ? numbers[i + 1] : -1});
    }
    return runs;
}

bool fits_sparse_map(const Entry& entry, std::int64_t stored) {
    std::int64_t end = 0;
    std::int64_t sum = 0;
    for (const auto& run : entry.sparse) {
        if (run.offset < end || run.length < 0 || run.offset > entry.size || run.length > entry.size - run.offset) {
            return false;
        }
        end = run.offset + run.length;
        sum += run.length;
    }
    return entry.size >= 0 && sum == stored;
}

}  // namespace stack::image::tar
