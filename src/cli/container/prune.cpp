#include <cstdio>
#include <map>

#include <fmt/format.h>

#include "cli/container_size.hpp"
#include "cli/object_filter.hpp"
#include "cli/render_error.hpp"
#include "cli/state_view.hpp"
#include "cli/sweep.hpp"
#include "cli/time_arg.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"
#include "support/byte_size.hpp"
#include "support/text.hpp"

namespace stack::cli {

namespace {

using engine::ContainerRow;

bool has_label(const ContainerRow& row, const std::string& wish) {
    const size_t equals = wish.find('=');
    const auto label = row.labels.find(wish.substr(0, equals));
    return label != row.labels.end() && (equals == std::string::npos || label->second == wish.substr(equals + 1));
}

bool passes(const ContainerRow& row, const std::vector<std::string>& filters) {
    for (const std::string& filter : filters) {
        bool fits = false;
        if (filter.starts_with("until=")) {
            fits = row.created_ns < parse_moment(filter.substr(6), "filter");
        } else if (filter.starts_with("label!=")) {
            fits = !has_label(row, filter.substr(7));
        } else if (filter.starts_with("label=")) {
            fits = has_label(row, filter.substr(6));
        } else {
            throw UsageError{fmt::format("invalid filter '{}'", filter)};
        }
        if (!fits) {
            return false;
        }
    }
    return true;
}

}  // namespace

std::int64_t sweep_containers(Context& context, const FilterWords& filters) {
    std::map<std::string, std::vector<ContainerRow>> projects;
    for (const ContainerRow& row : StateView{context.paths}.list()) {
        if (!row.is_up() && row.status != engine::ContainerStatus::removing && passes(row, filters)) {
            projects[row.project].push_back(row);
        }
    }
    std::int64_t freed = 0;
    std::string removed;
    for (const auto& [project, rows] : projects) {
        engine::SupervisorClient client{context.paths, project};
        for (const ContainerRow& row : rows) {
            const std::int64_t size = file_sizes(context.paths.container(row.id));
            engine::Targets target;
            target.containers = {row.id};
            target.include_one_off = true;
            try {
                client.remove(target, {.force = false, .volumes = false, .stop = false}, {});
            } catch (const Error& error) {
                report_and_go_on(context, error);  // it was started, or removed, meanwhile
                continue;
            }
            freed += size;
            removed += row.id + "\n";
        }
    }
    if (!removed.empty()) {
        fmt::print("Deleted Containers:\n{}\n", removed);
    }
    return freed;
}

int container_prune(Context& context, const Flags& flags) {
    const auto filters = flags.values("filter");
    passes({}, filters);  // a wrong filter is told before anybody is asked
    if (!flags.on("force") && !confirmed("This will remove all stopped containers.")) {
        return 0;
    }
    const std::int64_t freed = sweep_containers(context, filters);
    fmt::print("Total reclaimed space: {}\n", format_decimal_size(Bytes{freed}));
    return 0;
}

}  // namespace stack::cli
