#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "compose/source_files.hpp"
#include "support/error.hpp"

namespace stack::compose {

enum class Severity { error, warning };

/// Ends a load early. Whoever began the load catches it and tells what has been found so far.
class TooManyFindings : public Error {
public:
    TooManyFindings();
};

/// One thing that the user should know about a file of theirs.
///
/// `message` is a sentence as support/error.hpp describes it (lower case, no full stop, names in single quotes) and
/// holds the offending key or value and the service. `hint` says how to mend it: "did you mean 'restart'?"; empty if
/// nothing is obvious. `path` is "services.web.ports[1]", empty for a mistake of the whole file.
struct Finding {
    Severity severity{Severity::error};
    Mark mark;
    std::string path;
    std::string message;
    std::string hint;
};

/// The way from the root of the tree to a node, as a chain on the stack: costs nothing until a message needs it.
/// The text that `key` views must outlive the path.
class Path {
public:
    Path() noexcept = default;
    Path operator/(std::string_view key) const noexcept { return Path{this, key, no_index}; }
    Path operator/(std::size_t index) const noexcept { return Path{this, {}, index}; }
    /// "services.web.ports[1]"; a key with a dot or space is quoted: networks."a.b".
    std::string str() const;
    const Path* parent() const noexcept { return parent_; }
    std::string_view key() const noexcept { return key_; }
    /// Of a list's entry; 0 for a key.
    std::size_t index() const noexcept { return index_ == no_index ? 0 : index_; }
    std::size_t depth() const noexcept { return depth_; }
    /// The n-th step from the root (0 is "services"); empty for an index or past the end.
    std::string_view step(std::size_t n) const noexcept;

private:
    static constexpr std::size_t no_index = static_cast<std::size_t>(-1);
    Path(const Path* parent, std::string_view key, std::size_t index) noexcept
        : parent_{parent}, key_{key}, index_{index}, depth_{parent->depth_ + 1} {}
    const Path* parent_{nullptr};
    std::string_view key_;
    std::size_t index_{no_index};
    std::size_t depth_{0};
};

/// Collects the findings of one load. The same mistake told twice (same place, same severity and same message
/// but for the service's name) is kept once: copies through anchors, extends and merging keep the place of the
/// original. At most `max_findings` are kept; the rest is counted, and after limits::findings errors add() throws
/// TooManyFindings: a list of a million mistakes must not cost the time to find all of them.
class Findings {
public:
    static constexpr std::size_t max_findings = 200;

    void add(Finding finding);
    void error(Mark mark, const Path& path, std::string message, std::string hint = {});
    void warning(Mark mark, const Path& path, std::string message, std::string hint = {});

    bool has_errors() const noexcept { return errors_ > 0; }
    /// True if YAML itself was wrong somewhere from `begin` up to `end`: what seems to be missing there may only be
    /// unread.
    bool has_yaml_error_between(Mark begin, Mark end) const;
    bool empty() const noexcept { return kept_.empty(); }
    std::size_t dropped() const noexcept { return dropped_; }
    /// True if an error was already told at this place or in the value that begins there: keeps a later phase from
    /// telling the same mistake in other words.
    bool has_error_at(Mark mark) const;

    /// In the order of the files (the order of reading), then of the lines. The last one says so if some were dropped.
    std::vector<Finding> sorted() const;

private:
    std::vector<Finding> kept_;
    std::unordered_set<std::string> seen_;
    std::unordered_set<std::string> error_places_;
    std::size_t errors_{0};
    std::size_t dropped_{0};
};

/// A load that failed: all findings (warnings too) with the texts that they point into. what() is the first error's
/// message, pos() its place; render_findings() gives the whole.
class LoadFailure : public Error {
public:
    /// Errc::not_found says that a Compose file is missing.
    LoadFailure(std::vector<Finding> findings, std::shared_ptr<const SourceFiles> files,
                Errc code = Errc::invalid_input);
    const std::vector<Finding>& findings() const noexcept { return findings_; }
    const SourceFiles& files() const noexcept { return *files_; }

private:
    std::vector<Finding> findings_;
    std::shared_ptr<const SourceFiles> files_;
};

/// The findings as text, for a terminal or log:
///
///     error: unknown key 'restrat' in service 'web'
///       --> compose.yaml:12:5 (services.web.restrat)
///        12 |     restrat: always
///           |     ^
///       did you mean 'restart'?
///
/// No message is longer than 4 KB, no quoted line longer than a terminal is wide.
std::string render_findings(const std::vector<Finding>& findings, const SourceFiles& files);

}  // namespace stack::compose
