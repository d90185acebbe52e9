#include "build/dockerignore.hpp"

#include <filesystem>

#include <fmt/format.h>

#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::build {
namespace {

constexpr int max_depth = 1000;

[[noreturn]] void malformed(std::string_view pattern) {
    throw Error(Errc::invalid_input, fmt::format("malformed pattern '{}'", pattern));
}

/// `[a-z]` at the front of `pattern`: takes it off and says whether `c` is in it.
bool match_class(std::string_view& pattern, char c) {
    const auto whole = pattern;
    pattern.remove_prefix(1);
    const bool negated = pattern.starts_with('^');
    if (negated) {
        pattern.remove_prefix(1);
    }
    const auto next = [&] {
        if (pattern.starts_with('\\')) {
            pattern.remove_prefix(1);
        }
        if (pattern.empty()) {
            malformed(whole);
        }
        const char got = pattern.front();
        pattern.remove_prefix(1);
        return got;
    };
    bool found = false;
    bool first = true;
    while (first || !pattern.starts_with(']')) {
        if (first && pattern.starts_with(']')) {
            malformed(whole);
        }
        first = false;
        const char low = next();
        char high = low;
        if (pattern.starts_with('-')) {
            pattern.remove_prefix(1);
            high = next();
        }
        found = found || (low <= c && c <= high);
    }
    pattern.remove_prefix(1);
    return found != negated;
}

/// One pattern against one path. Each star may end anywhere, so pairs of places that did not fit are remembered: the
/// time is at most the product of both lengths, whatever a hostile pattern says.
class Matcher {
public:
    Matcher(std::string_view pattern, std::string_view path, bool deep) : pattern_{pattern}, path_{path}, deep_{deep} {}

    bool match() { return rest(pattern_, path_, 0); }

private:
    bool star(std::string_view pattern, std::string_view path, int depth) {
        const bool any_folder = deep_ && pattern.starts_with("**");
        pattern.remove_prefix(any_folder ? 2 : 1);
        if (any_folder && pattern.starts_with('/') && known_or_rest(pattern.substr(1), path, depth)) {
            return true;  // "**/" stands for no folder, too
        }
        for (size_t taken = 0;; ++taken) {
            if (known_or_rest(pattern, path.substr(taken), depth)) {
                return true;
            }
            if (taken == path.size() || (!any_folder && path[taken] == '/')) {
                return false;
            }
        }
    }

    bool known_or_rest(std::string_view pattern, std::string_view path, int depth) {
        // What is left of each says where we are.
        const size_t place = pattern.size() * (path_.size() + 1) + path.size();
        if (failed_.empty()) {
            failed_.resize((pattern_.size() + 1) * (path_.size() + 1));
        }
        if (failed_[place]) {
            return false;
        }
        const bool fits = rest(pattern, path, depth + 1);
        failed_[place] = !fits;
        return fits;
    }

    bool rest(std::string_view pattern, std::string_view path, int depth) {
        if (depth > max_depth) {
            malformed(pattern);
        }
        while (!pattern.empty()) {
            const char p = pattern.front();
            if (p == '*') {
                return star(pattern, path, depth);
            }
            if (path.empty()) {
                return false;
            }
            if (p == '[') {
                if (path.front() == '/' || !match_class(pattern, path.front())) {
                    return false;
                }
            } else if (p == '?') {
                if (path.front() == '/') {
                    return false;
                }
                pattern.remove_prefix(1);
            } else {
                if (p == '\\') {
                    pattern.remove_prefix(1);
                    if (pattern.empty()) {
                        malformed("\\");
                    }
                }
                if (pattern.front() != path.front()) {
                    return false;
                }
                pattern.remove_prefix(1);
            }
            path.remove_prefix(1);
        }
        return path.empty();
    }

    std::string_view pattern_, path_;
    bool deep_;
    std::vector<bool> failed_;
};

std::string clean(std::string_view pattern) {
    auto path = std::filesystem::path{pattern}.lexically_normal().string();
    while (path.starts_with('/')) {
        path.erase(0, 1);
    }
    while (path.ends_with('/')) {
        path.pop_back();
    }
    return path;
}

}  // namespace

bool match_path(std::string_view pattern, std::string_view path, bool deep) {
    return Matcher{pattern, path, deep}.match();
}

IgnoreRules::IgnoreRules(std::string_view text) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (text.starts_with(byte_order_mark)) {
        text.remove_prefix(byte_order_mark.size());
    }
    for (const auto line : split(text, '\n')) {
        if (!line.starts_with('#')) {
            add(line);
        }
    }
}

IgnoreRules::IgnoreRules(const std::vector<std::string>& patterns) {
    for (const auto& pattern : patterns) {
        add(pattern);
    }
}

void IgnoreRules::add(std::string_view line) {
    line = trim(line);
    Rule rule;
    rule.takes_back = line.starts_with('!');
    if (rule.takes_back) {
        line = trim(line.substr(1));
    }
    rule.pattern = clean(line);
    if (rule.pattern.empty() || rule.pattern == ".") {
        return;
    }
    match_path(rule.pattern, "x", true);  // a malformed one is told now
    any_takes_back_ = any_takes_back_ || rule.takes_back;
    rules_.push_back(std::move(rule));
}

bool IgnoreRules::ignores(std::string_view path) const {
    bool ignored = false;
    for (const auto& rule : rules_) {
        if (rule.takes_back != ignored) {
            continue;  // it could change nothing
        }
        bool fits = match_path(rule.pattern, path, true);
        for (size_t slash = path.rfind('/'); !fits && slash != std::string_view::npos && slash > 0;
             slash = path.rfind('/', slash - 1)) {
            fits = match_path(rule.pattern, path.substr(0, slash), true);
        }
        if (fits) {
            ignored = !rule.takes_back;
        }
    }
    return ignored;
}

bool IgnoreRules::can_skip(std::string_view folder) const {
    if (!any_takes_back_) {
        return true;
    }
    for (const auto& rule : rules_) {
        if (!rule.takes_back) {
            continue;
        }
        // A wildcard could fit anywhere; a plain path only below its own parents.
        const auto plain = rule.pattern.substr(0, rule.pattern.find_first_of("*?[\\"));
        const auto shorter = std::min(plain.size(), folder.size());
        if (plain.substr(0, shorter) == folder.substr(0, shorter)) {
            return false;
        }
    }
    return true;
}

}  // namespace stack::build
