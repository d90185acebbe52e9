#include <cstdio>
#include <map>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/image/image_text.hpp"
#include "cli/sweep.hpp"
#include "cli/time_arg.hpp"
#include "cli/verbs.hpp"
#include "support/text.hpp"

namespace stack::cli {
namespace {

std::int64_t parse_until(const std::string& text) {
    constexpr std::int64_t second_ns = 1'000'000'000;
    return parse_moment(text, "filter until") / second_ns;
}

bool label_matches(const image::ImageConfig& config, const std::string& wanted) {
    const auto equals = wanted.find('=');
    const auto label = config.labels.find(wanted.substr(0, equals));
    return label != config.labels.end() && (equals == std::string::npos || label->second == wanted.substr(equals + 1));
}

bool passes(const image::Image& image, const std::vector<std::string>& filters) {
    for (const std::string& filter : filters) {
        if (filter.starts_with("until=")) {
            if (image.created_unix >= parse_until(filter.substr(6))) {
                return false;
            }
        } else if (filter.starts_with("label!=")) {
            if (label_matches(image.config, filter.substr(7))) {
                return false;
            }
        } else if (filter.starts_with("label=")) {
            if (!label_matches(image.config, filter.substr(6))) {
                return false;
            }
        } else {
            throw UsageError{fmt::format("invalid filter '{}'", filter)};
        }
    }
    return true;
}

bool confirmed(bool all) {
    fmt::print("WARNING! This will remove all {}.\nAre you sure you want to continue? [y/N] ",
               all ? "images without at least one container associated to them" : "dangling images");
    std::fflush(stdout);
    char answer[16] = {};
    return std::fgets(answer, sizeof answer, stdin) != nullptr && (answer[0] == 'y' || answer[0] == 'Y');
}

}  // namespace

std::int64_t sweep_images(Context& context, const FilterWords& filters, bool all) {
    image::ImageStore store{context.paths};
    const auto users = containers_using_images(context.paths);
    std::int64_t freed = 0;
    std::vector<std::string> lines;
    for (const auto& summary : store.list()) {
        if ((!all && !summary.references.empty()) || !users(summary.id).empty()) {
            continue;
        }
        const auto image = *store.find_by_id(summary.id);
        if (!passes(image, filters)) {
            continue;
        }
        std::map<std::string, std::int64_t> sizes;
        for (const auto& chain : image.chain_ids) {
            const auto layer = store.find_layer(chain);
            sizes[chain] = layer ? layer->size.count : 0;
        }
        const auto removal = store.remove(summary.id, {.force = true});
        for (const std::string& name : removal.untagged) {
            lines.push_back("untagged: " + name);
        }
        for (const std::string& id : removal.deleted) {
            lines.push_back("deleted: " + id);
            freed += sizes[id];  // of layers that other images have nothing becomes free
        }
    }
    if (const auto rest = store.collect_garbage()) {
        freed += rest->count;
    }
    if (!lines.empty()) {
        fmt::print("Deleted Images:\n{}\n\n", join(lines, "\n"));
    }
    return freed;
}

int prune_images(Context& context, const Flags& flags) {
    const bool all = flags.on("all");
    const auto filters = flags.values("filter");
    passes({}, filters);  // a wrong one is told before anybody is asked
    if (!flags.on("force") && !confirmed(all)) {
        return 0;
    }
    const std::int64_t freed = sweep_images(context, filters, all);
    fmt::print("Total reclaimed space: {}\n", format_decimal_size(Bytes{freed}));
    return 0;
}

}  // namespace stack::cli
