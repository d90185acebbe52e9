#include "image/layout_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "image/file_input.hpp"
#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/text.hpp"

namespace stack::image {
namespace {

class LayoutFile final : public tar::Input {
public:
    LayoutFile(UniqueFd file, std::int64_t size, const std::string& name)
        : file_{std::move(file)}, range_{file_.get(), 0, size, name} {}

    std::string_view next() override { return range_.next(); }
    std::int64_t jump(std::int64_t count) override { return range_.jump(count); }

private:
    UniqueFd file_;
    FileInput range_;
};

UniqueFd open_file(int root, const std::string& name, std::int64_t& size) {
    auto file = [&] {
        try {
            return kernel::open_in_root(root, name, O_RDONLY | O_NONBLOCK);
        } catch (const SysError& error) {
            throw Error(Errc::invalid_input,
                        fmt::format("the image layout's '{}': {}", abbreviate(name, 200), error.what()));
        }
    }();
    struct stat status {};
    check(::fstat(file.get(), &status), [&] { return fmt::format("stat of '{}'", name); });
    if (!S_ISREG(status.st_mode)) {
        throw Error(Errc::invalid_input, fmt::format("'{}' of the image layout is no file", abbreviate(name, 200)));
    }
    size = status.st_size;
    return file;
}

}  // namespace

LayoutFolder::LayoutFolder(const std::filesystem::path& folder) {
    if (!std::filesystem::is_directory(folder)) {
        throw Error(Errc::not_found, fmt::format("the image layout '{}' is not a folder", folder.string()));
    }
    root_ = kernel::open_at(AT_FDCWD, folder, O_PATH | O_DIRECTORY);
}

bool LayoutFolder::has(const std::string& name) const {
    return ::faccessat(root_.get(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

std::int64_t LayoutFolder::size(const std::string& name) const {
    std::int64_t size = 0;
    (void)open_file(root_.get(), name, size);
    return size;
}

std::unique_ptr<tar::Input> LayoutFolder::open(const std::string& name) const {
    std::int64_t size = 0;
    auto file = open_file(root_.get(), name, size);
    return std::make_unique<LayoutFile>(std::move(file), size, name);
}

}  // namespace stack::image
