#include "cli/build_context.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "build/fetch.hpp"
#include "build/git_source.hpp"
#include "build/unpack.hpp"
#include "cli/build_sources.hpp"
#include "image/archive.hpp"
#include "image/config.hpp"
#include "image/reference.hpp"
#include "image/store.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/log.hpp"

namespace stack::cli {
namespace {

namespace fs = std::filesystem;

/// A fresh folder that lives as long as the request.
fs::path new_folder(const Paths& paths, build::BuildRequest& request) {
    // Beside the store, because contexts may be large, and the next command cleans up there when this one is killed.
    auto folder = std::make_shared<TempDir>(paths.temporary(), "image-context-");
    request.scratch.push_back(folder);
    return folder->path();
}

fs::path write_standard_input(const Paths& paths, build::BuildRequest& request) {
    auto file = new_folder(paths, request) / "input";
    const UniqueFd out = kernel::open_at(AT_FDCWD, file, O_WRONLY | O_CREAT | O_EXCL, 0600);
    std::string buffer(size_t{256} << 10U, '\0');
    for (;;) {
        const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        check(got, [] { return "read standard input"; });
        if (got == 0) {
            return file;
        }
        write_all(out.get(), std::string_view{buffer}.substr(0, static_cast<size_t>(got)), file);
    }
}

void take_folder(build::BuildRequest& request, const fs::path& folder, const std::string& dockerfile, bool wants_file) {
    if (wants_file) {
        read_build_folder(request, folder, dockerfile);
        return;
    }
    request.context = fs::absolute(folder).lexically_normal();
    if (!fs::is_directory(request.context)) {
        throw Error{Errc::not_found, fmt::format("the build context '{}' is not a folder", folder.string())};
    }
    request.ignore_text = find_file(request.context / ".dockerignore").value_or("");
}

/// For messages. A file of that name in the working directory is another one, and must not be shown for it.
std::string fetched_name(const std::string& dockerfile) {
    return fmt::format("{} (of the context)", dockerfile.empty() ? "Dockerfile" : dockerfile);
}

/// The file is a context's tar, or a Dockerfile that has no context.
void take_file(const Paths& paths, build::BuildRequest& request, const fs::path& file, const std::string& dockerfile,
               bool wants_file) {
    const UniqueFd fd = kernel::open_at(AT_FDCWD, file, O_RDONLY);
    if (build::is_tar(fd.get())) {
        const auto folder = new_folder(paths, request);
        build::unpack_tar(fd.get(), folder);
        take_folder(request, folder, dockerfile, wants_file);
        request.dockerfile_name = fetched_name(dockerfile);
        return;
    }
    if (!dockerfile.empty()) {
        throw Error{Errc::invalid_input, "the build context is a lone Dockerfile, so --file can name no other"};
    }
    request.dockerfile = read_file(file);
    request.dockerfile_name = fetched_name("");
}

fs::path clone(const Paths& paths, build::BuildRequest& request, const build::GitSource& source) {
    return build::check_out(source, new_folder(paths, request) / "tree", false).tree;
}

/// An image of the store that nobody has named: taken out again when the build is over, its layers stay for those that
/// were built on it.
class BorrowedImage {
public:
    BorrowedImage(const Paths& paths, std::string id) : paths_{paths}, id_{std::move(id)} {}
    BorrowedImage(const BorrowedImage&) = delete;
    BorrowedImage& operator=(const BorrowedImage&) = delete;
    ~BorrowedImage() {
        try {
            image::ImageStore store{paths_};
            if (const auto here = store.find_by_id(id_); here && here->references.empty()) {
                store.remove(id_);
            }
        } catch (const std::exception& error) {
            log_debug("remove image {} of a build context: {}", id_, error.what());
        }
    }

private:
    Paths paths_;
    std::string id_;
};

/// "folder", "folder:tag", "folder@sha256:…"; a folder's own name may have a ':'.
std::string load_layout(const Paths& paths, build::BuildRequest& request, std::string where) {
    std::string digest;
    std::string tag;
    if (const auto at = where.rfind('@'); at != std::string::npos && image::is_sha256_digest(where.substr(at + 1))) {
        digest = where.substr(at + 1);
        where.resize(at);
    }
    const auto colon = where.rfind(':');
    if (colon != std::string::npos && where.find('/', colon) == std::string::npos && !fs::is_directory(where)) {
        tag = where.substr(colon + 1);
        where.resize(colon);
    }
    image::ImageStore store{paths};
    const auto platform = request.platform.empty() ? image::host_platform() : image::parse_platform(request.platform);
    const auto loaded = image::load_layout(store, fs::absolute(where).lexically_normal(), tag, digest, platform);
    if (!loaded.was_here) {
        request.scratch.push_back(std::make_shared<BorrowedImage>(paths, loaded.id));
    }
    return loaded.id;
}

}  // namespace

void read_build_context(const Paths& paths, build::BuildRequest& request, const std::string& where,
                        const std::string& dockerfile, bool wants_file) {
    if (where == "-") {
        if (dockerfile == "-") {
            throw UsageError{"standard input cannot be the context and the Dockerfile"};
        }
        take_file(paths, request, write_standard_input(paths, request), dockerfile, wants_file);
    } else if (const auto git = build::parse_git_source(where)) {
        take_folder(request, clone(paths, request, *git), dockerfile, wants_file);
        request.dockerfile_name = fetched_name(dockerfile);
    } else if (build::is_web_address(where)) {
        const auto file = new_folder(paths, request) / "fetched";
        build::fetch_file(where, file);
        take_file(paths, request, file, dockerfile, wants_file);
    } else {
        take_folder(request, where, dockerfile, wants_file);
    }
}

build::NamedContext read_named_context(const Paths& paths, build::BuildRequest& request, const std::string& name,
                                       const std::string& where) {
    constexpr std::string_view image_scheme = "docker-image://";
    constexpr std::string_view layout_scheme = "oci-layout://";
    build::NamedContext context;
    if (where.starts_with(image_scheme)) {
        context.image = where.substr(image_scheme.size());
    } else if (where.starts_with(layout_scheme)) {
        context.image = while_doing(fmt::format("read build context '{}'", name),
                                    [&] { return load_layout(paths, request, where.substr(layout_scheme.size())); });
    } else if (const auto git = build::parse_git_source(where)) {
        context.folder = clone(paths, request, *git);
    } else if (build::is_web_address(where)) {
        const auto place = new_folder(paths, request);
        build::fetch_file(where, place / "fetched");
        const UniqueFd file = kernel::open_at(AT_FDCWD, place / "fetched", O_RDONLY);
        if (!build::is_tar(file.get())) {
            throw Error{Errc::invalid_input, fmt::format("build context '{}': '{}' is no tar", name, where)};
        }
        context.folder = new_folder(paths, request);
        build::unpack_tar(file.get(), context.folder);
    } else if (where.find("://") != std::string::npos) {
        throw Error{Errc::unsupported,
                    fmt::format("build context '{}': '{}' is neither a folder, a git repository, the web address of a "
                                "tar nor docker-image:// or oci-layout://",
                                name, where)};
    } else {
        context.folder = fs::absolute(where).lexically_normal();
        if (!fs::is_directory(context.folder)) {
            throw Error{Errc::not_found, fmt::format("build context '{}': '{}' is not a folder", name, where)};
        }
    }
    return context;
}

}  // namespace stack::cli
