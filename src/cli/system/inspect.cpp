#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/container/inspect_json.hpp"
#include "cli/container_size.hpp"
#include "cli/image/image_text.hpp"
#include "cli/inspect_each.hpp"
#include "cli/network/network_room.hpp"
#include "cli/state_view.hpp"
#include "cli/verbs.hpp"
#include "cli/volume/volume_room.hpp"
#include "image/store.hpp"

namespace stack::cli {
namespace {

constexpr std::array types = {"container", "image", "network", "volume"};

/// Finds a word among things of each type. What is not asked for is not opened.
class Finder {
public:
    Finder(const Context& context, std::string type, bool with_size)
        : paths_{context.paths}, type_{std::move(type)}, with_size_{with_size}, state_{paths_}, images_{paths_} {}

    nlohmann::json find(const std::string& word) {
        if (wants("container")) {
            if (const auto row = state_.find(word)) {
                return container(*row);
            }
        }
        if (wants("image")) {
            if (const auto image = images_.find(word)) {
                return image_json(*image);
            }
        }
        if (wants("network")) {
            const NetworkRoom room{paths_};
            if (const auto network = room.store.find(word)) {
                return network_json(room, *network);
            }
        }
        if (wants("volume")) {
            const VolumeRoom room{paths_};
            if (const auto volume = room.store.find(word)) {
                return volume_json(*volume);
            }
        }
        throw Error{Errc::not_found, fmt::format("no such {}: {}", type_.empty() ? "object" : type_, word)};
    }

private:
    bool wants(const char* type) const { return type_.empty() || type_ == type; }

    nlohmann::json container(const engine::ContainerRow& row) const {
        const auto image = images_.find_by_id(row.image_id);
        auto told = inspect_json(row, image ? &image->config : nullptr, paths_);
        if (with_size_) {
            add_size(told, container_size(paths_, images_, row));
        }
        return told;
    }

    const Paths& paths_;
    std::string type_;  ///< empty: any
    bool with_size_;
    StateView state_;
    image::ImageStore images_;
};

}  // namespace

int inspect_anything(Context& context, const Flags& flags) {
    const auto type = flags.value_or("type", "");
    if (!type.empty() && std::find(types.begin(), types.end(), type) == types.end()) {
        throw UsageError{fmt::format("invalid value '{}' for --type", type)}.hint(
            "one of container, image, network, volume");
    }
    Finder finder{context, type, flags.on("size")};
    return inspect_each(context, flags, [&](const std::string& word) { return finder.find(word); });
}

}  // namespace stack::cli
