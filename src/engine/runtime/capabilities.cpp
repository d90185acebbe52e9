#include "engine/runtime/capabilities.hpp"

#include <array>
#include <initializer_list>

#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "desired/capability_names.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::runtime {
namespace {

constexpr const auto& names = desired::capability_names;

constexpr CapabilityMask bits(std::initializer_list<unsigned> numbers) {
    CapabilityMask mask = 0;
    for (const unsigned number : numbers) {
        mask |= CapabilityMask{1} << number;
    }
    return mask;
}

constexpr CapabilityMask all_known = (CapabilityMask{1} << names.size()) - 1;

bool is_all(std::string_view name) {
    return to_lower(name) == "all" || to_lower(name) == "cap_all";
}

}  // namespace

CapabilityMask default_capabilities() noexcept {
    return bits({CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FSETID, CAP_FOWNER, CAP_MKNOD, CAP_NET_RAW, CAP_SETGID, CAP_SETUID,
                 CAP_SETFCAP, CAP_SETPCAP, CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT, CAP_KILL, CAP_AUDIT_WRITE});
}

CapabilityMask own_capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    check(::syscall(SYS_capget, &header, data), [] { return "read own capabilities"; });
    return data[0].permitted | (CapabilityMask{data[1].permitted} << 32U);
}

std::string capability_name(unsigned number) {
    if (number >= names.size()) {
        return fmt::format("CAP_{}", number);
    }
    std::string upper{"CAP_"};
    for (const char c : names[number]) {
        upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return upper;
}

CapabilityMask capability_bit(std::string_view name) {
    std::string wanted = to_lower(name);
    if (wanted.rfind("cap_", 0) == 0) {
        wanted.erase(0, 4);
    }
    for (size_t i = 0; i < names.size(); ++i) {
        if (names[i] == wanted) {
            return CapabilityMask{1} << i;
        }
    }
    Error error{Errc::invalid_input, fmt::format("unknown capability '{}'", name)};
    const std::vector<std::string> candidates{names.begin(), names.end()};
    if (const auto near = nearest(wanted, candidates)) {
        error.set_hint(fmt::format("did you mean '{}'?", *near));
    }
    throw error;
}

CapabilityMask merge_capabilities(const std::vector<std::string>& add, const std::vector<std::string>& drop) {
    bool add_all = false, drop_all = false;
    CapabilityMask added = 0, dropped = 0;
    for (const std::string& name : add) {
        is_all(name) ? static_cast<void>(add_all = true) : static_cast<void>(added |= capability_bit(name));
    }
    for (const std::string& name : drop) {
        is_all(name) ? static_cast<void>(drop_all = true) : static_cast<void>(dropped |= capability_bit(name));
    }
    if (add_all) {
        return all_known & ~dropped;
    }
    if (drop_all) {
        return added;
    }
    return (default_capabilities() & ~dropped) | added;
}

void drop_bounding_set(CapabilityMask allowed) {
    for (unsigned number = 0; number < 64; ++number) {
        if ((allowed >> number & 1U) != 0) {
            continue;
        }
        if (::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0) {
            if (errno == EINVAL) {
                return;  // beyond the last capability of this kernel
            }
            throw SysError(errno, fmt::format("drop {} from the bounding set", capability_name(number)));
        }
    }
}

void set_capabilities(CapabilityMask mask) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    data[0].permitted = data[0].effective = static_cast<std::uint32_t>(mask);
    data[1].permitted = data[1].effective = static_cast<std::uint32_t>(mask >> 32U);
    check(::syscall(SYS_capset, &header, data), [] { return "set the process's capabilities"; });
}

}  // namespace stack::runtime
