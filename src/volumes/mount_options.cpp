#include "volumes/mount_options.hpp"

#include <array>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <netdb.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::volumes {
namespace {

struct Flag {
    std::string_view word;
    unsigned long set, clear;
};

// mount(8) "Filesystem-independent mount options".
constexpr std::array flags{
    Flag{"ro", MS_RDONLY, 0},
    Flag{"rw", 0, MS_RDONLY},
    Flag{"bind", MS_BIND, 0},
    Flag{"rbind", MS_BIND | MS_REC, 0},
    Flag{"nosuid", MS_NOSUID, 0},
    Flag{"suid", 0, MS_NOSUID},
    Flag{"nodev", MS_NODEV, 0},
    Flag{"dev", 0, MS_NODEV},
    Flag{"noexec", MS_NOEXEC, 0},
    Flag{"exec", 0, MS_NOEXEC},
    Flag{"sync", MS_SYNCHRONOUS, 0},
    Flag{"async", 0, MS_SYNCHRONOUS},
    Flag{"dirsync", MS_DIRSYNC, 0},
    Flag{"noatime", MS_NOATIME, 0},
    Flag{"atime", 0, MS_NOATIME},
    Flag{"nodiratime", MS_NODIRATIME, 0},
    Flag{"diratime", 0, MS_NODIRATIME},
    Flag{"relatime", MS_RELATIME, 0},
    Flag{"norelatime", 0, MS_RELATIME},
    Flag{"strictatime", MS_STRICTATIME, 0},
    Flag{"defaults", 0, 0},
};

}  // namespace

MountOptions parse_mount_options(std::string_view text) {
    MountOptions options;
    for (const auto word : split(text, ',')) {
        if (word.empty()) {
            continue;
        }
        bool is_flag = false;
        for (const auto& flag : flags) {
            if (flag.word == word) {
                options.flags = (options.flags & ~flag.clear) | flag.set;
                is_flag = true;
            }
        }
        if (!is_flag) {
            options.data += (options.data.empty() ? "" : ",") + std::string{word};
        }
    }
    return options;
}

namespace {

std::string numeric_address(const std::string& host) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    char text[NI_MAXHOST];
    int failed = ::getaddrinfo(host.c_str(), nullptr, &wanted, &found);
    if (failed == 0) {
        failed = ::getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
        ::freeaddrinfo(found);
    }
    if (failed != 0) {
        throw Error(Errc::network, fmt::format("cannot resolve the host '{}' of an NFS volume", host))
            .hint("it stands in 'addr=' of the volume's option 'o', or before ':' in 'device'");
    }
    return text;
}

/// "storage:/export" -> storage, "[fd00::1]:/export" -> fd00::1, ":/export" -> nothing.
std::string host_of(const std::string& device) {
    const size_t end = device.rfind(":/");
    std::string host = end == std::string::npos ? std::string{} : device.substr(0, end);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    }
    return host;
}

}  // namespace

std::string nfs_options(const std::string& device, const std::string& data) {
    constexpr std::string_view key = "addr=";
    std::vector<std::string> words;
    bool has_address = false;
    for (const auto word : split(data, ',')) {
        if (word.starts_with(key)) {
            words.push_back(fmt::format("{}{}", key, numeric_address(std::string{word.substr(key.size())})));
            has_address = true;
        } else if (!word.empty()) {
            words.emplace_back(word);
        }
    }
    if (const std::string host = host_of(device); !has_address && !host.empty()) {
        words.push_back(fmt::format("{}{}", key, numeric_address(host)));
    }
    return join(words, ",");
}

unsigned long propagation_flags(const std::string& name) {
    constexpr std::array<std::pair<std::string_view, unsigned long>, 9> kinds{
        {{"", MS_PRIVATE | MS_REC},
         {"private", MS_PRIVATE},
         {"rprivate", MS_PRIVATE | MS_REC},
         {"shared", MS_SHARED},
         {"rshared", MS_SHARED | MS_REC},
         {"slave", MS_SLAVE},
         {"rslave", MS_SLAVE | MS_REC},
         {"unbindable", MS_UNBINDABLE},
         {"runbindable", MS_UNBINDABLE | MS_REC}}};
    for (const auto& [kind, kind_flags] : kinds) {
        if (kind == name) {
            return kind_flags;
        }
    }
    throw Error(Errc::invalid_input, fmt::format("unknown mount propagation '{}'", name))
        .hint("one of private, rprivate, shared, rshared, slave, rslave");
}

void check_driver_options(const std::map<std::string, std::string>& options) {
    for (const auto& [key, value] : options) {
        if (key != "type" && key != "o" && key != "device" && key != "size") {
            throw Error(Errc::invalid_input, fmt::format("the local driver does not know the option '{}'", key))
                .hint("it knows 'type', 'o' and 'device', as mount(8) does");
        }
    }
}

}  // namespace stack::volumes
