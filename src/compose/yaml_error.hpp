#pragma once

#include "compose/finding.hpp"

struct yaml_parser_s;

namespace stack::compose {

/// Tells what the parser stumbled over in words about the file, at the place where the mistake was made: for a quote,
/// bracket or block that is not closed that is where it opens, not the end of the file where the parser noticed.
void explain_yaml_error(const yaml_parser_s& parser, const SourceFiles& files, FileId file, Findings& findings);

}  // namespace stack::compose
