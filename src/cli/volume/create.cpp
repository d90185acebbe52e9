#include <cstdio>

#include <fmt/format.h>

#include "cli/container/spec_flags.hpp"
#include "cli/event_text.hpp"
#include "cli/verbs.hpp"
#include "cli/volume/volume_room.hpp"

namespace stack::cli {

int create_volume(Context& context, const Flags& flags) {
    const std::string old_spelling = flags.value_or("name", "");
    if (!old_spelling.empty() && !flags.words().empty()) {
        throw UsageError{"conflicting options: either specify --name or provide positional arg, not both"};
    }
    VolumeRoom room{context.paths};
    desired::VolumeSpec spec;
    spec.name = flags.words().empty() ? old_spelling : flags.words()[0];
    spec.driver = flags.value_or("driver", "local");
    spec.driver_opts = map_of(flags.values("opt"));
    spec.labels = map_of(flags.values("label"));
    if (spec.name.empty() && spec.driver_opts.empty() && spec.driver == "local") {
        const std::string name = room.store.create_anonymous(spec.labels).name;
        record_event(context, "volume", "create", name);
        fmt::print("{}\n", name);
        return 0;
    }
    if (spec.name.empty()) {
        spec.name = volumes::made_up_volume_name();
    }
    const bool is_new = !room.store.find(spec.name);
    const std::string name = room.store.ensure(spec).name;
    if (is_new) {
        record_event(context, "volume", "create", name);
    }
    fmt::print("{}\n", name);
    return 0;
}

}  // namespace stack::cli
