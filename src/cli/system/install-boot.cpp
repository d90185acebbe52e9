#include <array>
#include <filesystem>

#include <fmt/format.h>

#include "cli/verbs.hpp"
#include "support/error.hpp"
#include "support/files.hpp"

namespace stack::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* unit_name = "stack-restore.service";

/// KillMode=process: stopping the unit leaves supervisors and containers alone. Delegate: their cgroups are ours.
std::string unit_text(const Context& context, const std::string& program) {
    return fmt::format(
        "# Written by '{} system install-boot'.\n"
        "[Unit]\n"
        "Description=Containers that restart policies want up\n"
        "Wants=network-online.target\n"
        "After=network-online.target local-fs.target\n"
        "\n"
        "[Service]\n"
        "Type=oneshot\n"
        "RemainAfterExit=yes\n"
        "Environment=\"STACK_ROOT={}\" \"STACK_RUN={}\"\n"
        "ExecStart=\"{}\" system restore --boot\n"
        "KillMode=process\n"
        "Delegate=yes\n"
        "TimeoutStartSec=infinity\n"
        "\n"
        "[Install]\n"
        "WantedBy=multi-user.target\n",
        context.program, context.paths.root().string(), context.paths.run().string(), program);
}

}  // namespace

int system_install_boot(Context& context, const Flags& flags) {
    const std::string program = fs::read_symlink("/proc/self/exe").string();
    const std::string text = unit_text(context, program);
    if (flags.on("print")) {
        fmt::print("{}", text);
        return 0;
    }
    const fs::path root = flags.value_or("root", "/");
    const fs::path folder = root / "etc/systemd/system";
    const fs::path unit = folder / unit_name, wanted = folder / "multi-user.target.wants" / unit_name;
    if (flags.on("remove")) {
        fs::remove(wanted);
        fs::remove(unit);
        fmt::print("removed {}\n", unit.string());
        return 0;
    }
    if (!fs::exists(root / "lib/systemd/systemd") && !fs::exists(root / "usr/lib/systemd/systemd")) {
        throw Error{Errc::unsupported, fmt::format("there is no systemd in '{}'", root.string())}.hint(
            fmt::format("let this machine's own start-up run '{} system restore --boot'", program));
    }
    fs::create_directories(wanted.parent_path());
    replace_file(unit, text);
    // What `systemctl enable` makes of WantedBy.
    if (!fs::is_symlink(wanted)) {
        fs::create_symlink("/etc/systemd/system/" + std::string{unit_name}, wanted);
    }
    fmt::print("wrote {}\nfrom the next start of the machine on, containers come back by their restart policies\n",
               unit.string());
    return 0;
}

}  // namespace stack::cli
