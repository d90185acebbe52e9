#include "image/annotations.hpp"

#include <nlohmann/json.hpp>

#include "image/state.hpp"

namespace stack::image {

using nlohmann::json;

void set_annotations(ImageStore& store, const std::string& id, const Annotations& annotations) {
    const auto& state = store.state();
    if (annotations == find_annotations(state, id).value_or(Annotations{})) {
        return;
    }
    const json document{{"manifest", annotations.manifest}, {"descriptor", annotations.descriptor}};
    state.database.prepare("INSERT OR REPLACE INTO image_annotations VALUES(?, ?)")
        .bind_all(id, document.dump(-1, ' ', false, json::error_handler_t::replace))
        .run();
}

std::optional<Annotations> find_annotations(const ImageStore::State& state, const std::string& id) {
    auto row = state.database.prepare("SELECT annotations FROM image_annotations WHERE image_id = ?");
    if (!row.bind(id).step()) {
        return std::nullopt;
    }
    const auto document = json::parse(row.text(0));
    using Map = std::map<std::string, std::string>;
    return Annotations{document["manifest"].get<Map>(), document["descriptor"].get<Map>()};
}

}  // namespace stack::image
