#pragma once

#include <string>
#include <utility>

namespace stack::kernel {

/// mount(2) with a message that names the target. Flags are MS_*.
void mount_at(const std::string& source, const std::string& target, const std::string& type, unsigned long flags,
              const std::string& data = {});
/// umount2(2); flags are MNT_*. Absence (EINVAL, ENOENT) is tolerated.
void unmount(const std::string& target, int flags);

/// A mount of this process's mount namespace, detached on destruction.
class [[nodiscard]] ScopedMount {
public:
    ScopedMount() noexcept = default;
    /// Takes over an existing mount.
    explicit ScopedMount(std::string target) noexcept : target_{std::move(target)} {}
    ScopedMount(ScopedMount&& other) noexcept : target_{std::exchange(other.target_, {})} {}
    ScopedMount& operator=(ScopedMount&& other) noexcept;
    ScopedMount(const ScopedMount&) = delete;
    ScopedMount& operator=(const ScopedMount&) = delete;
    ~ScopedMount();

    const std::string& target() const noexcept { return target_; }

private:
    std::string target_;
};

}  // namespace stack::kernel
