// How long whole commands take, start to exit, as people feel it; each against the floor (launch_bench: the least that
// the kernel needs for one container), measured in the same run, because only ratios of one run count.
//
//   command_bench FOLDER_OF_STACK LAUNCH_BENCH [CASE…]      cases: start run exec ps up peers
//
// Prints "case  milliseconds (median)  ratio to the floor".
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/unique_fd.hpp"
#include "support/text.hpp"

namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

/// Runs it to its end; its output goes to `out` (an open file) or nowhere. Throws if it fails.
void run(const Words& words, int out = -1) {
    std::vector<char*> argv;
    for (const std::string& word : words) {
        argv.push_back(const_cast<char*>(word.c_str()));
    }
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    if (out >= 0) {
        ::posix_spawn_file_actions_adddup2(&actions, out, 1);
    } else {
        ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    }
    ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    pid_t pid = -1;
    const int err = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (err != 0) {
        throw stack::SysError{err, "start " + words.front()};
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    if (status != 0) {
        throw stack::Error{stack::Errc::system,
                           fmt::format("'{}' failed (status {})", stack::join(words, " "), status)};
    }
}

double milliseconds(const std::function<void()>& body) {
    const auto begin = std::chrono::steady_clock::now();
    body();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

double median_of(int rounds, const std::function<void()>& body) {
    std::vector<double> times;
    for (int round = 0; round < rounds; ++round) {
        times.push_back(milliseconds(body));
    }
    return median(times);
}

/// "floor   3600 us  1.00" is 3.6.
double measure_floor(const std::string& launch_bench, const fs::path& dir) {
    const fs::path file = dir / "floor";
    {
        const stack::UniqueFd out{::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
        run({launch_bench, "30"}, out.get());
    }
    const std::string text = stack::read_file(file);
    for (const std::string_view line : stack::split(text, '\n')) {
        if (line.starts_with("floor")) {
            const std::string_view number = stack::trim(line.substr(5, line.find("us") - 5));
            return stack::parse_double(number).value_or(0) / 1000;
        }
    }
    throw stack::Error{stack::Errc::internal, "launch_bench told no floor"};
}

class Bench {
public:
    Bench(std::string folder, double floor, fs::path dir, std::set<std::string> cases)
        : folder_{std::move(folder)}, floor_{floor}, dir_{std::move(dir)}, cases_{std::move(cases)} {}

    void all() {
        fmt::print("{:<34} {:>9.2f} ms  {:>7.2f}\n", "floor (one container)", floor_, 1.0);
        run({stack(), "image", "bootstrap", "busybox"});
        if (wanted("start")) {
            tell("stack --help", median_of(30, [&] { run({stack(), "--help"}); }));
            tell("docker ps (nothing there)", median_of(30, [&] { run({docker(), "ps"}); }));
        }
        if (wanted("run")) {
            const Words words{docker(), "run", "--rm", "busybox", "true"};
            run(words);
            tell("docker run --rm busybox true", median_of(20, [&] { run(words); }));
        }
        for (const int services : {1, 10, 50}) {
            if (wanted("up") || (services == 50 && (wanted("exec") || wanted("ps")))) {
                up_and_down(services);
            }
        }
    }

    /// The same commands with what else is installed.
    void peer(const std::string& engine) {
        const Words words{engine, "run", "--rm", "busybox", "true"};
        try {
            run(words);
            tell(fmt::format("{} run --rm busybox true", fs::path{engine}.filename().string()),
                 median_of(5, [&] { run(words); }));
        } catch (const stack::Error& error) {
            fmt::print("{:<34} not measured: {}\n", engine, error.what());
        }
    }

    bool wanted(const std::string& name) const { return cases_.empty() || cases_.contains(name); }

private:
    std::string stack() const { return folder_ + "/stack"; }
    std::string docker() const { return folder_ + "/docker"; }

    void tell(const std::string& what, double time, double units = 1) const {
        fmt::print("{:<34} {:>9.2f} ms  {:>7.2f}\n", what, time, time / (floor_ * units));
        std::fflush(stdout);
    }

    void up_and_down(int services) {
        const fs::path file = dir_ / fmt::format("compose-{}.yaml", services);
        std::string text = "services:\n";
        for (int i = 0; i < services; ++i) {
            text += fmt::format(
                "  s{}: {{image: busybox, command: [\"sh\", \"-c\", \"trap 'exit 0' TERM; sleep 3600 & wait\"]}}\n", i);
        }
        stack::write_file(file, text);
        const Words base{stack(), "-p", fmt::format("bench{}", services), "-f", file.string()};
        const auto with = [&](Words words) {
            words.insert(words.begin(), base.begin(), base.end());
            return words;
        };
        std::vector<double> ups, downs;
        for (int round = 0; round < 3; ++round) {
            ups.push_back(milliseconds([&] { run(with({"up", "-d"})); }));
            if (round == 0) {
                while_up(services, with);
            }
            downs.push_back(milliseconds([&] { run(with({"down"})); }));
        }
        tell(fmt::format("up -d of {} (ratio per service)", services), median(ups), services);
        tell(fmt::format("down of {} (ratio per service)", services), median(downs), services);
    }

    void while_up(int services, const std::function<Words(Words)>& with) {
        tell(fmt::format("up -d of {}, nothing to change", services), median_of(5, [&] { run(with({"up", "-d"})); }));
        tell(fmt::format("ps of {}", services), median_of(20, [&] { run(with({"ps"})); }));
        tell("exec of true", median_of(20, [&] { run(with({"exec", "-T", "s0", "true"})); }));
    }

    std::string folder_;
    double floor_;
    fs::path dir_;
    std::set<std::string> cases_;
};

/// Other engines of this host: programs of that name on PATH that are not we.
std::vector<std::string> peers(const std::string& folder) {
    std::vector<std::string> found;
    const char* path = std::getenv("PATH");
    const std::string all = path ? path : "";
    for (const char* name : {"docker", "podman"}) {
        for (const std::string_view dir : stack::split(all, ':')) {
            const fs::path program = fs::path{dir} / name;
            std::error_code absent;
            if (fs::exists(program, absent) && fs::canonical(program) != fs::canonical(folder + "/stack")) {
                found.push_back(program);
                break;
            }
        }
    }
    return found;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        fmt::print(stderr, "usage: command_bench FOLDER_OF_STACK LAUNCH_BENCH [CASE...]\n");
        return 2;
    }
    try {
        const stack::TempDir dir{"/var/tmp", "stack-bench-"};
        ::setenv("STACK_ROOT", (dir.path() / "root").c_str(), 1);
        ::setenv("STACK_RUN", (dir.path() / "run").c_str(), 1);
        Bench bench{argv[1], measure_floor(argv[2], dir.path()), dir.path(), {argv + 3, argv + argc}};
        bench.all();
        if (bench.wanted("peers")) {
            for (const std::string& engine : peers(argv[1])) {
                bench.peer(engine);
            }
        }
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "command_bench: {}\n", error.what());
        return 1;
    }
}
