#include "parity/docker_engine.hpp"

#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <unistd.h>

#include "support/text.hpp"

namespace stack::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* cgroup_parent = "stack-test-parity";

}  // namespace

std::optional<fs::path> DockerEngine::find_program() {
    const char* path = std::getenv("PATH");
    for (const auto folder : split(path == nullptr ? "" : path, ':')) {
        const fs::path program = fs::path{folder} / "dockerd";
        if (::access(program.c_str(), X_OK) == 0) {
            return program;
        }
    }
    return std::nullopt;
}

DockerEngine::DockerEngine(const fs::path& program, const fs::path& folder) : program_{program}, folder_{folder} {
    fs::create_directories(folder);
    Command command;
    command.argv = {"unshare",
                    "--net",
                    "--mount",
                    "--propagation",
                    "private",
                    program,
                    "--data-root",
                    folder / "data",
                    "--exec-root",
                    folder / "exec",
                    "--pidfile",
                    folder / "pid",
                    "--host",
                    "unix://" + (folder / "socket").string(),
                    "--bridge=none",
                    "--iptables=false",
                    "--ip6tables=false",
                    "--cgroup-parent",
                    std::string{"/"} + cgroup_parent};
    process_ = std::make_unique<Process>(command);
    if (!process_->wait_for("API listen on")) {
        throw std::runtime_error{"dockerd did not start: " + process_->output()};
    }
}

DockerEngine::~DockerEngine() {
    try {
        ::kill(process_->pid(), SIGTERM);
        process_->wait();
    } catch (const std::exception&) {
        process_.reset();
    }
    std::error_code ignored;
    for (const auto& tree : fs::directory_iterator{"/sys/fs/cgroup", ignored}) {
        ::rmdir((tree.path() / cgroup_parent).c_str());
    }
    ::rmdir((fs::path{"/sys/fs/cgroup"} / cgroup_parent).c_str());
}

Result DockerEngine::docker(const std::vector<std::string>& words) const {
    const fs::path beside = program_.parent_path().parent_path() / "bin/docker";
    Command command;
    command.argv = {fs::exists(beside) ? beside.string() : "docker", "--host",
                    "unix://" + (folder_ / "socket").string()};
    command.argv.insert(command.argv.end(), words.begin(), words.end());
    return run(command);
}

}  // namespace stack::testing
