#include "cli/log_flags.hpp"

#include "cli/time_arg.hpp"
#include "support/text.hpp"

namespace stack::cli {

engine::logs::ReadOptions log_read_options(const Flags& flags) {
    engine::logs::ReadOptions options;
    if (const std::string tail = flags.value_or("tail", "all"); tail != "all") {
        const std::optional<std::int64_t> lines = parse_int(tail);
        if (!lines) {
            throw UsageError{"invalid value '" + tail + "' for --tail: expected a number of lines or 'all'"};
        }
        if (*lines >= 0) {
            options.tail = static_cast<std::uint64_t>(*lines);
        }
    }
    if (const auto since = flags.value("since")) {
        options.since_ns = parse_moment(*since, "since");
    }
    if (const auto until = flags.value("until")) {
        options.until_ns = parse_moment(*until, "until");
    }
    return options;
}

}  // namespace stack::cli
