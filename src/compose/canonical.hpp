#pragma once

#include "compose/finding.hpp"
#include "compose/node.hpp"

namespace stack::compose {

/// Brings a checked document into canonical form: every short form is written long, values have the one form of their
/// place (byte sizes as digits, durations as "1m30s", labels as a mapping of strings, …), and what says nothing
/// (`tty: false`, empty lists) is gone. One table says what each place holds. Values that do not fit are findings.
void make_canonical(Node& document, Findings& findings);

}  // namespace stack::compose
