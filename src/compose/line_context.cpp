#include "compose/line_context.hpp"

#include <algorithm>

#include "compose/check/report.hpp"
#include "support/text.hpp"

namespace stack::compose {
namespace {

constexpr std::uint32_t most_lines = 5000;  // looked at upwards
constexpr std::size_t longest_line = 4096;

std::string_view without_quotes(std::string_view key) {
    const bool quoted = key.size() > 1 && (key.front() == '"' || key.front() == '\'') && key.back() == key.front();
    return quoted ? key.substr(1, key.size() - 2) : key;
}

template <class Visit>
void with_path(const std::vector<std::string>& keys, std::size_t i, const Path& path, const Visit& visit) {
    if (i == keys.size()) {
        visit(path);
    } else {
        with_path(keys, i + 1, path / std::string_view{keys[i]}, visit);
    }
}

}  // namespace

std::size_t indentation_of(std::string_view line) noexcept {
    return std::min(line.find_first_not_of(' '), line.size());
}

bool has_content(std::string_view line) noexcept {
    const auto text = line.find_first_not_of(" \t\r");
    return text != std::string_view::npos && line[text] != '#';
}

std::string_view key_of(std::string_view line) noexcept {
    line = line.substr(0, longest_line);
    auto text = trim(line);
    while (text.starts_with("- ")) {
        text = trim(text.substr(2));
    }
    if (text.starts_with('{') || text.starts_with('[')) {
        return {};
    }
    auto colon = text.find(':');
    while (colon != std::string_view::npos && colon + 1 < text.size() && text[colon + 1] != ' ') {
        colon = text.find(':', colon + 1);
    }
    if (colon == std::string_view::npos || colon == 0) {
        return {};
    }
    return without_quotes(trim(text.substr(0, colon)));
}

std::string LineContext::describe() const {
    std::string text;
    with_path(keys, 0, Path{}, [&](const Path& path) { text = compose::describe(path); });
    return text;
}

std::string LineContext::path() const {
    std::string text;
    with_path(keys, 0, Path{}, [&](const Path& path) { text = path.str(); });
    return text;
}

LineContext LineContext::parent() const {
    LineContext above{keys};
    if (own_key) {
        above.keys.pop_back();
    }
    return above;
}

LineContext find_line_context(const SourceFiles& files, FileId file, std::uint32_t line) {
    LineContext context;
    const auto own = files.line(file, line);
    std::size_t indentation = indentation_of(own);
    if (const auto key = key_of(own); !key.empty()) {
        context.keys.emplace_back(key);
        context.own_key = true;
    }
    for (std::uint32_t above = line - 1; above > 0 && line - above < most_lines && indentation > 0; --above) {
        const auto text = files.line(file, above);
        if (!has_content(text) || indentation_of(text) >= indentation) {
            continue;
        }
        indentation = indentation_of(text);
        if (const auto key = key_of(text); !key.empty()) {
            context.keys.emplace_back(key);
        }
    }
    std::reverse(context.keys.begin(), context.keys.end());
    return context;
}

}  // namespace stack::compose
