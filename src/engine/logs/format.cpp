#include "engine/logs/format.hpp"

#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>

#include "support/kernel/unique_fd.hpp"
#include "support/text.hpp"

namespace stack::engine::logs {

std::filesystem::path index_file(const std::filesystem::path& folder, std::uint64_t generation) {
    return folder / ("index." + std::to_string(generation));
}

std::filesystem::path data_file(const std::filesystem::path& folder, Stream stream, std::uint64_t generation) {
    return folder / ((stream == Stream::out ? "stdout." : "stderr.") + std::to_string(generation));
}

std::vector<std::uint64_t> generations(const std::filesystem::path& folder) {
    std::vector<std::uint64_t> numbers;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator{folder, ignored}) {
        const std::string name = entry.path().filename();
        if (name.starts_with("index.")) {
            if (const auto number = parse_uint(std::string_view{name}.substr(6))) {
                numbers.push_back(*number);
            }
        }
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

void nudge_followers(const std::filesystem::path& folder) noexcept {
    const UniqueFd file{::open((folder / "state").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0640)};
    if (file) {
        ::futimens(file.get(), nullptr);
    }
}

}  // namespace stack::engine::logs
