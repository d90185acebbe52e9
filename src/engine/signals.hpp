#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace stack::engine {

/// "SIGTERM", "term", "15", "RTMIN+3" (signal(7)); nullopt for anything else.
std::optional<int> parse_signal(std::string_view word);
/// As parse_signal; Errc::invalid_input "invalid signal: …".
int signal_number(std::string_view word);
/// "SIGTERM".
std::string signal_name(int number);
/// sigaction(2) with SIG_IGN, for this process and what it executes.
void ignore_signal(int number);

}  // namespace stack::engine
