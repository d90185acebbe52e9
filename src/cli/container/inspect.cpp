#include <nlohmann/json.hpp>

#include "cli/container/inspect_json.hpp"
#include "cli/container_size.hpp"
#include "cli/inspect_each.hpp"
#include "cli/state_view.hpp"
#include "cli/verbs.hpp"
#include "image/store.hpp"

namespace stack::cli {

int container_inspect(Context& context, const Flags& flags) {
    const StateView state{context.paths};
    const image::ImageStore images{context.paths};
    return inspect_each(context, flags, [&](const std::string& word) {
        const engine::ContainerRow row = state.get(word);
        const std::optional<image::Image> image = images.find_by_id(row.image_id);
        auto told = inspect_json(row, image ? &image->config : nullptr, context.paths);
        if (flags.on("size")) {
            add_size(told, container_size(context.paths, images, row));
        }
        return told;
    });
}

}  // namespace stack::cli
