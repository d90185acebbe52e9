#pragma once

#include <string_view>
#include <vector>

#include "build/dockerfile/instruction.hpp"

namespace stack::build {

/// The here-documents that a line opens, in order, contents still empty: words of the form `[fd]<<[-]NAME` where NAME
/// may be quoted. `<<<` is none, nor is `<<` inside quotes or with a blank behind it.
std::vector<Heredoc> find_heredocs(std::string_view line, char escape);

/// Whether a word opens a here-document, and which.
bool parse_heredoc_word(std::string_view word, Heredoc& heredoc);

}  // namespace stack::build
