#include <cstdio>
#include <optional>

#include <fmt/format.h>

#include "cli/container_text.hpp"
#include "cli/table.hpp"
#include "cli/verbs.hpp"
#include "cli/volume/volume_room.hpp"
#include "support/byte_size.hpp"
#include "volumes/snapshots.hpp"
#include "volumes/tree_size.hpp"

namespace stack::cli {

namespace {

void print_snapshots(const volumes::Volume& volume) {
    Table table{{"SNAPSHOT", "CREATED", "SIZE"}};
    for (const volumes::Snapshot& snapshot : volumes::list_snapshots(volume)) {
        const auto created = std::chrono::duration_cast<std::chrono::nanoseconds>(snapshot.created.time_since_epoch());
        table.add({snapshot.name, rfc3339(created.count() / 1'000'000'000 * 1'000'000'000),
                   format_decimal_size(Bytes{volumes::tree_size(snapshot.folder)})});
    }
    fmt::print("{}", table.str());
}

}  // namespace

int snapshot_volume(Context& context, const Flags& flags) {
    const VolumeRoom room{context.paths};
    const volumes::Volume volume = room.store.get(flags.words()[0]);
    const std::string name = flags.words().size() > 1 ? flags.words()[1] : "";
    if (flags.on("list")) {
        print_snapshots(volume);
        return 0;
    }
    if (flags.on("delete")) {
        if (name.empty()) {
            throw UsageError{"--delete needs the name of a snapshot"};
        }
        volumes::remove_snapshot(room.store, volume, name);
        fmt::print("{}\n", name);
        return 0;
    }
    std::optional<HeldStill> still;
    if (!flags.on("live")) {
        still.emplace(context.paths, room, volume);
    }
    fmt::print("{}\n", volumes::take_snapshot(room.store, volume, name).name);
    return 0;
}

}  // namespace stack::cli
