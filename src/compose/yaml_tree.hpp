#pragma once

#include <vector>

#include "compose/finding.hpp"
#include "compose/node.hpp"

namespace stack::compose {

/// Parses the text of a file (UTF-8 or UTF-16 with a byte order mark; LF, CRLF or CR) into one tree per YAML document.
/// Anchors and aliases become copies, `<<` is merged (yaml.org/type/merge.html: the mapping's own keys win, then the
/// earlier of a list), tags `!reset` and `!override` are kept, other tags of users mean nothing.
///
/// Mistakes go to `findings`: what YAML forbids, keys that stand twice, keys that are no strings, unknown anchors and
/// values beyond limits.hpp. After a syntax error the tree is not usable and an empty vector is given back.
///
/// `nodes` counts the values, over all files of a load.
std::vector<Node> parse_yaml(const SourceFiles& files, FileId file, Findings& findings, std::size_t& nodes);
std::vector<Node> parse_yaml(const SourceFiles& files, FileId file, Findings& findings);

/// `text` as UTF-8 without byte order mark. Throws Errc::invalid_input if it is UTF-16 that cannot be converted.
std::string to_utf8(std::string text);

}  // namespace stack::compose
