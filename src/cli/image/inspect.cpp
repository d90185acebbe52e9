#include <nlohmann/json.hpp>

#include "cli/image/image_text.hpp"
#include "cli/inspect_each.hpp"
#include "cli/verbs.hpp"

namespace stack::cli {

int inspect_images(Context& context, const Flags& flags) {
    const image::ImageStore store{context.paths};
    return inspect_each(context, flags, [&](const std::string& word) { return image_json(store.get(word)); });
}

}  // namespace stack::cli
