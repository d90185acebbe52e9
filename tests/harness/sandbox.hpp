#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/process.hpp"
#include "harness/test_root.hpp"

namespace stack::testing {

/// One e2e scenario: a root of its own and a project folder, in which the built program is run as a user runs it.
///
///     Sandbox box{"blog"};
///     box.need_busybox();
///     box.write("compose.yaml", "services: …");
///     REQUIRE(box.stack({"up", "-d"}).exit_code == 0);
///
/// At its end everything is taken down, then the root is checked for leftovers.
class Sandbox : public TestRoot {
public:
    explicit Sandbox(const std::string& project);
    ~Sandbox();

    const std::filesystem::path& project_dir() const noexcept { return project_; }
    std::string project() const { return project_.filename(); }
    void write(const std::string& name, std::string_view content) const;

    /// A base image ("busybox", "debian:bookworm-slim") in this root's store, from an archive that all tests share and
    /// the first one makes with `stack image bootstrap`.
    void need_base(const std::string& image) const;
    void need_busybox() const { need_base("busybox"); }

    /// Runs `stack` (or `program`: "docker", "docker-compose") in the project folder.
    Result stack(const std::vector<std::string>& args, std::chrono::seconds limit = patience) const {
        return testing::run(command("stack", args), limit);
    }
    Result docker(const std::vector<std::string>& args) const { return testing::run(command("docker", args)); }
    Process start(const std::vector<std::string>& args) const { return Process{command("stack", args)}; }
    /// On a terminal.
    Process start_tty(const std::vector<std::string>& args) const;
    Command command(const std::string& program, const std::vector<std::string>& args) const;

    /// Our processes of this root by their name: "stack-keeper", "stack-worker".
    std::vector<pid_t> processes(std::string_view name) const;

    /// A TCP port of 127.0.0.1 that nobody uses now.
    static std::uint16_t free_port();

private:
    std::filesystem::path project_;
};

/// Folder of the built program and its symlinks.
std::filesystem::path program_dir();

/// One HTTP request to 127.0.0.1; the body of the answer, or empty if there is none.
std::string http_get(std::uint16_t port, const std::string& path = "/");

}  // namespace stack::testing
