#include "support/kernel/mounts.hpp"

#include <fmt/format.h>
#include <sys/mount.h>

#include "support/error.hpp"
#include "support/log.hpp"

namespace stack::kernel {

void mount_at(const std::string& source, const std::string& target, const std::string& type, unsigned long flags,
              const std::string& data) {
    check(::mount(source.c_str(), target.c_str(), type.empty() ? nullptr : type.c_str(), flags,
                  data.empty() ? nullptr : data.c_str()),
          [&] { return fmt::format("mount '{}' on '{}'{}", source, target, type.empty() ? "" : " as " + type); });
}

void unmount(const std::string& target, int flags) {
    if (::umount2(target.c_str(), flags) != 0 && errno != EINVAL && errno != ENOENT) {
        throw SysError(errno, fmt::format("unmount '{}'", target));
    }
}

ScopedMount& ScopedMount::operator=(ScopedMount&& other) noexcept {
    std::swap(target_, other.target_);
    return *this;
}

ScopedMount::~ScopedMount() {
    if (!target_.empty() && ::umount2(target_.c_str(), MNT_DETACH) != 0) {
        log_debug("unmount '{}' failed with errno {}", target_, errno);
    }
}

}  // namespace stack::kernel
