#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stack::build {

/// The rules of a .dockerignore (Dockerfile reference, ".dockerignore file"): Go's filepath.Match with `**`, `!` takes
/// back, the last rule that fits wins, `#` begins a comment line.
class IgnoreRules {
public:
    IgnoreRules() = default;
    explicit IgnoreRules(std::string_view text);
    explicit IgnoreRules(const std::vector<std::string>& patterns);

    /// `path` is relative to the context, without a leading slash. A file below an ignored folder is ignored unless a
    /// later rule takes it back.
    bool ignores(std::string_view path) const;
    /// Whether a walk may leave an ignored folder out: no rule could take back anything below it.
    bool can_skip(std::string_view folder) const;
    bool empty() const noexcept { return rules_.empty(); }

private:
    void add(std::string_view line);

    struct Rule {
        std::string pattern;
        bool takes_back{false};
    };
    std::vector<Rule> rules_;
    bool any_takes_back_{false};
};

/// Go's filepath.Match, with `**` for any number of folders if `deep`. `*` and `?` do not match a slash.
/// Throws Errc::invalid_input on a malformed pattern ("[" without "]").
bool match_path(std::string_view pattern, std::string_view path, bool deep);

}  // namespace stack::build
