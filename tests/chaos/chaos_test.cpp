#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <random>
#include <set>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>

#include "chaos/town.hpp"
#include "harness/eventually.hpp"
#include "harness/leftovers.hpp"
#include "support/text.hpp"

using namespace stack;
using namespace stack::testing;
using engine::ContainerRow;
using engine::ContainerStatus;

namespace {

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    const auto number = text == nullptr ? std::nullopt : parse_uint(text);
    return number.value_or(otherwise);
}

enum class Victim { nobody, client, worker, keeper, keeper_then_worker, worker_then_keeper };

const char* name_of(Victim victim) {
    switch (victim) {
        case Victim::nobody:
            return "nobody";
        case Victim::client:
            return "the client";
        case Victim::worker:
            return "the worker";
        case Victim::keeper:
            return "the keeper";
        case Victim::keeper_then_worker:
            return "the keeper, then the worker";
        case Victim::worker_then_keeper:
            return "the worker, then the keeper";
    }
    return "";
}

/// A command of a user, and which services it may end or start.
struct Deed {
    std::vector<std::string> words;
    std::set<std::string> touched;
    std::string reads_log_of{};  ///< the service whose log it prints
    bool is_exec{false};
};

class Chaos {
public:
    explicit Chaos(std::uint64_t seed) : random_{seed} {}

    void run(std::uint64_t rounds) {
        expect_success("up", {"up", "-d"});
        for (std::uint64_t number = 1; number <= rounds; ++number) {
            const std::string story = round();
            INFO("round " << number << ": " << story);
            for (const std::string& fault : faults_) {
                FAIL_CHECK(fault);
            }
            REQUIRE(faults_.empty());
        }
        go_home();
    }

private:
    size_t below(size_t limit) { return std::uniform_int_distribution<size_t>{0, limit - 1}(random_); }
    std::string some_writer() { return fmt::format("writer{}", below(8)); }

    Deed choose_deed() {
        const std::string writer = some_writer();
        switch (below(9)) {
            case 0:
                return {{"up", "-d"}, {}};
            case 1:
                return {{"up", "-d", "--no-deps", "--force-recreate", writer}, {writer}};
            case 2:
                return {{"stop", writer, "asker0", "health3"}, {writer, "asker0", "health3"}};
            case 3:
                return {{"restart", writer}, {writer}};
            case 4:
                return {{"exec", "-T", "steady", "sh", "-c", "echo said; exit 23"}, {}, {}, true};
            case 5:
                return {{"logs", "--no-log-prefix", writer}, {}, writer};
            case 6:
                return {{"kill", writer, "once"}, {writer}};
            case 7:
                return {{"restart", "-t", "60"}, everybody()};
            default:
                return {{"down"}, everybody()};
        }
    }

    static std::set<std::string> everybody() {
        const auto& all = Town::services();
        return {all.begin(), all.end()};
    }

    /// Up to half a second, mostly less: a command's beginning has more moments in it than its end.
    void let_some_time_pass() {
        const std::uint64_t most_us = std::uint64_t{1000} << below(10);
        const auto us = below(most_us);
        const timespec pause{0, static_cast<long>(us) * 1000};
        ::nanosleep(&pause, nullptr);
    }

    void kill_all(std::string_view name) {
        for (const pid_t pid : town_.box().processes(name)) {
            ::kill(pid, SIGKILL);
        }
    }

    void strike(Victim victim, Process& client) {
        switch (victim) {
            case Victim::nobody:
                break;
            case Victim::client:
                ::kill(client.pid(), SIGKILL);
                break;
            case Victim::worker:
                kill_all("stack-worker");
                break;
            case Victim::keeper:
                kill_all("stack-keeper");
                break;
            case Victim::keeper_then_worker:
                kill_all("stack-keeper");
                kill_all("stack-worker");
                break;
            case Victim::worker_then_keeper:
                kill_all("stack-worker");
                kill_all("stack-keeper");
                break;
        }
    }

    /// Returns its story.
    std::string round() {
        const Deed deed = choose_deed();
        const auto victim = static_cast<Victim>(below(6));
        const auto before = town_.rows();
        Process client = town_.box().start(deed.words);
        let_some_time_pass();
        strike(victim, client);
        const bool twice = below(4) == 0;
        const auto second = twice ? static_cast<Victim>(1 + below(5)) : Victim::nobody;
        if (twice) {
            let_some_time_pass();
            strike(second, client);
        }
        const Result result = client.wait();
        std::string story = fmt::format("'{}', killed: {}", fmt::join(deed.words, " "), name_of(victim));
        if (twice) {
            story += fmt::format("; {}", name_of(second));
        }
        supervisor_died_ = std::max(victim, second) >= Victim::keeper;
        check_answer(deed, victim == Victim::nobody && !twice, result);
        check_the_living(before, deed);
        check_logs(deed.touched);
        expect_success("up after " + story, {"up", "-d"});
        check_the_town(deed);
        return story;
    }

    void expect_success(const std::string& what, const std::vector<std::string>& words) {
        const Result result = town_.box().stack(words);
        if (result.exit_code != 0) {
            faults_.push_back(fmt::format("{}: exit code {}: {}", what, result.exit_code, result.all()));
        }
    }

    void check_answer(const Deed& deed, bool undisturbed, const Result& result) {
        const bool client_was_killed = result.exit_code == 128 + SIGKILL;
        if (deed.is_exec && !client_was_killed && (result.exit_code != 23 || result.out != "said\n")) {
            faults_.push_back(fmt::format("exec: {} {}", result.exit_code, result.all()));
        } else if (!deed.is_exec && undisturbed && result.exit_code != 0) {
            faults_.push_back(fmt::format("exit code {}: {}", result.exit_code, result.all()));
        }
        if (!deed.reads_log_of.empty() && !client_was_killed) {
            auto lines = to_strings(split(result.out, '\n'));
            lines.pop_back();  // behind the last newline
            Town::check_numbers("logs of " + deed.reads_log_of, lines, faults_);
        }
    }

