#pragma once

#include <string>
#include <string_view>

#include "compose/finding.hpp"
#include "compose/node.hpp"

namespace stack::compose {

/// What a path points to, for people: "service 'web'", "'ports[1]' of service 'web'", "'ipam.config[0].subnet' of
/// network 'back'", "'services'", "the file" for the root.
std::string describe(const Path& path);

/// A scalar as it stands in the file, in quotes if it is a string and cut to one line; "a list", "a mapping",
/// "nothing".
std::string describe(const Node& node);

/// A scalar's text cut to what fits into a sentence.
std::string shown(std::string_view text);

/// "a, b and c", the first 12 of them.
std::string enumerate(const std::vector<std::string>& words);

/// Tells findings about one value.
class Report {
public:
    Report(const Path& path, const Node& node, Findings& findings) noexcept
        : path_{path}, node_{node}, findings_{findings} {}

    /// "'interval' of 'healthcheck' … must be a duration, not 'soon'".
    void must_be(std::string_view wanted, std::string hint) const;
    /// "'ports[1]' of service 'web' <predicate>".
    void error(std::string_view predicate, std::string hint) const;
    void warning(std::string_view predicate, std::string hint) const;

    const Path& path() const noexcept { return path_; }
    const Node& node() const noexcept { return node_; }
    Findings& findings() const noexcept { return findings_; }

private:
    const Path& path_;
    const Node& node_;
    Findings& findings_;
};

}  // namespace stack::compose
