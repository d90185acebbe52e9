#include "image/tar/header.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

namespace stack::image::tar {
namespace {

// POSIX.1-1988 "ustar Interchange Format".
struct UstarBlock {
    std::array<char, 100> name{};
    std::array<char, 8> mode{};
    std::array<char, 8> uid{};
    std::array<char, 8> gid{};
    std::array<char, 12> size{};
    std::array<char, 12> mtime{};
    std::array<char, 8> checksum{};
    char type{0};
    std::array<char, 100> link_target{};
    std::array<char, 6> magic{'u', 's', 't', 'a', 'r', '\0'};
    std::array<char, 2> version{'0', '0'};
    std::array<char, 32> user_name{};
    std::array<char, 32> group_name{};
    std::array<char, 8> device_major{};
    std::array<char, 8> device_minor{};
    std::array<char, 155> prefix{};
    std::array<char, 12> rest{};
};
static_assert(sizeof(UstarBlock) == block_size);

bool is_plain_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

template <size_t N>
void put_text(std::array<char, N>& field, std::string_view text) {
    std::copy_n(text.begin(), std::min(text.size(), N), field.begin());
}

// Octal with a final NUL. False if the number does not fit.
template <size_t N>
bool put_octal(std::array<char, N>& field, std::int64_t value) {
    if (value < 0 || value >> (3 * (N - 1)) != 0) {
        return false;
    }
    const std::string digits = fmt::format("{:0{}o}", value, N - 1);
    put_text(field, digits);
    return true;
}

// A name of up to 100 bytes, or of up to 255 that can be cut at a slash.
bool put_name(UstarBlock& block, std::string_view name) {
    if (name.size() <= block.name.size()) {
        put_text(block.name, name);
        return true;
    }
    const auto cut = name.rfind('/', std::min(block.prefix.size(), name.size() - 2));
    if (cut == std::string_view::npos || cut == 0 || name.size() - cut - 1 > block.name.size()) {
        return false;
    }
    put_text(block.prefix, name.substr(0, cut));
    put_text(block.name, name.substr(cut + 1));
    return true;
}

std::string finish(UstarBlock& block) {
    block.checksum.fill(' ');
    std::string bytes(reinterpret_cast<const char*>(&block), block_size);
    unsigned sum = 0;
    for (const char c : bytes) {
        sum += static_cast<unsigned char>(c);
    }
    const std::string digits = fmt::format("{:06o}", sum);
    std::copy(digits.begin(), digits.end(), bytes.begin() + offsetof(UstarBlock, checksum));
    bytes[offsetof(UstarBlock, checksum) + 6] = '\0';
    return bytes;
}

// "<length> <key>=<value>\n", where the length counts its own digits.
std::string pax_record(std::string_view key, std::string_view value) {
    const size_t rest = key.size() + value.size() + 3;
    size_t length = rest + 1;
    while (fmt::formatted_size("{}", length) + rest != length) {
        length = fmt::formatted_size("{}", length) + rest;
    }
    return fmt::format("{} {}={}\n", length, key, value);
}

std::string pax_header(std::string_view path, const std::string& records) {
    UstarBlock block;
    const auto slash = path.rfind('/', path.size() < 2 ? 0 : path.size() - 2);
    std::string base{slash == std::string_view::npos ? path : path.substr(slash + 1)};
    std::replace_if(
        base.begin(), base.end(), [](char c) { return c < 0x20 || c >= 0x7f || c == '/'; }, '_');
    put_text(block.name, fmt::format("PaxHeaders.0/{}", base).substr(0, block.name.size()));
    put_octal(block.mode, 0644);
    put_octal(block.uid, 0);
    put_octal(block.gid, 0);
    put_octal(block.size, static_cast<std::int64_t>(records.size()));
    put_octal(block.mtime, 0);
    put_octal(block.device_major, 0);
    put_octal(block.device_minor, 0);
    block.type = 'x';
    std::string bytes = finish(block) + records;
    bytes += padding(static_cast<std::int64_t>(records.size()));
    return bytes;
}

template <size_t N>
void put_number(std::array<char, N>& field, std::int64_t value, std::string_view key, std::string& records) {
    if (!put_octal(field, value)) {
        put_octal(field, 0);
        records += pax_record(key, fmt::format("{}", value));
    }
}

}  // namespace

std::string encode_header(const Entry& entry) {
    UstarBlock block;
    std::string records;
    std::string name = entry.path;
    if (entry.type == EntryType::directory) {
        name += '/';
    }
    if (!is_plain_ascii(name) || !put_name(block, name)) {
        records += pax_record("path", name);
        put_text(block.name, name);
    }
    if (!is_plain_ascii(entry.link_target) || entry.link_target.size() > block.link_target.size()) {
        records += pax_record("linkpath", entry.link_target);
    }
    put_text(block.link_target, entry.link_target);
    put_octal(block.mode, entry.mode & 07777);
    put_number(block.uid, entry.uid, "uid", records);
    put_number(block.gid, entry.gid, "gid", records);
    put_number(block.size, entry.size, "size", records);
    put_number(block.mtime, entry.mtime, "mtime", records);
    put_octal(block.device_major, entry.device_major);
    put_octal(block.device_minor, entry.device_minor);
    block.type = static_cast<char>(entry.type);
    for (const auto& [key, value] : entry.xattrs) {
        records += pax_record("SCHILY.xattr." + key, value);
    }
    return (records.empty() ? std::string{} : pax_header(name, records)) + finish(block);
}

std::string_view padding(std::int64_t size) {
    static constexpr std::array<char, block_size> zeros{};
    const auto used = static_cast<size_t>(size) % block_size;
    return {zeros.data(), used == 0 ? 0 : block_size - used};
}

std::string_view end_of_archive() {
    static constexpr std::array<char, 2 * block_size> zeros{};
    return {zeros.data(), zeros.size()};
}

}  // namespace stack::image::tar
