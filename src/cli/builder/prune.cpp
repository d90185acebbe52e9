#include "cli/builder/prune.hpp"

#include <chrono>
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include "build/builder.hpp"
#include "cli/sweep.hpp"
#include "image/store.hpp"
#include "support/byte_size.hpp"
#include "support/duration.hpp"
#include "support/error.hpp"
#include "support/random.hpp"

namespace stack::cli {
namespace {

std::int64_t unused_seconds(const std::vector<std::string>& filters) {
    std::int64_t seconds = 0;
    for (const auto& filter : filters) {
        const auto equals = filter.find('=');
        const auto name = filter.substr(0, equals);
        const auto age =
            equals == std::string::npos ? std::nullopt : parse_duration(std::string_view{filter}.substr(equals + 1));
        if (!age || (name != "until" && name != "unused-for")) {
            throw UsageError{fmt::format("invalid filter '{}': expected until=24h or the like", filter)};
        }
        seconds = std::chrono::duration_cast<std::chrono::seconds>(*age).count();
    }
    return seconds;
}

bool confirmed(bool all) {
    fmt::print("WARNING! This will remove all build cache{}.\nAre you sure you want to continue? [y/N] ",
               all ? ", with the folders of cache mounts" : "");
    std::fflush(stdout);
    char answer[16] = {};
    return std::fgets(answer, sizeof answer, stdin) != nullptr && (answer[0] == 'y' || answer[0] == 'Y');
}

/// By way of the folder that the collection of garbage empties: a RUN that begins meanwhile finds them whole or not at
/// all.
void discard_cache_mounts(const Paths& paths) {
    std::error_code none;
    std::filesystem::rename(paths.build_cache() / "mounts", paths.temporary() / ("image-rubbish-" + random_hex(8)),
                            none);
}

}  // namespace

std::int64_t sweep_builds(Context& context, std::int64_t unused_for_seconds, bool all) {
    build::prune_build_cache(context.paths, unused_for_seconds);
    image::ImageStore store{context.paths};
    auto freed = store.collect_garbage();
    if (freed && all) {
        discard_cache_mounts(context.paths);
        const auto more = store.collect_garbage();
        freed = more ? Bytes{freed->count + more->count} : freed;
    }
    if (!freed) {
        fmt::print(stderr, "warning: a build or pull is at work; the layers go with the next removal of an image\n");
        return 0;
    }
    return freed->count;
}

int prune_builder(Context& context, const Flags& flags) {
    const bool all = flags.on("all");
    const auto unused = unused_seconds(flags.values("filter"));
    if (!flags.on("force") && !confirmed(all)) {
        return 0;
    }
    fmt::print("Total reclaimed space: {}\n", format_decimal_size(Bytes{sweep_builds(context, unused, all)}));
    return 0;
}

}  // namespace stack::cli
