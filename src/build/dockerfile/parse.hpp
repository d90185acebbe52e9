#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "build/dockerfile/instruction.hpp"

namespace stack::build {

/// Cuts a Dockerfile's text into instructions as BuildKit's stable frontend does (docs.docker.com "Dockerfile
/// reference": "Parser directives", "Here-documents"). Knows no instruction's meaning beyond which may have flags, JSON
/// arguments and here-documents. Throws Errc::invalid_input with the place; input over 1 MiB is refused.
Dockerfile parse_dockerfile(std::string_view text, const std::string& name);

/// The instructions there are, for suggestions.
const std::vector<std::string>& known_keywords();

/// The words of a JSON array of strings; nullopt for anything else: then it is shell form.
std::optional<std::vector<std::string>> parse_exec_form(const std::string& text);

/// One line of ONBUILD's trigger as an instruction.
Instruction parse_trigger(const std::string& line, const SourcePos& pos, char escape);

}  // namespace stack::build
