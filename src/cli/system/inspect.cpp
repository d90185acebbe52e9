#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/container/inspect_json.hpp"
#include "cli/image/image_text.hpp"
#include "cli/inspect_each.hpp"
#include "cli/state_view.hpp"
#include "cli/verbs.hpp"
#include "image/store.hpp"

namespace stack::cli {
namespace {

nlohmann::json inspect(const Context& context, const StateView& state, const image::ImageStore& images,
                       const std::string& type, const std::string& word) {
    if (type != "image") {
        if (const auto row = state.find(word)) {
            const auto image = images.find_by_id(row->image_id);
            return inspect_json(*row, image ? &image->config : nullptr, context.paths);
        }
    }
    if (type != "container") {
        if (const auto image = images.find(word)) {
            return image_json(*image);
        }
    }
    const char* wanted = type == "image" ? "image" : type == "container" ? "container" : "object";
    throw Error{Errc::not_found, fmt::format("no such {}: {}", wanted, word)};
}

}  // namespace

int inspect_anything(Context& context, const Flags& flags) {
    const auto type = flags.value_or("type", "");
    if (!type.empty() && type != "container" && type != "image") {
        throw UsageError{fmt::format("invalid value '{}' for --type: expected container or image", type)};
    }
    const StateView state{context.paths};
    const image::ImageStore images{context.paths};
    return inspect_each(context, flags,
                        [&](const std::string& word) { return inspect(context, state, images, type, word); });
}

}  // namespace stack::cli
