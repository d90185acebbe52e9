// Images and builds against what the system's own tools need for the same work, in the same run, because only ratios of
// one run count:
//
//   load     `stack image load` of one layer              against `tar -x` of it
//   pull     `stack image pull` from a registry beside us against `tar -xz` of the same compressed layer
//   build    a build of 13 steps, all of them cached      (absolute: a command that does nothing but look)
//   context  the same with a context of 50,000 files      against `find -type f | xargs stat`
//
//   image_bench FOLDER_OF_STACK [CASE…]
//
// Prints "case  milliseconds (median)  reference  ratio". Needs busybox-static, for pull docker-registry.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/unique_fd.hpp"
#include "support/text.hpp"

namespace {

namespace fs = std::filesystem;
using stack::UniqueFd;
using Words = std::vector<std::string>;

pid_t start(const Words& words) {
    std::vector<char*> argv;
    for (const std::string& word : words) {
        argv.push_back(const_cast<char*>(word.c_str()));
    }
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    pid_t pid = -1;
    const int err = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (err != 0) {
        throw stack::SysError{err, "start " + words.front()};
    }
    return pid;
}

void run(const Words& words) {
    const pid_t pid = start(words);
    int status = 0;
    ::waitpid(pid, &status, 0);
    if (status != 0) {
        throw stack::Error{stack::Errc::system,
                           fmt::format("'{}' failed (status {})", stack::join(words, " "), status)};
    }
}

/// Median of a few runs; `prepare` is not counted.
double milliseconds(const std::function<void()>& prepare, const std::function<void()>& work, int times = 5) {
    std::vector<double> all;
    for (int i = 0; i < times; ++i) {
        prepare();
        const auto begin = std::chrono::steady_clock::now();
        work();
        all.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
    }
    std::sort(all.begin(), all.end());
    return all[all.size() / 2];
}

void report(const char* name, double ours, double reference) {
    fmt::print("{:<8} {:>9.1f} ms  reference {:>9.1f} ms  ratio {:.2f}\n", name, ours, reference, ours / reference);
}

class Bench {
public:
    explicit Bench(const fs::path& programs)
        : stack_{(programs / "stack").string()}, place_{"/var/tmp", "stack-image-bench-"}, dir_{place_.path()} {
        fresh_root();
    }

    void load() {
        make_layer();
        const auto ours = milliseconds([&] { fresh_root(); },
                                       [&] {
                                           run({stack_, "image", "load", "-i", (dir_ / "image.tar").string()});
                                       });
        report("load", ours, unpack("layer.tar"));
    }

    void pull() {
        make_layer();
        const Server registry{dir_};
        const std::string name = registry.address() + "/bench:1";
        fresh_root();
        run({stack_, "image", "load", "-i", (dir_ / "image.tar").string()});
        run({stack_, "image", "tag", "bench:1", name});
        run({stack_, "image", "push", name});
        const auto ours = milliseconds([&] { fresh_root(); }, [&] { run({stack_, "image", "pull", name}); });
        run({"gzip", "-kf", (dir_ / "layer.tar").string()});
        report("pull", ours, unpack("layer.tar.gz"));
    }

    void build() {
        const auto context = dir_ / "steps";
        fs::create_directories(context);
        std::string text = "FROM busybox\n";
        for (int i = 0; i < 6; ++i) {
            stack::write_file(context / fmt::format("file{}", i), std::to_string(i));
            text += fmt::format("COPY file{0} /f{0}\nRUN echo {0} > /r{0}\n", i);
        }
        stack::write_file(context / "Dockerfile", text + "WORKDIR /work\n");
        with_busybox();
        const Words words{stack_, "image", "build", "-q", context.string()};
        run(words);
        const auto ours = milliseconds([] {}, [&] { run(words); }, 15);
        report("build", ours, milliseconds([] {}, [&] { run({stack_, "image", "ls"}); }, 15));
    }

