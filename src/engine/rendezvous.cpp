#include "engine/rendezvous.hpp"

#include <csignal>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/runtime/launch.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::engine {
namespace {

/// FNV-1a: the place of a project's locks. Two projects at one place only wait for each other when they start.
std::uint64_t place_of(const std::string& project) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : project) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
    return hash >> 3U;  // 2 × place + 1 must fit off_t
}

volatile std::sig_atomic_t alarmed = 0;

/// alarm(2) that ends a call that waits.
class Alarm {
public:
    explicit Alarm(unsigned seconds) {
        alarmed = 0;
        struct sigaction action {};
        action.sa_handler = [](int) { alarmed = 1; };
        ::sigaction(SIGALRM, &action, &before_);
        ::alarm(seconds);
    }
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;
    ~Alarm() {
        ::alarm(0);
        ::sigaction(SIGALRM, &before_, nullptr);
    }

private:
    struct sigaction before_ {};
};

UniqueFd take_lock(const Paths& paths, const std::string& project, SupervisorLock which, int command) {
    std::filesystem::create_directories(paths.locks());
    const auto file = paths.locks() / "supervisors";
    UniqueFd fd{
        check(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), [&] { return "open " + file.string(); })};
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = static_cast<off_t>(2 * place_of(project) + (which == SupervisorLock::life ? 1 : 0));
    lock.l_len = 1;
    while (::fcntl(fd.get(), command, &lock) != 0) {
        if (errno == EAGAIN || errno == EACCES || (errno == EINTR && alarmed != 0)) {
            return {};
        }
        if (errno != EINTR) {
            throw SysError(errno, "lock " + file.string());
        }
    }
    return fd;
}

/// "/proc/self/fd/N/supervisor.sock": sun_path has 108 bytes, paths of people have more.
sockaddr_un address_in(int folder) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    fmt::format_to_n(address.sun_path, sizeof address.sun_path - 1, "/proc/self/fd/{}/supervisor.sock", folder);
    return address;
}

std::string last_lines(const std::filesystem::path& log) {
    const std::string text = find_file(log).value_or("");
    return text.size() <= 2000 ? text : text.substr(text.size() - 2000);
}

std::vector<std::string> supervisor_environment(const Paths& paths) {
    std::vector<std::string> environment{"STACK_ROOT=" + paths.root().string(), "STACK_RUN=" + paths.run().string()};
    // A supervisor outlives the command: it gets none of the user's variables but these.
    for (const char* name : {"PATH", "STACK_LOG", "STACK_CDI_DIRS", "DBUS_SYSTEM_BUS_ADDRESS", "ASAN_OPTIONS",
                             "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"}) {
        if (const char* value = ::getenv(name)) {
            environment.push_back(fmt::format("{}={}", name, value));
        }
    }
    return environment;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> list;
    for (std::string& string : strings) {
        list.push_back(string.data());
    }
    list.push_back(nullptr);
    return list;
}

/// After fork: async-signal-safe calls only.
[[noreturn]] void become_supervisor(int program, int ready, int spawn_lock, int null, int log, char* const* argv,
                                    char* const* envp) {
    ::setsid();
    if (::fork() != 0) {
        ::_exit(0);
    }
    // The readiness pipe becomes 3 and the lock 4; the others become the standard descriptors.
    if (::dup2(null, 0) < 0 || ::dup2(log, 1) < 0 || ::dup2(log, 2) < 0 || ::chdir("/") != 0) {
        ::_exit(1);
    }
    const int program_high = ::fcntl(program, F_DUPFD_CLOEXEC, 10);
    const int ready_high = ::fcntl(ready, F_DUPFD_CLOEXEC, 10);
    const int lock_high = ::fcntl(spawn_lock, F_DUPFD_CLOEXEC, 10);
    if (::dup2(ready_high, 3) < 0 || ::dup2(lock_high, 4) < 0) {
        ::_exit(1);
    }
    ::fexecve(program_high, argv, envp);
    ::_exit(1);
}

}  // namespace

std::filesystem::path supervisor_folder(const Paths& paths, const std::string& project) {
    return paths.project_run(project.empty() ? "_" : project);
}

UniqueFd lock_supervisor(const Paths& paths, const std::string& project, SupervisorLock which, unsigned patience_s) {
    const std::optional<Alarm> limit = patience_s > 0 ? std::optional<Alarm>{std::in_place, patience_s} : std::nullopt;
    return take_lock(paths, project, which, F_OFD_SETLKW);
}

UniqueFd try_lock_supervisor(const Paths& paths, const std::string& project, SupervisorLock which) {
    return take_lock(paths, project, which, F_OFD_SETLK);
}

UniqueFd connect_supervisor(const std::filesystem::path& folder) {
    const UniqueFd dir{::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (!dir) {
        return {};
    }
    UniqueFd socket{check(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), [] { return "make a socket"; })};
    const sockaddr_un address = address_in(dir.get());
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return {};
    }
    return socket;
}

UniqueFd listen_as_supervisor(const std::filesystem::path& folder) {
    std::filesystem::create_directories(folder);
    const UniqueFd dir = kernel::open_at(AT_FDCWD, folder, O_PATH | O_DIRECTORY);
    ::unlinkat(dir.get(), "supervisor.sock", 0);
    UniqueFd socket{check(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), [] { return "make a socket"; })};
    const sockaddr_un address = address_in(dir.get());
    check(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
          [&] { return "bind " + (folder / "supervisor.sock").string(); });
    check(::fchmodat(dir.get(), "supervisor.sock", 0600, 0), [] { return "chmod supervisor.sock"; });
    check(::listen(socket.get(), 128), [&] { return "listen on " + (folder / "supervisor.sock").string(); });
    return socket;
}

void start_supervisor(const Paths& paths, const std::string& project, const std::filesystem::path& program,
                      const UniqueFd& spawn_lock) {
    const auto folder = supervisor_folder(paths, project);
    std::filesystem::create_directories(folder);
    // Sealed here already, so that the keeper need not execute itself once more.
    const UniqueFd executable = runtime::sealed_program(program);
    const UniqueFd null = kernel::open_at(AT_FDCWD, "/dev/null", O_RDWR);
    const UniqueFd log = kernel::open_at(AT_FDCWD, folder / "supervisor.log", O_WRONLY | O_CREAT | O_APPEND, 0600);
    Pipe ready = make_pipe();
    std::vector<std::string> words{"stack", "supervise", "keeper", project};
    auto environment = supervisor_environment(paths);
    const auto argv = pointers(words);
    const auto envp = pointers(environment);
    const pid_t child = check(::fork(), [] { return "fork"; });
    if (child == 0) {
        become_supervisor(executable.get(), ready.write.get(), spawn_lock.get(), null.get(), log.get(), argv.data(),
                          envp.data());
    }
    ready.write.reset();
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    if (read_all(ready.read.get(), "the supervisor's readiness").empty()) {
        throw Error(Errc::internal, fmt::format("the supervisor of project '{}' did not start", project))
            .hint(last_lines(folder / "supervisor.log"));
    }
}

}  // namespace stack::engine
