#include "support/kernel/process_stat.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

#include "support/kernel/unique_fd.hpp"

namespace stack::kernel {
namespace {

template <class Number>
Number number_in(std::string_view field) noexcept {
    Number value{0};
    std::from_chars(field.data(), field.data() + field.size(), value);
    return value;
}

}  // namespace

std::optional<ProcessStat> process_stat(pid_t pid) noexcept {
    std::array<char, 40> path{};
    std::snprintf(path.data(), path.size(), "/proc/%d/stat", static_cast<int>(pid));
    const UniqueFd file{::open(path.data(), O_RDONLY | O_CLOEXEC)};
    std::array<char, 2048> buffer;
    const ssize_t got = file ? ::read(file.get(), buffer.data(), buffer.size()) : -1;
    if (got <= 0) {
        return std::nullopt;
    }
    std::string_view text{buffer.data(), static_cast<size_t>(got)};
    // The command name (field 2) is in parentheses and may hold blanks; count from behind its end.
    const auto end_of_name = text.rfind(')');
    if (end_of_name == std::string_view::npos || end_of_name + 2 >= text.size()) {
        return std::nullopt;
    }
    text.remove_prefix(end_of_name + 2);
    ProcessStat stat;
    stat.state = text.front();
    for (int field = 3; !text.empty(); ++field) {
        const std::string_view word = text.substr(0, text.find_first_of(" \n"));
        if (field == 20) {
            stat.threads = number_in<int>(word);
        } else if (field == 22) {
            stat.start_ticks = number_in<std::uint64_t>(word);
        } else if (field == 52) {
            stat.wait_status = number_in<int>(word);
        }
        text.remove_prefix(std::min(word.size() + 1, text.size()));
    }
    return stat;
}

}  // namespace stack::kernel
