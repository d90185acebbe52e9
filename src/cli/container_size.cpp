#include "cli/container_size.hpp"

#include <filesystem>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "support/byte_size.hpp"

namespace stack::cli {

std::int64_t file_sizes(const std::filesystem::path& folder) {
    std::int64_t bytes = 0;
    std::set<std::pair<dev_t, ino_t>> linked;
    std::error_code ignored;
    using Walk = std::filesystem::recursive_directory_iterator;
    for (auto entry = Walk{folder, ignored}; entry != Walk{}; entry.increment(ignored)) {
        struct stat info {};
        if (::lstat(entry->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
            continue;
        }
        if (info.st_nlink < 2 || linked.emplace(info.st_dev, info.st_ino).second) {
            bytes += info.st_size;
        }
    }
    return bytes;
}

ContainerSize container_size(const Paths& paths, const image::ImageStore& images, const engine::ContainerRow& row) {
    ContainerSize size;
    size.writable = file_sizes(paths.container(row.id) / "upper");
    const auto image = images.find_by_id(row.image_id);
    size.root = size.writable + (image ? image->size.count : 0);
    return size;
}

void add_size(nlohmann::json& container, const ContainerSize& size) {
    container["SizeRw"] = size.writable;
    container["SizeRootFs"] = size.root;
}

std::string size_text(const ContainerSize& size) {
    return fmt::format("{} (virtual {})", format_decimal_size(Bytes{size.writable}),
                       format_decimal_size(Bytes{size.root}));
}

}  // namespace stack::cli
