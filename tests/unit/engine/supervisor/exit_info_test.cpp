#include "engine/supervisor/exit_info.hpp"

#include <catch2/catch.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "support/kernel/process_stat.hpp"
#include "support/kernel/syscalls.hpp"

using namespace stack;
using engine::supervisor::exit_status_of;

TEST_CASE("the status of a process is known while it waits to be reaped", "[exit]") {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::_exit(42);
    }
    const UniqueFd pidfd = kernel::pidfd_open(pid);
    siginfo_t info{};
    REQUIRE(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
    const auto zombie = kernel::process_stat(pid);
    REQUIRE(zombie);
    CHECK(zombie->has_ended());
    CHECK(zombie->wait_status == 42 << 8);
    // Who may not look into other processes is told nothing rather than something wrong.
    const auto status = exit_status_of(pid, pidfd.get());
    CHECK((!status || *status == 42 << 8));
    CHECK((::geteuid() != 0 || status));
    REQUIRE(::waitpid(pid, nullptr, 0) == pid);
    CHECK(!kernel::process_stat(pid));
}

TEST_CASE("a process that lives has no status", "[exit]") {
    const UniqueFd self = kernel::pidfd_open(::getpid());
    CHECK(!exit_status_of(::getpid(), self.get()));
    const auto stat = kernel::process_stat(::getpid());
    REQUIRE(stat);
    CHECK_FALSE(stat->has_ended());
    CHECK(stat->start_ticks > 0);
}
