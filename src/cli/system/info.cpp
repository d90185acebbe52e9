#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli/state_view.hpp"
#include "cli/template.hpp"
#include "cli/verbs.hpp"
#include "cli/version.hpp"
#include "engine/runtime/apparmor.hpp"
#include "engine/runtime/cgroup.hpp"
#include "image/store.hpp"
#include "support/byte_size.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

namespace stack::cli {

using nlohmann::json;

namespace {

/// PRETTY_NAME of os-release(5).
std::string system_name() {
    const std::string release = find_file("/etc/os-release").value_or("");
    for (const std::string_view line : split(release, '\n')) {
        constexpr std::string_view key = "PRETTY_NAME=";
        if (line.starts_with(key)) {
            std::string name{line.substr(key.size())};
            std::erase(name, '"');
            return name;
        }
    }
    return "Linux";
}

std::vector<std::string> security_options() {
    std::vector<std::string> options{"name=seccomp,profile=builtin", "name=cgroupns"};
    if (runtime::host_has_apparmor()) {
        options.insert(options.begin(), "name=apparmor");
    }
    return options;
}

json containers_json(const Paths& paths) {
    using engine::ContainerStatus;
    const auto rows = StateView{paths}.list();
    const auto count = [&](auto&& has) { return std::count_if(rows.begin(), rows.end(), has); };
    const auto paused = count([](const auto& row) { return row.is_up() && row.status == ContainerStatus::paused; });
    const auto up = count([](const auto& row) { return row.is_up(); });
    return {{"Containers", rows.size()},
            {"ContainersRunning", up - paused},
            {"ContainersPaused", paused},
            {"ContainersStopped", static_cast<std::ptrdiff_t>(rows.size()) - up}};
}

json host_json() {
    utsname host{};
    check(::uname(&host), [] { return "ask for the kernel's name (uname)"; });
    const auto pages = static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES));
    return {{"Name", host.nodename},
            {"KernelVersion", host.release},
            {"Architecture", host.machine},
            {"OSType", "linux"},
            {"OperatingSystem", system_name()},
            {"NCPU", ::sysconf(_SC_NPROCESSORS_ONLN)},
            {"MemTotal", pages * ::sysconf(_SC_PAGESIZE)},
            {"CgroupDriver", "cgroupfs"},
            {"CgroupVersion", runtime::CgroupHost::detect().pure_v2() ? "2" : "1"},
            {"SecurityOptions", security_options()}};
}

json info_json(const Paths& paths) {
    json info = {{"ServerVersion", version},
                 {"Images", image::ImageStore{paths}.list().size()},
                 {"Driver", "overlay2"},
                 {"LoggingDriver", "local"},
                 {"DefaultRuntime", "stack"},
                 {"InitBinary", "stack"},
                 {"DockerRootDir", paths.root().string()},
                 {"Plugins",
                  {{"Volume", {"local"}},
                   {"Network", {"bridge", "host", "ipvlan", "macvlan", "none"}},
                   {"Log", {"journald", "json-file", "local", "none", "syslog"}}}},
                 {"Swarm", {{"LocalNodeState", "inactive"}}},
                 {"LiveRestoreEnabled", true},
                 {"ServerErrors", json::array()},
                 {"Warnings", json::array()}};
    info.update(containers_json(paths));
    info.update(host_json());
    return info;
}

void print_info(const json& info) {
    const auto line = [&](std::string_view label, const char* field, int depth = 0) {
        const json& value = info.at(field);
        fmt::print(" {:{}}{}: {}\n", "", depth, label, value.is_string() ? value.get<std::string>() : value.dump());
    };
    fmt::print("Server:\n");
    line("Containers", "Containers");
    line("Running", "ContainersRunning", 1);
    line("Paused", "ContainersPaused", 1);
    line("Stopped", "ContainersStopped", 1);
    line("Images", "Images");
    line("Server Version", "ServerVersion");
    line("Storage Driver", "Driver");
    line("Logging Driver", "LoggingDriver");
    line("Cgroup Driver", "CgroupDriver");
    line("Cgroup Version", "CgroupVersion");
    fmt::print(" Security Options:\n");
    for (const json& option : info.at("SecurityOptions")) {
        fmt::print("  {}\n", option.get<std::string>().substr(std::string_view{"name="}.size()));
    }
    line("Kernel Version", "KernelVersion");
    line("Operating System", "OperatingSystem");
    line("OSType", "OSType");
    line("Architecture", "Architecture");
    line("CPUs", "NCPU");
    fmt::print(" Total Memory: {}\n", format_binary_size(Bytes{info.at("MemTotal").get<std::int64_t>()}));
    line("Name", "Name");
    line("Docker Root Dir", "DockerRootDir");
}

}  // namespace

int system_info(Context& context, const Flags& flags) {
    const json info = info_json(context.paths);
    const std::string format = flags.value_or("format", "");
    if (format.empty()) {
        print_info(info);
    } else {
        fmt::print("{}\n", format == "json" ? info.dump() : render_template(format, info));
    }
    return 0;
}

}  // namespace stack::cli