    void context() {
        const auto folder = dir_ / "many";
        constexpr int folders = 500;
        constexpr int files = 100;
        for (int i = 0; i < folders; ++i) {
            fs::create_directories(folder / std::to_string(i));
            for (int k = 0; k < files; ++k) {
                stack::write_file(folder / std::to_string(i) / std::to_string(k), std::to_string(i * files + k));
            }
        }
        stack::write_file(folder / "Dockerfile", "FROM busybox\nCOPY . /all\n");
        with_busybox();
        const Words words{stack_, "image", "build", "-q", folder.string()};
        run(words);
        ::usleep(50'000);  // files of this very moment are not remembered (build/file_digests.cpp)
        run(words);
        const auto ours = milliseconds([] {}, [&] { run(words); });
        const auto reference = milliseconds(
            [] {},
            [&] {
                run({"sh", "-c", "find \"$0\" -type f -print0 | xargs -0 stat >/dev/null", folder.string()});
            });
        report("context", ours, reference);
    }

private:
    /// Debian's docker-registry on loopback.
    class Server {
    public:
        explicit Server(const fs::path& dir) : port_{free_port()} {
            const auto config = dir / "registry.yml";
            stack::write_file(config, fmt::format("version: 0.1\nlog: {{level: error}}\nstorage:\n  filesystem:\n"
                                                  "    rootdirectory: {}\nhttp:\n  addr: 127.0.0.1:{}\n",
                                                  (dir / "registry").string(), port_));
            pid_ = start({"docker-registry", "serve", config.string()});
            for (int tries = 0; !answers() && tries < 600; ++tries) {
                ::usleep(50'000);
            }
        }
        Server(const Server&) = delete;
        Server& operator=(const Server&) = delete;
        ~Server() {
            ::kill(pid_, SIGTERM);
            ::waitpid(pid_, nullptr, 0);
        }
        std::string address() const { return fmt::format("127.0.0.1:{}", port_); }

    private:
        static sockaddr_in loopback(std::uint16_t port) {
            sockaddr_in address{};
            address.sin_family = AF_INET;
            address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            address.sin_port = htons(port);
            return address;
        }
        static std::uint16_t free_port() {
            const UniqueFd probe{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
            sockaddr_in address = loopback(0);
            socklen_t length = sizeof address;
            ::bind(probe.get(), reinterpret_cast<sockaddr*>(&address), length);
            ::getsockname(probe.get(), reinterpret_cast<sockaddr*>(&address), &length);
            return ntohs(address.sin_port);
        }
        bool answers() const {
            const UniqueFd client{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
            const sockaddr_in address = loopback(port_);
            return ::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
        }
        std::uint16_t port_;
        pid_t pid_{-1};
    };

    void fresh_root() {
        const auto root = dir_ / fmt::format("root{}", ++roots_);
        ::setenv("STACK_ROOT", root.c_str(), 1);
        ::setenv("STACK_RUN", (dir_ / "run").c_str(), 1);
    }

    void with_busybox() {
        fresh_root();
        run({stack_, "image", "bootstrap", "busybox"});
    }

    /// A layer like a distribution's: many small files, some large ones; text, which compresses.
    void make_layer() {
        if (fs::exists(dir_ / "image.tar")) {
            return;
        }
        const auto tree = dir_ / "tree";
        std::mt19937 random{1};
        constexpr int files = 8000;
        for (int i = 0; i < files; ++i) {
            const auto folder = tree / fmt::format("usr/share/{}", i % 400);
            fs::create_directories(folder);
            const size_t size = i % 200 == 0 ? 2'000'000 : random() % 20'000;
            std::string content;
            while (content.size() < size) {
                content += fmt::format("{} some words of a text {}\n", random(), i);
            }
            stack::write_file(folder / fmt::format("file{}", i), content);
        }
        run({"tar", "-cf", (dir_ / "layer.tar").string(), "-C", tree.string(), "."});
        run({stack_, "image", "import", (dir_ / "layer.tar").string(), "bench:1"});
        run({stack_, "image", "save", "-o", (dir_ / "image.tar").string(), "bench:1"});
    }

    double unpack(const char* archive) {
        const auto target = dir_ / "unpacked";
        return milliseconds(
            [&] {
                fs::remove_all(target);
                fs::create_directories(target);
            },
            [&] {
                run({"tar", "-xf", (dir_ / archive).string(), "-C", target.string()});
            });
    }

    std::string stack_;
    stack::TempDir place_;
    fs::path dir_;
    int roots_{0};
};

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc < 2) {
            fmt::print(stderr, "usage: image_bench FOLDER_OF_STACK [load|pull|build|context]...\n");
            return 2;
        }
        const std::set<std::string> wanted{argv + 2, argv + argc};
        const auto is_wanted = [&](const char* name) { return wanted.empty() || wanted.contains(name); };
        Bench bench{fs::absolute(argv[1])};
        if (is_wanted("load")) {
            bench.load();
        }
        if (is_wanted("pull")) {
            bench.pull();
        }
        if (is_wanted("build")) {
            bench.build();
        }
        if (is_wanted("context")) {
            bench.context();
        }
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "image_bench: {}\n", error.what());
        return 1;
    }
}
