#include "engine/signals.hpp"

#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::engine {

std::optional<int> parse_signal(std::string_view word) {
    if (const auto number = parse_int(word)) {
        return *number > 0 && *number <= SIGRTMAX ? std::optional{static_cast<int>(*number)} : std::nullopt;
    }
    std::string name = to_lower(word);
    if (name.starts_with("sig")) {
        name.erase(0, 3);
    }
    for (int number = 1; number < SIGRTMIN; ++number) {
        const char* known = ::sigabbrev_np(number);
        if (known != nullptr && to_lower(known) == name) {
            return number;
        }
    }
    const bool from_min = name.starts_with("rtmin");
    if (from_min || name.starts_with("rtmax")) {
        const int base = from_min ? SIGRTMIN : SIGRTMAX;
        const std::string_view offset = std::string_view{name}.substr(5);
        const auto distance = offset.empty() ? 0 : parse_int(offset.substr(offset.front() == '+' ? 1 : 0));
        if (distance && base + *distance >= SIGRTMIN && base + *distance <= SIGRTMAX) {
            return base + static_cast<int>(*distance);
        }
    }
    return std::nullopt;
}

int signal_number(std::string_view word) {
    const auto number = parse_signal(word);
    if (!number) {
        throw Error(Errc::invalid_input, fmt::format("invalid signal: {}", word));
    }
    return *number;
}

std::string signal_name(int number) {
    if (const char* known = ::sigabbrev_np(number)) {
        return fmt::format("SIG{}", known);
    }
    return number >= SIGRTMIN ? fmt::format("SIGRTMIN+{}", number - SIGRTMIN) : std::to_string(number);
}

void ignore_signal(int number) {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    check(::sigaction(number, &ignore, nullptr), [&] { return fmt::format("ignore {}", signal_name(number)); });
}

}  // namespace stack::engine
