#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/container_text.hpp"
#include "cli/network/network_room.hpp"
#include "cli/object_filter.hpp"
#include "cli/table.hpp"
#include "cli/template.hpp"
#include "cli/verbs.hpp"

namespace stack::cli {

namespace {

bool matches(const NetworkRoom& room, const net::Network& network, const ObjectFilter& filter) {
    if (filter.key == "driver") {
        return network.driver == filter.value;
    }
    if (filter.key == "id") {
        return network.id.find(filter.value) != std::string::npos;
    }
    if (filter.key == "name") {
        return network.name.find(filter.value) != std::string::npos;
    }
    if (filter.key == "label") {
        return label_matches(network.labels, filter.value);
    }
    if (filter.key == "scope") {
        return filter.value == "local";
    }
    if (filter.key == "dangling") {
        return filter_flag(filter) == (!network.standing && !room.is_used(network));
    }
    if (filter.value != "custom" && filter.value != "builtin") {
        throw UsageError{fmt::format("invalid filter 'type={}'", filter.value)};
    }
    return network.standing == (filter.value == "builtin");
}

/// Values of one key are alternatives, but labels must all be there; keys narrow each other.
bool passes(const NetworkRoom& room, const net::Network& network, const std::vector<ObjectFilter>& filters) {
    return std::all_of(filters.begin(), filters.end(), [&](const ObjectFilter& one) {
        return std::any_of(filters.begin(), filters.end(), [&](const ObjectFilter& other) {
            const bool alternative = other.key == one.key && (one.key != "label" || other.value == one.value);
            return alternative && matches(room, network, other);
        });
    });
}

}  // namespace

int list_networks(Context& context, const Flags& flags) {
    const auto filters =
        parse_filters(flags.values("filter"), {"driver", "id", "label", "name", "scope", "type", "dangling"});
    const NetworkRoom room{context.paths};
    auto networks = room.store.list();
    std::erase_if(networks, [&](const net::Network& network) { return !passes(room, network, filters); });
    std::sort(networks.begin(), networks.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    const bool no_trunc = flags.on("no-trunc");
    const std::string format = flags.value_or("format", "table");
    const auto id = [&](const net::Network& network) { return no_trunc ? network.id : short_id(network.id); };
    if (flags.on("quiet")) {
        for (const net::Network& network : networks) {
            fmt::print("{}\n", id(network));
        }
    } else if (format == "table") {
        Table table{{"NETWORK ID", "NAME", "DRIVER", "SCOPE"}};
        for (const net::Network& network : networks) {
            table.add({id(network), network.name, network.driver, "local"});
        }
        fmt::print("{}", table.str());
    } else {
        nlohmann::json rows = nlohmann::json::array();
        for (const net::Network& network : networks) {
            rows.push_back(network_list_fields(network, no_trunc));
        }
        fmt::print("{}", render_rows(format == "json" ? "{{json .}}" : format, rows));
    }
    return 0;
}

}  // namespace stack::cli
