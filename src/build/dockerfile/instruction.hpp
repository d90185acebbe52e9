#pragma once

#include <optional>
#include <string>
#include <vector>

#include "support/error.hpp"

namespace stack::build {

/// `--name=value` before an instruction's arguments; `--name` alone has no value.
struct Flag {
    std::string name;
    std::optional<std::string> value;
};

/// One here-document: `<<EOF`, `<<-"EOF"`, `3<<EOF`.
struct Heredoc {
    std::string name;
    std::string content;
    int fd{0};
    bool expand{true};  ///< false: the name was quoted
    bool chomp{false};  ///< <<-: leading tabs were taken off
};

/// One instruction of a Dockerfile, cut into parts but not interpreted.
struct Instruction {
    std::string keyword;  ///< upper case: "RUN"
    std::vector<Flag> flags;
    std::string text;                              ///< arguments as one line, continuations joined, flags taken off
    std::optional<std::vector<std::string>> json;  ///< the arguments, if `text` is a JSON array of strings
    std::vector<Heredoc> heredocs;
    std::string original;  ///< all its lines as written, joined; for history and messages
    SourcePos pos;         ///< of the keyword
    int last_line{0};      ///< of its last line, here-documents included
};

/// What the parser directives at the top say.
struct Directives {
    std::string syntax;
    char escape{'\\'};
    std::string check;
};

/// A finding that does not stop the build.
struct Warning {
    SourcePos pos;
    std::string text;
};

struct Dockerfile {
    std::string name;                ///< as shown in messages
    std::vector<std::string> lines;  ///< as written, for excerpts
    Directives directives;
    std::vector<Instruction> instructions;
    std::vector<Warning> warnings;
};

}  // namespace stack::build
