#include "engine/runtime/sysctls.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::runtime {
namespace {

// namespaces(7) "IPC namespaces", and fs.mqueue.*.
constexpr std::array<std::string_view, 9> ipc_settings = {
    "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni",          "kernel.sem",        "kernel.shmall",
    "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced", "kernel.auto_msgmni"};

bool is_plain(std::string_view name) {
    return !name.empty() && name.find("..") == std::string_view::npos &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                      c == '_' || c == '-' || c == '/';
           });
}

[[noreturn]] void refuse(const std::string& name, std::string_view why) {
    throw Error(Errc::invalid_input, fmt::format("sysctl '{}' cannot be set for a container: {}", name, why));
}

void check_allowed(const std::string& name, const NamespacePlan& namespaces) {
    if (name.rfind("net.", 0) == 0) {
        if (namespaces.network == NamespaceMode::host) {
            refuse(name, "it uses the host's network");
        }
    } else if (name.rfind("fs.mqueue.", 0) == 0 ||
               std::find(ipc_settings.begin(), ipc_settings.end(), name) != ipc_settings.end()) {
        if (namespaces.ipc != NamespaceMode::create) {
            refuse(name, "it has no ipc namespace of its own");
        }
    } else if (name == "kernel.domainname") {
        if (namespaces.uts != NamespaceMode::create) {
            refuse(name, "it has no uts namespace of its own");
        }
    } else {
        refuse(name, "it belongs to the whole host");
    }
}

}  // namespace

std::vector<Sysctl> plan_sysctls(const desired::StringMap& sysctls, const NamespacePlan& namespaces) {
    std::vector<Sysctl> planned;
    for (const auto& [written, value] : sysctls) {
        const std::string name = replace_all(written, "/", ".");
        if (!is_plain(name)) {
            throw Error(Errc::invalid_input, fmt::format("'{}' is no sysctl", written));
        }
        check_allowed(name, namespaces);
        // Written with slashes, a dot is part of a name ("net/ipv4/conf/eth0.100/forwarding"), sysctl(8).
        planned.push_back({written.find('/') == std::string::npos ? replace_all(written, ".", "/") : written, value});
    }
    return planned;
}

}  // namespace stack::runtime
