#include "compose/short/short_mount.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "support/text.hpp"

namespace stack::compose {
namespace {

constexpr std::size_t shown_bytes = 60;
constexpr std::string_view form = "write [SOURCE:]TARGET[:OPTIONS], such as ./data:/data or data:/data:ro";

struct Section {
    std::string_view text;
    std::size_t offset{0};
};

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Cut at colons, but not at those of drives.
std::vector<Section> cut(std::string_view text, Drives drives) {
    std::vector<Section> sections;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        if (i < text.size() && text[i] != ':') {
            continue;
        }
        const bool drive = drives == Drives::windows && i < text.size() && i - begin == 1 && is_letter(text[begin]);
        if (!drive) {
            sections.push_back({text.substr(begin, i - begin), begin});
            begin = i + 1;
        }
    }
    return sections;
}

bool is_host_path(std::string_view source, Drives drives) {
    if (source.empty()) {
        return false;
    }
    const bool drive = drives == Drives::windows && source.size() > 1 && is_letter(source[0]) && source[1] == ':';
    return source[0] == '.' || source[0] == '/' || source[0] == '~' || source.starts_with("\\\\") || drive;
}

void read_option(std::string_view option, ShortMount& mount) {
    constexpr std::array<std::string_view, 6> propagations{"private", "rprivate", "shared",
                                                           "rshared", "slave",    "rslave"};
    constexpr std::string_view subpath = "subpath=";
    if (option == "ro" || option == "rw") {
        mount.read_only = option == "ro";
    } else if (option == "nocopy") {
        mount.nocopy = true;
    } else if (option == "z" || option == "Z") {
        mount.selinux = option;
    } else if (option.starts_with(subpath)) {
        mount.subpath = option.substr(subpath.size());
    } else if (std::find(propagations.begin(), propagations.end(), option) != propagations.end()) {
        mount.propagation = option;
    } else if (option != "cached" && option != "delegated" && option != "consistent") {
        mount.unknown_options += (mount.unknown_options.empty() ? "" : ",") + std::string{option};
    }
}

}  // namespace

ShortForm<ShortMount> parse_short_mount(std::string_view text, Drives drives) {
    using Result = ShortForm<ShortMount>;
    if (text.empty()) {
        return Result::failed(0, "is empty", std::string{form});
    }
    if (text.size() <= 2) {  // "/" and the like: too short to have two parts
        return {ShortMount{.target = std::string{text}}, std::nullopt};
    }
    const auto sections = cut(text, drives);
    for (const auto& section : sections) {
        if (section.text.empty()) {
            return Result::failed(
                section.offset, fmt::format("has an empty part between colons in '{}'", abbreviate(text, shown_bytes)),
                std::string{form});
        }
    }
    if (sections.size() > 3) {
        return Result::failed(sections[3].offset - 1,
                              fmt::format("has too many colons in '{}'", abbreviate(text, shown_bytes)),
                              std::string{form});
    }
    ShortMount mount;
    mount.target = sections.back().text;
    if (sections.size() > 1) {
        mount.source = sections[0].text;
        mount.target = sections[1].text;
    }
    if (sections.size() == 3) {
        for (const auto option : split(sections[2].text, ',')) {
            read_option(option, mount);
        }
    }
    mount.bind = is_host_path(mount.source, drives);
    return {std::move(mount), std::nullopt};
}

}  // namespace stack::compose
