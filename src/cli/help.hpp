#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "cli/command.hpp"

namespace stack::cli {

/// The table that cmake/embed_texts.cmake makes out of the .txt files.
struct EmbeddedText {
    std::string_view name;
    std::string_view text;
};
extern const EmbeddedText embedded_texts[];
extern const size_t embedded_text_count;

/// What `--help` prints for one command: its text with the name it was called by, without the old spellings.
std::string command_help(std::string_view text, const std::string& called_as);

/// What `stack --help` prints: `text`, then the commands and groups that can be reached through `doors`.
std::string program_help(std::string_view text, const std::string& called_as, unsigned doors);

/// What `stack image --help` prints; empty if there is no such group behind `doors`.
std::string group_help(std::string_view group, const std::string& called_as, unsigned doors);

}  // namespace stack::cli
