#include "engine/logs/format.hpp"

#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/kernel/unique_fd.hpp"
#include "support/text.hpp"

namespace stack::engine::logs {
namespace {

constexpr std::string_view index_prefix = "index.";
constexpr std::string_view packed_suffix = ".zst";
constexpr std::uint64_t page = 4096;

template <typename Use>
void for_each_file(const std::filesystem::path& folder, std::uint64_t generation, Use use) {
    // The index first: without it nobody looks for the others.
    for (const auto& file : {index_file(folder, generation), data_file(folder, Stream::out, generation),
                             data_file(folder, Stream::err, generation)}) {
        use(packed_file(file));
        use(file);
    }
}

}  // namespace

std::filesystem::path index_file(const std::filesystem::path& folder, std::uint64_t generation) {
    return folder / (std::string{index_prefix} + std::to_string(generation));
}

std::filesystem::path data_file(const std::filesystem::path& folder, Stream stream, std::uint64_t generation) {
    return folder / ((stream == Stream::out ? "stdout." : "stderr.") + std::to_string(generation));
}

std::filesystem::path packed_file(const std::filesystem::path& file) {
    return file.string().append(packed_suffix);
}

void remove_generation(const std::filesystem::path& folder, std::uint64_t generation) noexcept {
    for_each_file(folder, generation, [](const std::filesystem::path& file) { ::unlink(file.c_str()); });
}

std::uint64_t disk_usage(const std::filesystem::path& folder, std::uint64_t generation) noexcept {
    std::uint64_t bytes = 0;
    for_each_file(folder, generation, [&](const std::filesystem::path& file) {
        struct stat status {};
        if (::stat(file.c_str(), &status) == 0) {
            // Not st_blocks: the kernel counts those when it writes the file back.
            bytes += (static_cast<std::uint64_t>(status.st_size) + page - 1) / page * page;
        }
    });
    return bytes;
}

std::vector<std::uint64_t> generations(const std::filesystem::path& folder) {
    std::vector<std::uint64_t> numbers;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator{folder, ignored}) {
        const std::string file_name = entry.path().filename();
        std::string_view name = file_name;
        if (name.ends_with(packed_suffix)) {
            name.remove_suffix(packed_suffix.size());
        }
        if (name.starts_with(index_prefix)) {
            if (const auto number = parse_uint(name.substr(index_prefix.size()))) {
                numbers.push_back(*number);
            }
        }
    }
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    return numbers;
}

void nudge_followers(const std::filesystem::path& folder) noexcept {
    const UniqueFd file{::open((folder / "state").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0640)};
    if (file) {
        ::futimens(file.get(), nullptr);
    }
}

}  // namespace stack::engine::logs
