#include "cli/state_view.hpp"

#include <algorithm>
#include <filesystem>
#include <tuple>

#include <fmt/format.h>

#include "support/error.hpp"

namespace stack::cli {

using engine::ContainerRow;

StateView::StateView(const Paths& paths) {
    std::error_code refused;
    if (std::filesystem::exists(paths.database(), refused)) {
        database_.emplace(paths.database());
        // A long list is read from the page cache where it lies, not copied page by page.
        database_->execute("PRAGMA mmap_size = 1073741824");
        store_.emplace(*database_);
    } else if (refused) {
        throw Error{Errc::permission,
                    fmt::format("cannot look into '{}': {}", paths.root().string(), refused.message())}
            .hint("run it as root");
    }
}

std::vector<ContainerRow> StateView::list(const engine::ContainerFilter& filter) const {
    return store_ ? store_->list(filter) : std::vector<ContainerRow>{};
}

std::optional<ContainerRow> StateView::find(std::string_view name_or_id) const {
    return store_ ? store_->find(name_or_id) : std::nullopt;
}

ContainerRow StateView::get(std::string_view name_or_id) const {
    if (!store_) {
        throw Error{Errc::not_found, fmt::format("no such container: {}", name_or_id)};
    }
    return store_->get(name_or_id);
}

std::vector<std::string> StateView::projects() const {
    return store_ ? store_->projects() : std::vector<std::string>{};
}

std::vector<std::string> StateView::services(const std::string& project) const {
    return store_ ? store_->services(project) : std::vector<std::string>{};
}

std::vector<ContainerRow> StateView::of_project(const std::string& project, const std::vector<std::string>& services,
                                                bool with_one_off) const {
    engine::ContainerFilter filter{.project = project, .service = {}, .one_off = {}};
    if (!with_one_off) {
        filter.one_off = false;
    }
    std::vector<ContainerRow> rows = list(filter);
    for (const std::string& service : services) {
        if (std::none_of(rows.begin(), rows.end(), [&](const ContainerRow& row) { return row.service == service; })) {
            throw Error{Errc::not_found, fmt::format("service '{}' has no container", service)}.hint(
                fmt::format("'stack up -d {}' makes one", service));
        }
    }
    if (!services.empty()) {
        std::erase_if(rows, [&](const ContainerRow& row) {
            return std::find(services.begin(), services.end(), row.service) == services.end();
        });
    }
    std::sort(rows.begin(), rows.end(), [](const ContainerRow& a, const ContainerRow& b) {
        return std::tie(a.one_off, a.service, a.replica, a.created_ns) <
               std::tie(b.one_off, b.service, b.replica, b.created_ns);
    });
    return rows;
}

ContainerRow StateView::replica(const std::string& project, const std::string& service,
                                std::optional<long> index) const {
    engine::ContainerFilter filter{.project = project, .service = service, .one_off = false};
    std::vector<ContainerRow> rows = list(filter);
    std::sort(rows.begin(), rows.end(),
              [](const ContainerRow& a, const ContainerRow& b) { return a.replica < b.replica; });
    for (ContainerRow& row : rows) {
        if (index ? row.replica == *index : row.is_up()) {
            return std::move(row);
        }
    }
    throw Error{Errc::not_found, index ? fmt::format("service '{}' has no container {}", service, *index)
                                       : fmt::format("service '{}' is not running", service)}
        .hint(fmt::format("'stack up -d {}' starts it, 'stack ps -a' shows what there is", service));
}

}  // namespace stack::cli
