#include "build/cache_image.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "build/cache.hpp"
#include "support/error.hpp"

namespace stack::build {
namespace {

using nlohmann::json;

constexpr const char* member = "stack.cache";

bool is_key(const std::string& text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

std::string config_with_cache(const image::ImageConfig& config, const StageState& state) {
    json document = json::parse(image::write_config(config));
    json steps = json::array();
    for (const auto& step : state.steps) {
        steps.push_back({{"key", step.key}, {"diff_id", step.diff_id}, {"created", step.created_unix}});
    }
    document[member] = std::move(steps);
    return document.dump();
}

size_t import_cache_image(image::ImageStore& store, const Database& database, const image::Image& image) {
    const json document = json::parse(image.config.original, nullptr, false);
    if (!document.is_object() || !document.contains(member)) {
        return 0;
    }
    const auto refuse = [&] {
        return Error(Errc::invalid_input,
                     fmt::format("the build cache in image '{}' is damaged", image.display_name()));
    };
    const BuildCache cache{database};
    const auto& diff_ids = image.config.diff_ids;
    size_t next = 0;
    size_t count = 0;
    for (const json& step : document[member]) {
        if (!step.is_object() || !step.value("key", json{}).is_string() || !step.value("diff_id", json{}).is_string() ||
            !step.value("created", json{}).is_number_integer()) {
            throw refuse();
        }
        const auto key = step["key"].get<std::string>();
        const auto found = std::find(diff_ids.begin() + static_cast<std::ptrdiff_t>(next), diff_ids.end(),
                                     step["diff_id"].get<std::string>());
        if (!is_key(key) || found == diff_ids.end()) {
            throw refuse();
        }
        next = static_cast<size_t>(found - diff_ids.begin());
        const CachedStep known{image.chain_ids.at(next), *found, step["created"].get<std::int64_t>()};
        ++next;
        if (!cache.find(key)) {
            store.pin_layer(known.chain_id, BuildCache::pin_of(key));
            cache.put(key, known, "imported");
        }
        ++count;
    }
    return count;
}

}  // namespace stack::build
