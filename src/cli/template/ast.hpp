#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace stack::cli::tmpl {

struct Pipeline;

/// One word of a command: a literal, a field chain, a variable or a pipeline in parentheses.
struct Operand {
    enum class Kind { text, number, boolean, nil, field, variable, function, nested };
    Kind kind{Kind::field};
    std::string text;                 ///< literal, or name of the variable or function
    std::vector<std::string> fields;  ///< ".A.B" behind the dot, the variable or the parentheses
    std::shared_ptr<Pipeline> nested;
};

struct Command {
    std::vector<Operand> words;
};

/// `$x := a | b`: commands, each gets the one before as its last argument.
struct Pipeline {
    std::vector<std::string> variables;  ///< declared or assigned: up to two for `range`
    bool declares{false};
    std::vector<Command> commands;
};

struct Node {
    enum class Kind { text, print, branch_if, branch_range, branch_with };
    Kind kind{Kind::text};
    std::string text;
    Pipeline pipeline;
    std::vector<Node> body, otherwise;
};

/// Throws Error "template parsing error: …".
std::vector<Node> parse(std::string_view text);

}  // namespace stack::cli::tmpl
