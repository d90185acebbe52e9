#pragma once

#include <functional>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "engine/logs/reader.hpp"
#include "engine/state/container_row.hpp"

namespace stack::cli {

struct LogStyle {
    bool prefix{true};
    bool timestamps{false};
    bool colours{false};
};

/// The output of a project's containers on standard output, as one stream in true order:
///
///     db-1   | ready for connections
///     web-1  | listening on :80
///
/// Follows containers that come later, too.
class LogStream {
public:
    using Wanted = std::function<bool(const engine::ContainerRow&)>;
    /// `wanted` chooses among the containers of the project (one-off ones are left out before).
    LogStream(const Context& context, std::string project, Wanted wanted, engine::logs::ReadOptions options,
              LogStyle style);

    /// Looks at the containers anew: takes those in that are new, and tells which ones have ended since.
    /// `ended` gets each container once per end.
    using Ended = std::function<void(const engine::ContainerRow&)>;
    void refresh(const Ended& ended = {});
    /// Ends of runs that began since then are told even if they were over before the first look. Default: never.
    void tell_ends_since(std::int64_t time_ns) noexcept { tell_since_ns_ = time_ns; }

    /// Prints what is there. With `flush`, lines that are not ended as well.
    void pump(bool flush);
    /// Readable when refresh() and pump() may have something to do.
    int watch_fd();
    void acknowledge();

    /// As refresh() saw it: whether one of the containers is up, and whether there are any.
    bool any_up() const noexcept { return any_up_; }
    bool empty() const noexcept { return names_.empty(); }

private:
    engine::ContainerRow settled(const engine::ContainerRow& row) const;
    void print(const engine::logs::Line& line);
    void write_out();

    const Context& context_;
    std::string project_;
    Wanted wanted_;
    LogStyle style_;
    engine::logs::Reader reader_;
    std::vector<std::string> names_;  ///< by source
    std::set<std::string> known_;
    std::map<std::string, std::int64_t> last_start_;  ///< of containers that are up
    std::map<std::string, std::int64_t> told_;        ///< the beginning of the run whose end was told last
    std::int64_t tell_since_ns_{std::numeric_limits<std::int64_t>::max()};
    size_t name_width_{0};
    std::vector<std::string> prefixes_;  ///< by source, padded and coloured
    std::string out_;                    ///< lines on their way to standard output
    bool any_up_{false};
};

/// The SGR code of the n-th name: as docker compose goes through them.
std::string_view log_colour(size_t n);

}  // namespace stack::cli
