#include "engine/runtime/device_nodes.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "engine/runtime/root_paths.hpp"
#include "support/error.hpp"

namespace stack::runtime {
namespace {

struct Node {
    const char* name;
    unsigned major, minor;
};
constexpr Node nodes[] = {{"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
                          {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};

struct Link {
    const char* name;
    const char* target;
};
constexpr Link links[] = {{"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
                          {"stderr", "/proc/self/fd/2"}, {"core", "/proc/kcore"},      {"ptmx", "pts/ptmx"}};

}  // namespace

void fill_dev(int dev) {
    const mode_t old_mask = ::umask(0);
    for (const Node& node : nodes) {
        check(::mknodat(dev, node.name, S_IFCHR | 0666, makedev(node.major, node.minor)),
              [&] { return fmt::format("make /dev/{}", node.name); });
    }
    for (const Link& link : links) {
        check(::symlinkat(link.target, dev, link.name),
              [&] { return fmt::format("make the link /dev/{}", link.name); });
    }
    ::umask(old_mask);
}

void make_devices(int root, const std::vector<DeviceStep>& devices) {
    for (const DeviceStep& device : devices) {
        const auto slash = device.path.rfind('/');
        const UniqueFd folder = ensure_in_root(root, device.path.substr(0, slash + 1), Missing::folder);
        const std::string name = device.path.substr(slash + 1);
        const mode_t old_mask = ::umask(0);
        int result = ::mknodat(folder.get(), name.c_str(), device.type_and_mode, makedev(device.major, device.minor));
        if (result != 0 && errno == EEXIST) {
            ::unlinkat(folder.get(), name.c_str(), 0);
            result = ::mknodat(folder.get(), name.c_str(), device.type_and_mode, makedev(device.major, device.minor));
        }
        ::umask(old_mask);
        check(result, [&] { return fmt::format("make the device '{}'", device.path); });
        check(::fchownat(folder.get(), name.c_str(), device.uid, device.gid, AT_SYMLINK_NOFOLLOW),
              [&] { return fmt::format("give the device '{}' to its owner", device.path); });
    }
}

}  // namespace stack::runtime
