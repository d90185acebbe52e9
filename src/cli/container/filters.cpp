#include "cli/container/filters.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "cli/container_text.hpp"
#include "cli/flags.hpp"
#include "support/text.hpp"

namespace stack::cli {

namespace {

using engine::ContainerRow;

bool matches_label(const ContainerRow& row, const std::string& wish) {
    const size_t equals = wish.find('=');
    const auto label = row.labels.find(wish.substr(0, equals));
    return label != row.labels.end() && (equals == std::string::npos || label->second == wish.substr(equals + 1));
}

/// "busybox", "busybox:latest", an id or its beginning.
bool matches_image(const ContainerRow& row, const std::string& wish) {
    const std::string id = row.image_id.substr(row.image_id.find(':') + 1);
    const std::string hex = wish.starts_with("sha256:") ? wish.substr(7) : wish;
    return row.image == wish || row.image == wish + ":latest" || row.image + ":latest" == wish ||
           (hex.size() >= 4 && id.starts_with(hex));
}

bool matches_network(const ContainerRow& row, const std::string& wish) {
    const std::vector<std::string> names = network_names(row);
    return std::find(names.begin(), names.end(), wish) != names.end() ||
           std::any_of(row.endpoints.begin(), row.endpoints.end(),
                       [&](const engine::EndpointRow& endpoint) { return endpoint.network_id.starts_with(wish); });
}

bool matches_volume(const ContainerRow& row, const std::string& wish) {
    return std::any_of(row.mounts.begin(), row.mounts.end(), [&](const engine::MountRow& mount) {
        return mount.name == wish || mount.destination == wish || mount.source == wish;
    });
}

/// "8080", "8080/udp".
bool matches_port(const ContainerRow& row, const std::string& wish, bool published) {
    const size_t slash = wish.find('/');
    const std::string protocol = slash == std::string::npos ? "tcp" : wish.substr(slash + 1);
    const std::optional<std::int64_t> number = parse_int(std::string_view{wish}.substr(0, slash));
    return number && std::any_of(row.ports.begin(), row.ports.end(), [&](const engine::PublishedPort& port) {
               return port.protocol == protocol && (published ? port.host_port : port.container_port) == *number;
           });
}

struct Kind {
    std::string_view key;
    bool (*match)(const ContainerRow&, const std::string&);
    bool (*valid)(const std::string&);
};

bool anything(const std::string& value) {
    return !value.empty();
}

constexpr Kind kinds[] = {
    {"status", [](const ContainerRow& row, const std::string& v) { return state_word(row) == v; },
     [](const std::string& v) { return engine::parse_container_status(v).has_value(); }},
    {"name",
     [](const ContainerRow& row, const std::string& v) { return ("/" + row.name).find(v) != std::string::npos; },
     anything},
    {"id", [](const ContainerRow& row, const std::string& v) { return row.id.starts_with(v); }, anything},
    {"label", matches_label, anything},
    {"ancestor", matches_image, anything},
    {"network", matches_network, anything},
    {"volume", matches_volume, anything},
    {"exited",
     [](const ContainerRow& row, const std::string& v) { return !row.is_up() && row.exit_code == parse_int(v); },
     [](const std::string& v) { return parse_int(v).has_value(); }},
    {"health", [](const ContainerRow& row, const std::string& v) { return to_string(row.health.status) == v; },
     anything},
    {"publish", [](const ContainerRow& row, const std::string& v) { return matches_port(row, v, true); }, anything},
    {"expose", [](const ContainerRow& row, const std::string& v) { return matches_port(row, v, false); }, anything},
};

const Kind* find_kind(std::string_view key) {
    const Kind* found =
        std::find_if(std::begin(kinds), std::end(kinds), [&](const Kind& kind) { return kind.key == key; });
    return found == std::end(kinds) ? nullptr : found;
}

}  // namespace

ContainerFilters::ContainerFilters(const std::vector<std::string>& words) {
    for (const std::string& word : words) {
        const size_t equals = word.find('=');
        const Kind* kind = equals == std::string::npos ? nullptr : find_kind(std::string_view{word}.substr(0, equals));
        if (!kind || !kind->valid(word.substr(equals + 1))) {
            throw UsageError{fmt::format("invalid filter '{}'", word)};
        }
        filters_.push_back({word.substr(0, equals), word.substr(equals + 1)});
    }
}

bool ContainerFilters::match(const ContainerRow& row) const {
    return std::all_of(filters_.begin(), filters_.end(), [&](const Filter& one) {
        return std::any_of(filters_.begin(), filters_.end(), [&](const Filter& other) {
            return other.key == one.key && find_kind(other.key)->match(row, other.value);
        });
    });
}

bool ContainerFilters::about_status() const {
    return std::any_of(filters_.begin(), filters_.end(),
                       [](const Filter& filter) { return filter.key == "status" || filter.key == "exited"; });
}

}  // namespace stack::cli
