#include "image/apt_sources.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "support/files.hpp"
#include "support/text.hpp"

namespace stack::image {
namespace {

std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> list;
    for (size_t start = 0; (start = text.find_first_not_of(" \t\n", start)) != std::string_view::npos;) {
        const size_t end = std::min(text.find_first_of(" \t\n", start), text.size());
        list.push_back(text.substr(start, end - start));
        start = end;
    }
    return list;
}

std::string join_words(const std::vector<std::string_view>& list, size_t first = 0) {
    std::string text;
    for (size_t i = first; i < list.size(); ++i) {
        text += (text.empty() ? "" : " ") + std::string{list[i]};
    }
    return text;
}

void apply_options(AptSource& source, std::string_view options) {
    for (const auto option : words(options)) {
        const auto equals = option.find('=');
        const auto key = to_lower(option.substr(0, equals));
        const std::string value{equals == std::string_view::npos ? "" : option.substr(equals + 1)};
        if (key == "signed-by") {
            source.signed_by = replace_all(value, ",", " ");
        } else if (key == "trusted") {
            source.trusted = value;
        }
    }
}

// Fields of one stanza, names in lower case, continuation lines joined by newlines.
using Stanza = std::map<std::string, std::string>;

std::vector<Stanza> stanzas(std::string_view text) {
    std::vector<Stanza> list(1);
    std::string* last = nullptr;
    for (const auto line : split(text, '\n')) {
        if (line.starts_with('#')) {
            continue;
        }
        if (trim(line).empty()) {
            list.emplace_back();
            last = nullptr;
        } else if (line.front() == ' ' || line.front() == '\t') {
            if (last != nullptr) {
                *last += (last->empty() ? "" : "\n") + std::string{trim(line)};
            }
        } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
            last = &list.back()[to_lower(trim(line.substr(0, colon)))];
            *last = trim(line.substr(colon + 1));
        }
    }
    return list;
}

bool is_own_suite(std::string_view candidate, std::string_view suite) {
    const std::string name{suite};
    return candidate == name || candidate == name + "-updates" || candidate == name + "-security" ||
           candidate == name + "/updates";
}

bool is_distribution_keyring(const AptSource& source) {
    if (source.signed_by.empty() || source.trusted == "yes") {
        return true;
    }
    for (const auto keyring : words(source.signed_by)) {
        const auto name = keyring.substr(keyring.rfind('/') + 1);
        if (!name.starts_with("debian-archive-") && !name.starts_with("ubuntu-archive-")) {
            return false;
        }
    }
    return true;
}

}  // namespace

std::vector<AptSource> parse_one_line_sources(std::string_view text) {
    std::vector<AptSource> sources;
    for (auto line : split(text, '\n')) {
        line = trim(line.substr(0, line.find('#')));
        if (!line.starts_with("deb ") && !line.starts_with("deb\t") && !line.starts_with("deb[")) {
            continue;
        }
        AptSource source;
        line = trim(line.substr(3));
        if (line.starts_with('[')) {
            const auto end = line.find(']');
            if (end == std::string_view::npos) {
                continue;
            }
            apply_options(source, line.substr(1, end - 1));
            line = trim(line.substr(end + 1));
        }
        const auto parts = words(line);
        if (parts.size() < 2) {
            continue;
        }
        source.uris = parts[0];
        source.suites = parts[1];
        source.components = join_words(parts, 2);
        sources.push_back(std::move(source));
    }
    return sources;
}

std::vector<AptSource> parse_deb822_sources(std::string_view text) {
    std::vector<AptSource> sources;
    for (Stanza& fields : stanzas(text)) {
        const auto types = words(fields["types"]);
        const bool binary = std::find(types.begin(), types.end(), "deb") != types.end();
        const std::string enabled = to_lower(fields["enabled"]);
        if (!binary || enabled == "no" || enabled == "false" || enabled == "0") {
            continue;
        }
        sources.push_back({join_words(words(fields["uris"])), join_words(words(fields["suites"])),
                           join_words(words(fields["components"])), fields["signed-by"], to_lower(fields["trusted"])});
    }
    return sources;
}

std::vector<AptSource> sources_of_suite(const std::vector<AptSource>& sources, std::string_view suite) {
    std::vector<AptSource> own;
    for (const AptSource& source : sources) {
        std::vector<std::string_view> suites = words(source.suites);
        std::erase_if(suites, [&](std::string_view candidate) { return !is_own_suite(candidate, suite); });
        if (!suites.empty() && is_distribution_keyring(source)) {
            AptSource& kept = own.emplace_back(source);
            kept.suites = join_words(suites);
        }
    }
    return own;
}

std::vector<AptSource> read_apt_sources(const std::filesystem::path& folder) {
    std::vector<AptSource> all = parse_one_line_sources(find_file(folder / "sources.list").value_or(""));
    std::vector<std::filesystem::path> files;
    std::error_code no_folder;
    for (const auto& item : std::filesystem::directory_iterator(folder / "sources.list.d", no_folder)) {
        files.push_back(item.path());
    }
    std::sort(files.begin(), files.end());
    for (const auto& file : files) {
        std::vector<AptSource> more;
        if (file.extension() == ".list") {
            more = parse_one_line_sources(find_file(file).value_or(""));
        } else if (file.extension() == ".sources") {
            more = parse_deb822_sources(find_file(file).value_or(""));
        }
        all.insert(all.end(), more.begin(), more.end());
    }
    return all;
}

std::string write_deb822(const std::vector<AptSource>& sources) {
    std::string text;
    for (const AptSource& source : sources) {
        text +=
            fmt::format("{}Types: deb\nURIs: {}\nSuites: {}\n", text.empty() ? "" : "\n", source.uris, source.suites);
        if (!source.components.empty()) {
            text += fmt::format("Components: {}\n", source.components);
        }
        if (!source.signed_by.empty()) {
            text += fmt::format("Signed-By: {}\n", replace_all(source.signed_by, "\n", "\n "));
        }
        if (!source.trusted.empty()) {
            text += fmt::format("Trusted: {}\n", source.trusted);
        }
    }
    return text;
}

}  // namespace stack::image
