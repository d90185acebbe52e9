#include "engine/runtime/apparmor.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/text.hpp"

namespace stack::runtime {

std::string_view apparmor_policy();  // apparmor.profile, compiled; see CMakeLists.txt

namespace {

constexpr const char* policy_folder = "/sys/kernel/security/apparmor";

}  // namespace

bool host_has_apparmor() {
    static const bool has = trim(find_file("/sys/module/apparmor/parameters/enabled").value_or("")) == "Y" &&
                            ::access(policy_folder, F_OK) == 0;
    return has;
}

bool apparmor_profile_is_loaded(std::string_view name) {
    // Lines such as "stack-default (enforce)"; a name may hold spaces.
    const std::string profiles = read_file(fmt::format("{}/profiles", policy_folder));
    for (const std::string_view line : split(profiles, '\n')) {
        const size_t mode = line.rfind(" (");
        if (mode != std::string_view::npos && line.substr(0, mode) == name) {
            return true;
        }
    }
    return false;
}

void load_default_apparmor_profile() {
    // One write(2) is one policy: the kernel takes all of it or nothing.
    static const ssize_t loaded = [] {
        const UniqueFd replace = kernel::open_at(AT_FDCWD, fmt::format("{}/.replace", policy_folder), O_WRONLY);
        const std::string_view policy = apparmor_policy();
        return check(::write(replace.get(), policy.data(), policy.size()),
                     [] { return fmt::format("load the AppArmor profile '{}'", default_apparmor_profile); });
    }();
    static_cast<void>(loaded);
}

UniqueFd open_own_process() {
    return kernel::open_at(AT_FDCWD, "/proc/self", O_PATH | O_DIRECTORY);
}

void confine_by_apparmor(int own_process, const std::string& profile, Confined when) {
    const bool now = when == Confined::now;
    // Opened here and not before: the kernel takes a word only under the credentials that opened the file (Linux 5.13).
    const UniqueFd attribute =
        kernel::open_at(own_process, now ? "attr/apparmor/current" : "attr/apparmor/exec", O_WRONLY);
    const std::string word = fmt::format("{} {}", now ? "changeprofile" : "exec", profile);
    check(::write(attribute.get(), word.data(), word.size()),
          [&] { return fmt::format("confine the process by the AppArmor profile '{}'", profile); });
}

}  // namespace stack::runtime
