#include "engine/runtime/pidfd.hpp"

#include <fmt/format.h>

#include "support/files.hpp"
#include "support/text.hpp"

namespace stack::runtime {

pid_t pid_of(int pidfd) {
    const auto info = find_file(fmt::format("/proc/self/fdinfo/{}", pidfd)).value_or("");
    for (const auto line : split(info, '\n')) {
        if (line.rfind("Pid:", 0) == 0) {
            return static_cast<pid_t>(parse_int(trim(line.substr(4))).value_or(-1));
        }
    }
    return -1;
}

}  // namespace stack::runtime