    static std::vector<std::string> to_strings(const std::vector<std::string_view>& views) {
        return {views.begin(), views.end()};
    }

    /// Whom the command had no business with lives on.
    void check_the_living(const std::map<std::string, ContainerRow>& before, const Deed& deed) {
        for (const auto& [service, row] : before) {
            if (deed.touched.contains(service) || row.status != ContainerStatus::running || row.vanished ||
                service.starts_with("crasher") || service == "once") {
                continue;
            }
            if (!engine_is_alive(row)) {
                faults_.push_back(fmt::format("{} (pid {}) died", service, row.pid));
            }
        }
    }

    static bool engine_is_alive(const ContainerRow& row) { return ::kill(static_cast<pid_t>(row.pid), 0) == 0; }

    void check_logs(const std::set<std::string>& services) {
        const auto rows = town_.rows();
        for (const std::string& service : services) {
            const auto row = rows.find(service);
            if (row == rows.end() || !Town::is_writer(service)) {
                continue;
            }
            const auto runs = Town::check_numbers(service, town_.log_of(row->second), faults_);
            // A restart goes on without its client: the log may have the beginning of a run that the row has not.
            const auto later = town_.rows();
            const auto now = later.find(service);
            const bool still = now != later.end() && now->second.status == row->second.status &&
                               now->second.started_ns == row->second.started_ns;
            const bool left_politely =
                still && row->second.status == ContainerStatus::exited && row->second.exit_code == 0;
            // What was in the pipe of a container that ends while nobody holds it is gone, and its code with it.
            if (left_politely && !supervisor_died_ && (runs.empty() || !runs.back().said)) {
                faults_.push_back(fmt::format("{}: its farewell is lost", service));
            }
        }
    }

    void check_the_town(const Deed& deed) {
        std::set<std::string> pids;
        for (const auto& [service, row] : town_.rows()) {
            const auto fault = [&, &service = service, &row = row](const std::string& what) {
                faults_.push_back(fmt::format("{} is {}, pid {}, exit code {}: {}", service, to_string(row.status),
                                              row.pid, row.exit_code.value_or(-1), what));
            };
            if (service == "once") {
                check_end(service, {42});
            } else if (service.starts_with("crasher")) {
                check_end(service, {3, 143, 137});
            } else if (row.status != ContainerStatus::running || row.vanished) {
                fault("it should run");
            } else if (!pids.insert(std::to_string(row.pid)).second) {
                fault("it shares its process with another");
            }
            if (service.starts_with("asker")) {
                const size_t now = denials(row);
                if (now != denials_[row.id] && !deed.touched.contains("steady")) {
                    fault("it was told that 'steady' is not there");
                }
                denials_[row.id] = now;
            }
        }
        if (pids.size() != Town::services().size() - 3) {
            faults_.push_back(fmt::format("{} containers run", pids.size()));
        }
        const Result asked = town_.box().stack({"exec", "-T", "asker1", "nslookup", "steady", "127.0.0.11"});
        if (asked.exit_code != 0) {
            faults_.push_back("nobody answers asker1: " + asked.all());
        }
    }

    /// How often it was told that there is no such name, when the questions that are on their way now are answered.
    size_t denials(const ContainerRow& asker) {
        auto lines = town_.log_of(asker);
        const size_t enough = lines.size() + 2;
        if (!eventually([&] { return (lines = town_.log_of(asker)).size() >= enough; })) {
            faults_.push_back(asker.service + " does not get any answers");
        }
        return static_cast<size_t>(std::count(lines.begin(), lines.end(), "denied"));
    }

    /// Waits until a run of it is over and looks at its code.
    void check_end(const std::string& service, const std::set<int>& codes) {
        ContainerRow row;
        const bool rests = eventually([&] {
            row = town_.rows()[service];
            return row.status == ContainerStatus::exited || row.status == ContainerStatus::restarting;
        });
        const bool right = row.exit_code ? codes.contains(*row.exit_code) : !row.error.empty();
        if (!rests || !right) {
            faults_.push_back(fmt::format("{} is {}, exit code {}, '{}'", service, to_string(row.status),
                                          row.exit_code ? std::to_string(*row.exit_code) : "unknown", row.error));
        }
    }

    /// At the end everybody says farewell, and nothing stays behind.
    void go_home() {
        expect_success("stop", {"stop"});
        supervisor_died_ = false;
        check_logs(everybody());
        expect_success("down", {"down"});
        for (const std::string& fault : faults_) {
            FAIL_CHECK(fault);
        }
        CHECK(settled_leftovers(town_.box().paths()).empty());
    }

    std::mt19937_64 random_;
    Town town_;
    std::vector<std::string> faults_;
    std::map<std::string, size_t> denials_;  ///< as denials(), by id
    bool supervisor_died_{false};
};

}  // namespace

TEST_CASE("whoever of us is killed, at whatever moment, no container dies and nothing is lost", "[chaos]") {
    const std::uint64_t seed = number_from_environment("STACK_CHAOS_SEED", std::random_device{}());
    const std::uint64_t rounds = number_from_environment("STACK_CHAOS_ROUNDS", 6);
    fmt::print(stderr, "{} rounds; STACK_CHAOS_SEED={} repeats them\n", rounds, seed);
    Chaos{seed}.run(rounds);
}
