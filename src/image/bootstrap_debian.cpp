#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/apt_sources.hpp"
#include "image/bootstrap_steps.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/process.hpp"
#include "support/text.hpp"

namespace stack::image::bootstrap {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view slim_suffix = "-slim";

struct Wanted {
    std::string distribution, suite;
    bool slim{false};
};

// Without it, apt takes the package usrmerge, which brings 45 MB of Perl. The hooks make /bin, /lib and /sbin links
// first.
constexpr const char* merged_usr_hooks = "/usr/share/mmdebstrap/hooks/merged-usr";

bool has_usr_is_merged(std::string_view suite) {
    constexpr std::array without = {"jessie", "stretch", "buster", "bullseye", "xenial", "bionic", "focal"};
    return fs::is_directory(merged_usr_hooks) && std::find(without.begin(), without.end(), suite) == without.end();
}

// The value of a line NAME=value or NAME="value" of os-release(5).
std::string os_release(std::string_view name) {
    const std::string text = find_file("/etc/os-release").value_or("");
    for (const auto line : split(text, '\n')) {
        if (line.starts_with(name) && line.substr(name.size()).starts_with('=')) {
            return replace_all(std::string{trim(line.substr(name.size() + 1))}, "\"", "");
        }
    }
    return {};
}

Wanted parse_tag(const std::string& distribution, const std::string& tag) {
    Wanted wanted{distribution, tag};
    if (wanted.suite.ends_with(slim_suffix)) {
        wanted.slim = true;
        wanted.suite.resize(wanted.suite.size() - slim_suffix.size());
    }
    if (wanted.suite.empty() || wanted.suite == "latest") {
        if (os_release("ID") != distribution || os_release("VERSION_CODENAME").empty()) {
            throw Error(Errc::invalid_input, fmt::format("which suite of {}?", distribution))
                .hint("write it as the tag, for example debian:bookworm");
        }
        wanted.suite = os_release("VERSION_CODENAME");
    }
    return wanted;
}

std::vector<AptSource> find_sources(const Wanted& wanted) {
    const auto sources = sources_of_suite(read_apt_sources("/etc/apt"), wanted.suite);
    const bool has_base = std::any_of(sources.begin(), sources.end(), [&](const AptSource& source) {
        const auto suites = split(source.suites, ' ');
        return std::find(suites.begin(), suites.end(), wanted.suite) != suites.end();
    });
    if (!has_base) {
        throw Error(Errc::not_found, fmt::format("the apt sources of this host have no suite '{}'", wanted.suite))
            .hint(fmt::format("add one to /etc/apt/sources.list.d, or pull the image: stack image pull {}:{}",
                              wanted.distribution, wanted.suite));
    }
    return sources;
}

// The distribution's own docker image has the same exceptions: licences stay, for the law's sake.
constexpr std::string_view slim_dpkg_options =
    "path-exclude=/usr/share/doc/*\n"
    "path-include=/usr/share/doc/*/copyright\n"
    "path-exclude=/usr/share/man/*\n"
    "path-exclude=/usr/share/groff/*\n"
    "path-exclude=/usr/share/info/*\n"
    "path-exclude=/usr/share/lintian/*\n"
    "path-exclude=/usr/share/linda/*\n"
    "path-exclude=/usr/share/locale/*\n"
    "path-include=/usr/share/locale/locale.alias\n";

// An image is thrown away rather than repaired after a power cut, and keeps no caches.
constexpr std::string_view apt_options =
    "APT::AutoRemove::SuggestsImportant \"false\";\n"
    "Acquire::Languages \"none\";\n"
    "Acquire::GzipIndexes \"true\";\n"
    "Dir::Cache::pkgcache \"\";\n"
    "Dir::Cache::srcpkgcache \"\";\n"
    "DPkg::Post-Invoke { \"rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb || true\"; };\n"
    "APT::Update::Post-Invoke { \"rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb || true\"; "
    "};\n";

void report(const ProgressSink& progress, std::string_view line) {
    if (!progress) {
        return;
    }
    const bool step = line.starts_with("I: ") || line.starts_with("W: ") || line.starts_with("E: ");
    progress(
        {step ? Progress::Kind::message : Progress::Kind::output, "", 0, 0, std::string{step ? line.substr(3) : line}});
}

// mmdebstrap's apt does not read the host's apt.conf(5), but a host behind a proxy has no other way out.
std::vector<std::string> host_proxies() {
    std::vector<std::string> lines;
    if (!find_program("apt-config")) {
        return lines;
    }
    for (const char* scheme : {"http", "https"}) {
        const auto dump = run_process(
            {.argv = {"apt-config", "dump", fmt::format("Acquire::{}::Proxy", scheme)}, .capture_output = true});
        for (const auto line : split(dump.output, '\n')) {
            if (!line.empty()) {
                lines.emplace_back(line);
            }
        }
    }
    return lines;
}

// mmdebstrap starts hundreds of the distribution's own programs. What stands before them in a developer's PATH, a
// version manager's python3 for one, is not what they were written for and makes each start slow.
std::vector<std::string> environment_of_the_distribution() {
    std::vector<std::string> all{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
    for (char** entry = environ; *entry != nullptr; ++entry) {
        if (!std::string_view{*entry}.starts_with("PATH=")) {
            all.emplace_back(*entry);
        }
    }
    return all;
}

void run_mmdebstrap(const Wanted& wanted, const fs::path& root, const fs::path& sources_file, const fs::path& dpkg_file,
                    const ProgressSink& progress) {
    ProcessOptions options;
    options.argv = {"mmdebstrap",         "--mode=root",         "--variant=minbase",
                    "--format=directory", "--skip=output/mknod", "--aptopt=Acquire::Languages \"none\""};
    // Half of the time goes into dpkg's fsync calls, for a folder that is thrown away after a crash anyway.
    options.argv.emplace_back("--dpkgopt=force-unsafe-io");
    if (has_usr_is_merged(wanted.suite)) {
        options.argv.insert(options.argv.end(),
                            {fmt::format("--hook-dir={}", merged_usr_hooks), "--include=usr-is-merged"});
    }
    for (const std::string& proxy : host_proxies()) {
        options.argv.push_back("--aptopt=" + proxy);
    }
    if (wanted.slim) {
        options.argv.push_back("--dpkgopt=" + dpkg_file.string());
    }
    options.argv.insert(options.argv.end(), {wanted.suite, root.string(), sources_file.string()});
    options.environment = environment_of_the_distribution();
    options.on_line = [&](std::string_view line) { report(progress, line); };
    ProcessResult result;
    try {
        result = run_process(options);
    } catch (Error& error) {
        if (error.code() == Errc::not_found) {
            error.set_hint("install it: apt-get install mmdebstrap");
        }
        throw;
    }
    if (result.exit_code != 0) {
        throw Error(Errc::system,
                    fmt::format("mmdebstrap failed with exit code {}: {}", result.exit_code, trim(result.last_errors)));
    }
}

void empty_folder(const fs::path& folder) {
    std::error_code absent;
    for (const auto& item : fs::directory_iterator(folder, absent)) {
        fs::remove_all(item.path());
    }
}

void remove_matching(const fs::path& folder, const std::vector<std::string_view>& names) {
    for (const auto name : names) {
        fs::remove_all(folder / name);
    }
}

// What belongs to the machine that made it, or differs from run to run.
void tidy(const fs::path& root, const Wanted& wanted, const std::vector<AptSource>& sources) {
    empty_folder(root / "dev");
    empty_folder(root / "run");
    empty_folder(root / "tmp");
    empty_folder(root / "var/lib/apt/lists");
    empty_folder(root / "var/cache/apt");
    remove_matching(root, {"etc/resolv.conf", "etc/hostname", "etc/apt/sources.list", "var/cache/ldconfig/aux-cache",
                           "var/log/apt", "var/log/dpkg.log", "var/log/bootstrap.log", "var/log/alternatives.log",
                           "etc/apt/apt.conf.d/99mmdebstrap", "etc/.pwd.lock"});
    empty_folder(root / "etc/apt/sources.list.d");
    write_file(root / "etc/apt/sources.list.d" / (wanted.distribution + ".sources"), write_deb822(sources));
    write_file(root / "etc/apt/apt.conf.d/container", apt_options);
    fs::remove(root / "etc/dpkg/dpkg.cfg.d/99mmdebstrap");
    write_file(root / "etc/dpkg/dpkg.cfg.d/container",
               fmt::format("force-unsafe-io\n{}", wanted.slim ? slim_dpkg_options : ""));
    // Packages must not start their services while an image is built (invoke-rc.d(8)).
    write_file(root / "usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0755);
}

}  // namespace

Result debian(const fs::path& root, const std::string& distribution, const std::string& tag,
              const ProgressSink& progress) {
    const Wanted wanted = parse_tag(distribution, tag);
    const auto sources = find_sources(wanted);
    const auto sources_file = root.parent_path() / (distribution + ".sources");
    const auto dpkg_file = root.parent_path() / "dpkg-options";
    write_file(sources_file, write_deb822(sources));
    write_file(dpkg_file, slim_dpkg_options);
    run_mmdebstrap(wanted, root, sources_file, dpkg_file, progress);
    tidy(root, wanted, sources);
    return {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", {"bash"}};
}

}  // namespace stack::image::bootstrap
