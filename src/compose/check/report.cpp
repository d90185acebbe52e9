#include "compose/check/report.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "support/text.hpp"

namespace stack::compose {
namespace {

constexpr std::size_t shown_bytes = 80;
constexpr std::size_t most_words = 12;

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> sections{{{"services", "service"},
                                                                                 {"networks", "network"},
                                                                                 {"volumes", "volume"},
                                                                                 {"secrets", "secret"},
                                                                                 {"configs", "config"},
                                                                                 {"models", "model"}}};

std::string_view singular(std::string_view section) {
    for (const auto& [plural, one] : sections) {
        if (plural == section) {
            return one;
        }
    }
    return {};
}

}  // namespace

std::string shown(std::string_view text) {
    // The text of a value may run over lines; a message must not.
    return abbreviate(text.substr(0, text.find('\n')), shown_bytes) + (text.find('\n') < text.size() ? "…" : "");
}

std::string describe(const Path& path) {
    if (path.depth() == 0) {
        return "the file";
    }
    const auto kind = singular(path.step(0));
    const auto name = path.step(1);
    if (path.depth() < 2 || kind.empty() || name.empty()) {
        return fmt::format("'{}'", shown(path.str()));
    }
    const auto owner = fmt::format("{} '{}'", kind, shown(name));
    if (path.depth() == 2) {
        return owner;
    }
    const Path* top = &path;
    while (top->depth() > 2) {
        top = top->parent();
    }
    auto rest = path.str().substr(top->str().size());
    if (rest.starts_with('.')) {
        rest.erase(0, 1);
    }
    return fmt::format("'{}' of {}", shown(rest), owner);
}

std::string describe(const Node& node) {
    if (!node.is_scalar()) {
        return std::string{describe(node.kind)};
    }
    if (node.is_null()) {
        return node.text.empty() ? "nothing" : node.text;
    }
    return node.is_string() ? fmt::format("'{}'", shown(node.text)) : shown(node.text);
}

std::string enumerate(const std::vector<std::string>& words) {
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i == most_words && words.size() > most_words + 1) {
            return fmt::format("{} and {} more", out, words.size() - i);
        }
        out += i == 0 ? "" : (i + 1 == words.size() ? " and " : ", ");
        out += shown(words[i]);
    }
    return out;
}

void Report::must_be(std::string_view wanted, std::string hint) const {
    if (node_.is_null() && node_.text.empty()) {
        error(fmt::format("has no value; it must be {}", wanted), std::move(hint));
    } else {
        error(fmt::format("must be {}, not {}", wanted, describe(node_)), std::move(hint));
    }
}

void Report::error(std::string_view predicate, std::string hint) const {
    for (const std::string_view quote : {"\u201c", "\u201d", "\u2018", "\u2019", "\u201e"}) {
        if (node_.text.find(quote) != std::string::npos) {
            hint = fmt::format("'{}' is no quotation mark of YAML: write \" or '", quote);
        }
    }
    findings_.error(node_.mark, path_, fmt::format("{} {}", describe(path_), predicate), std::move(hint));
}

void Report::warning(std::string_view predicate, std::string hint) const {
    findings_.warning(node_.mark, path_, fmt::format("{} {}", describe(path_), predicate), std::move(hint));
}

}  // namespace stack::compose
