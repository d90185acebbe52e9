#pragma once

#include <filesystem>
#include <string>

namespace stack {

/// Where things lie. Two roots never see each other.
///
///   root()  $STACK_ROOT, /var/lib/stack            run()  $STACK_RUN, /run/stack
///   ├── stack.db           SQLite, all rooms       ├── locks/                  flock files
///   ├── blobs/sha256/<hex> configs, layers         ├── projects/<project>/     supervisor.sock, supervisor.log
///   ├── layers/<chain-id>/ unpacked layers         └── containers/<id>/        hosts, hostname, resolv.conf,
///   ├── containers/<id>/   upper/ work/ logs/                                  stdout, stderr (FIFOs)
///   ├── volumes/<name>/_data
///   ├── buildcache/
///   └── tmp/               half-made things; whatever no living process holds is rubbish
class Paths {
public:
    Paths(std::filesystem::path root, std::filesystem::path run);
    /// From the environment, made absolute.
    static Paths from_environment();

    const std::filesystem::path& root() const noexcept { return root_; }
    const std::filesystem::path& run() const noexcept { return run_; }

    std::filesystem::path database() const { return root_ / "stack.db"; }
    std::filesystem::path blobs() const { return root_ / "blobs" / "sha256"; }
    std::filesystem::path layers() const { return root_ / "layers"; }
    std::filesystem::path containers() const { return root_ / "containers"; }
    std::filesystem::path container(const std::string& id) const { return containers() / id; }
    std::filesystem::path volumes() const { return root_ / "volumes"; }
    std::filesystem::path build_cache() const { return root_ / "buildcache"; }
    std::filesystem::path temporary() const { return root_ / "tmp"; }

    std::filesystem::path locks() const { return run_ / "locks"; }
    std::filesystem::path project_run(const std::string& project) const { return run_ / "projects" / project; }
    std::filesystem::path container_run(const std::string& id) const { return run_ / "containers" / id; }

    /// Eight hex digits that tell this root from others: part of the names of kernel things (nft table, bridges,
    /// cgroups).
    const std::string& tag() const noexcept { return tag_; }

private:
    std::filesystem::path root_;
    std::filesystem::path run_;
    std::string tag_;
};

}  // namespace stack
