#include "image/image_rows.hpp"

#include <ctime>

#include <fmt/format.h>

#include "image/rfc3339.hpp"
#include "image/store.hpp"
#include "support/error.hpp"

namespace stack::image {

void insert_image(const Database& database, const std::string& id, const ImageConfig& config) {
    const auto chains = chain_ids(config.diff_ids);
    std::int64_t size = 0;
    auto layer = database.prepare("SELECT size FROM layers WHERE chain_id = ?");
    for (const std::string& chain : chains) {
        layer.reset();
        if (!layer.bind(chain).step()) {
            throw Error(Errc::not_found, fmt::format("layer {} of the image is not in the store", chain));
        }
        size += layer.integer(0);
    }
    layer.reset();
    database.prepare("INSERT OR IGNORE INTO images VALUES(?, ?, ?, ?, ?, ?, ?)")
        .bind_all(id, parse_rfc3339(config.created).value_or(0), std::int64_t{std::time(nullptr)}, size,
                  config.architecture, config.os, config.variant)
        .run();
    auto link = database.prepare("INSERT OR IGNORE INTO image_layers VALUES(?, ?, ?)");
    for (size_t i = 0; i < chains.size(); ++i) {
        link.reset();
        link.bind_all(id, static_cast<std::int64_t>(i), chains[i]).run();
    }
}

void insert_name(const Database& database, const std::string& id, const Reference& name) {
    database
        .prepare("INSERT INTO image_names VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET image_id = excluded.image_id")
        .bind_all(name.with_default_tag().canonical(), id)
        .run();
}

}  // namespace stack::image
