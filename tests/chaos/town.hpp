#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/state/container_row.hpp"
#include "harness/sandbox.hpp"

namespace stack::testing {

/// A line of numbered output that a writer of the town wrote: "<run> <number>", or "<run> end <number>".
struct WriterRun {
    std::string id;
    std::uint64_t last{0};              ///< its highest line
    std::optional<std::uint64_t> said;  ///< by its farewell: at least so many were written
};

/// Twenty containers of one project, each with a habit of its own:
///
///   writer0 … writer7   number their lines, half of them on stderr; say farewell when they are asked to stop
///   health0 … health3   are healthy while DNS answers
///   after               is started when health0 is healthy
///   asker0 … asker2     ask DNS for steady again and again, and say whether they are told that there is no such name
///   crasher0, crasher1  end with 3 again and again and are restarted; crasher1 is given up after two restarts
///   once                ends with 42 at once
///   steady              does nothing
class Town {
public:
    Town();

    const Sandbox& box() const noexcept { return box_; }
    static const std::vector<std::string>& services();
    static bool is_writer(std::string_view service) { return service.starts_with("writer"); }

    /// The containers as the database has them, by service.
    std::map<std::string, engine::ContainerRow> rows() const;

    /// Goes through a writer's log: each run's lines are there from the first on, in order, once, and not mixed with
    /// those of another run. Returns the runs, oldest first; what is wrong is appended to `faults`.
    static std::vector<WriterRun> check_numbers(const std::string& writer, const std::vector<std::string>& lines,
                                                std::vector<std::string>& faults);
    std::vector<std::string> log_of(const engine::ContainerRow& row) const;

private:
    Sandbox box_;
};

}  // namespace stack::testing
