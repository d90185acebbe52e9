#include <cstring>

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/bootstrap_steps.hpp"
#include "image/rfc3339.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/process.hpp"
#include "support/text.hpp"

namespace stack::image::bootstrap {
namespace {

namespace fs = std::filesystem;

constexpr const char* install_hint = "install it: apt-get install busybox-static";

// A dynamic one asks for its loader in a PT_INTERP program header (elf(5)).
bool is_static(std::string_view elf) {
    Elf64_Ehdr header{};
    if (elf.size() < sizeof header || !elf.starts_with(ELFMAG)) {
        return false;
    }
    std::memcpy(&header, elf.data(), sizeof header);
    for (unsigned i = 0; i < header.e_phnum; ++i) {
        const size_t at = header.e_phoff + size_t{i} * sizeof(Elf64_Phdr);
        Elf64_Phdr segment{};
        if (at + sizeof segment > elf.size()) {
            return false;
        }
        std::memcpy(&segment, elf.data() + at, sizeof segment);
        if (segment.p_type == PT_INTERP) {
            return false;
        }
    }
    return true;
}

fs::path find_busybox() {
    const auto program = find_program("busybox");
    if (!program) {
        throw Error(Errc::not_found, "busybox is not installed").hint(install_hint);
    }
    return *program;
}

void make_folder(const fs::path& folder, mode_t mode) {
    fs::create_directories(folder);
    check(::chmod(folder.c_str(), mode), [&] { return fmt::format("chmod '{}'", folder.string()); });
}

void make_folders(const fs::path& root) {
    for (const char* folder :
         {"bin", "etc", "home", "usr/sbin", "usr/bin", "sbin", "var/spool/mail", "var/www", "dev", "proc", "sys"}) {
        make_folder(root / folder, 0755);
    }
    make_folder(root / "tmp", 01777);
    make_folder(root / "root", 0700);
}

void make_files(const fs::path& root) {
    write_file(root / "etc/passwd",
               "root:x:0:0:root:/root:/bin/sh\n"
               "daemon:x:1:1:daemon:/usr/sbin:/bin/false\n"
               "bin:x:2:2:bin:/bin:/bin/false\n"
               "sys:x:3:3:sys:/dev:/bin/false\n"
               "sync:x:4:100:sync:/bin:/bin/sync\n"
               "mail:x:8:8:mail:/var/spool/mail:/bin/false\n"
               "www-data:x:33:33:www-data:/var/www:/bin/false\n"
               "operator:x:37:37:Operator:/var:/bin/false\n"
               "nobody:x:65534:65534:nobody:/home:/bin/false\n");
    write_file(root / "etc/group",
               "root:x:0:\ndaemon:x:1:\nbin:x:2:\nsys:x:3:\nadm:x:4:\ntty:x:5:\ndisk:x:6:\nlp:x:7:\nmail:x:8:\n"
               "kmem:x:9:\nwheel:x:10:root\ncdrom:x:11:\ndialout:x:18:\nfloppy:x:19:\nvideo:x:28:\naudio:x:29:\n"
               "tape:x:32:\nwww-data:x:33:\noperator:x:37:\nutmp:x:43:\nplugdev:x:46:\nstaff:x:50:\nlock:x:54:\n"
               "netdev:x:82:\nusers:x:100:\nnobody:x:65534:\n");
    write_file(root / "etc/shadow", "root:*:::::::\nnobody:*:::::::\n", 0640);
    write_file(root / "etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
}

void link_applets(const fs::path& root, const fs::path& program) {
    const auto listed = run_process({.argv = {program, "--list"}, .capture_output = true});
    if (listed.exit_code != 0) {
        throw Error(Errc::system, fmt::format("'{} --list' failed: {}", program.string(), trim(listed.last_errors)));
    }
    for (const auto applet : split(listed.output, '\n')) {
        if (applet.empty() || applet == "busybox" || applet.find('/') != std::string_view::npos) {
            continue;
        }
        const auto name = root / "bin" / applet;
        check(::link((root / "bin/busybox").c_str(), name.c_str()),
              [&] { return fmt::format("link '{}'", name.string()); });
    }
}

}  // namespace

Result busybox(const fs::path& root, const ProgressSink& progress) {
    const fs::path program = find_busybox();
    if (progress) {
        progress({Progress::Kind::message, "", 0, 0, fmt::format("taking '{}' and its applets", program.string())});
    }
    const std::string binary = read_file(program);
    if (!is_static(binary)) {
        throw Error(Errc::not_found, fmt::format("'{}' is not a static program", program.string())).hint(install_hint);
    }
    make_folders(root);
    make_files(root);
    write_file(root / "bin/busybox", binary, 0755);
    link_applets(root, program);
    // The same busybox gives the same layer, whenever it is made.
    struct stat status {};
    check(::stat(program.c_str(), &status), [&] { return fmt::format("stat '{}'", program.string()); });
    const std::array<timespec, 2> times = {status.st_mtim, status.st_mtim};
    for (const auto& item : fs::recursive_directory_iterator(root)) {
        check(::utimensat(AT_FDCWD, item.path().c_str(), times.data(), AT_SYMLINK_NOFOLLOW),
              [&] { return fmt::format("set the time of '{}'", item.path().string()); });
    }
    return {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", {"sh"}};
}

void settle_times(const fs::path& root) {
    const auto epoch = source_date_epoch();
    if (!epoch) {
        return;
    }
    const std::array<timespec, 2> times = {timespec{*epoch, 0}, timespec{*epoch, 0}};
    for (const auto& item : fs::recursive_directory_iterator(root)) {
        struct stat status {};
        check(::lstat(item.path().c_str(), &status), [&] { return fmt::format("stat '{}'", item.path().string()); });
        if (status.st_mtim.tv_sec > *epoch) {
            check(::utimensat(AT_FDCWD, item.path().c_str(), times.data(), AT_SYMLINK_NOFOLLOW),
                  [&] { return fmt::format("set the time of '{}'", item.path().string()); });
        }
    }
}

}  // namespace stack::image::bootstrap
