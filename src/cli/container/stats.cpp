#include <fmt/format.h>

#include "cli/container/usage.hpp"
#include "cli/state_view.hpp"
#include "cli/verbs.hpp"

namespace stack::cli {

int container_stats(Context& context, const Flags& flags) {
    const std::vector<std::string>& names = flags.words();
    const bool all = flags.on("all");
    const auto rows = [&] {
        const StateView state{context.paths};
        std::vector<engine::ContainerRow> found;
        for (const std::string& name : names) {
            found.push_back(state.get(name));
        }
        if (names.empty()) {
            found = state.list();
            std::erase_if(found, [&](const auto& row) { return !all && !row.is_up(); });
        }
        return found;
    };
    const StatsWish wish{flags.value_or("format", ""), flags.on("no-stream"), flags.on("no-trunc")};
    return show_stats(context, wish, rows);
}

}  // namespace stack::cli
