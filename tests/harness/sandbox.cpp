#include "harness/sandbox.hpp"

#include <cstdlib>
#include <stdexcept>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "harness/leftovers.hpp"
#include "support/error.hpp"
#include "support/kernel/file_lock.hpp"
#include "support/text.hpp"

namespace stack::testing {

namespace fs = std::filesystem;

fs::path program_dir() {
    return fs::path{STACK_BINARY}.parent_path();
}

Sandbox::Sandbox(const std::string& project) : project_{dir() / project} {
    fs::create_directories(project_);
}

Sandbox::~Sandbox() {
    // Whatever the test made: first as a user would, by project and by container.
    for (const fs::directory_entry& entry : fs::directory_iterator{dir()}) {
        if (entry.is_directory() && (fs::exists(entry.path() / "compose.yaml"))) {
            stack({"-p", entry.path().filename(), "down", "-v", "-t", "0", "--remove-orphans"});
        }
    }
    const Result left = docker({"ps", "-aq"});
    if (left.exit_code == 0 && !left.out.empty()) {
        std::vector<std::string> words{"rm", "-f", "-v"};
        for (size_t at = 0; at < left.out.size(); at = left.out.find('\n', at) + 1) {
            words.push_back(left.out.substr(at, left.out.find('\n', at) - at));
        }
        docker(words);
    }
    docker({"network", "prune", "-f"});
}

void Sandbox::write(const std::string& name, std::string_view content) const {
    fs::create_directories((project_ / name).parent_path());
    write_file(project_ / name, content);
}

Command Sandbox::command(const std::string& program, const std::vector<std::string>& args) const {
    Command command;
    command.argv.push_back(program_dir() / program);
    command.argv.insert(command.argv.end(), args.begin(), args.end());
    command.env = {{"STACK_ROOT", paths().root()}, {"STACK_RUN", paths().run()}, {"TERM", "xterm"}, {"NO_COLOR", ""}};
    command.cwd = project_;
    return command;
}

Process Sandbox::start_tty(const std::vector<std::string>& args) const {
    Command wish = command("stack", args);
    wish.tty = true;
    return Process{wish};
}

namespace {

void expect_success(const Result& result, const std::string& what) {
    if (result.exit_code != 0) {
        throw std::runtime_error{fmt::format("cannot {}: {}", what, result.all())};
    }
}

}  // namespace

void Sandbox::need_base(const std::string& image) const {
    const fs::path archives = program_dir() / "test-images";
    const fs::path archive = archives / (replace_all(image, ":", "-") + ".tar");
    fs::create_directories(archives);
    {
        const kernel::FileLock one_at_a_time = kernel::FileLock::acquire(archive.string() + ".lock");
        if (!fs::exists(archive)) {
            expect_success(stack({"image", "bootstrap", image}, image_patience), "make the image " + image);
            const fs::path half_made = archive.string() + ".new";
            expect_success(stack({"image", "save", "-o", half_made, image}, image_patience), "save the image " + image);
            fs::rename(half_made, archive);
            return;
        }
    }
    expect_success(stack({"image", "load", "-q", "-i", archive}, image_patience), "load the image " + image);
}

std::vector<pid_t> Sandbox::processes(std::string_view name) const {
    return processes_named(paths(), name);
}

std::uint16_t Sandbox::free_port() {
    const UniqueFd probe{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    check(::bind(probe.get(), reinterpret_cast<sockaddr*>(&address), length), [] { return "bind"; });
    check(::getsockname(probe.get(), reinterpret_cast<sockaddr*>(&address), &length), [] { return "getsockname"; });
    return ntohs(address.sin_port);
}

std::string http_get(std::uint16_t port, const std::string& path) {
    const UniqueFd client{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const timeval limit{20, 0};
    ::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(client.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        return {};
    }
    const std::string request = fmt::format("GET {} HTTP/1.0\r\nHost: 127.0.0.1:{}\r\n\r\n", path, port);
    if (::send(client.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) {
        return {};
    }
    std::string answer;
    char buffer[4096];
    for (ssize_t count = 0; (count = ::read(client.get(), buffer, sizeof buffer)) > 0;) {
        answer.append(buffer, static_cast<size_t>(count));
    }
    const size_t body = answer.find("\r\n\r\n");
    return body == std::string::npos ? std::string{} : answer.substr(body + 4);
}

}  // namespace stack::testing
