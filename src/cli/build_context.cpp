#include "cli/build_context.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "build/fetch.hpp"
#include "build/git_source.hpp"
#include "build/unpack.hpp"
#include "cli/build_sources.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::cli {
namespace {

namespace fs = std::filesystem;

/// A fresh folder that lives as long as the request.
fs::path new_folder(build::BuildRequest& request, const char* prefix) {
    // Contexts are read by this process only; they may be large, so not on a tmpfs.
    request.scratch.push_back(std::make_shared<TempDir>("/var/tmp", prefix));
    return request.scratch.back()->path();
}

fs::path write_standard_input(build::BuildRequest& request) {
    const auto file = new_folder(request, "stack-context-") / "input";
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

/// The file is a context's tar, or a Dockerfile that has no context.
void take_file(build::BuildRequest& request, const fs::path& file, const std::string& dockerfile, bool wants_file) {
    const UniqueFd fd = kernel::open_at(AT_FDCWD, file, O_RDONLY);
    if (build::is_tar(fd.get())) {
        const auto folder = new_folder(request, "stack-context-");
        build::unpack_tar(fd.get(), folder);
        take_folder(request, folder, dockerfile, wants_file);
        request.dockerfile_name = dockerfile.empty() ? "Dockerfile" : dockerfile;
        return;
    }
    if (!dockerfile.empty()) {
        throw Error{Errc::invalid_input, "the build context is a lone Dockerfile, so --file can name no other"};
    }
    request.dockerfile = read_file(file);
    request.dockerfile_name = "Dockerfile";
}

fs::path clone(build::BuildRequest& request, const build::GitSource& source) {
    return build::check_out(source, new_folder(request, "stack-git-") / "tree", false).tree;
}

}  // namespace

void read_build_context(build::BuildRequest& request, const std::string& where, const std::string& dockerfile,
                        bool wants_file) {
    if (where == "-") {
        if (dockerfile == "-") {
            throw UsageError{"standard input cannot be the context and the Dockerfile"};
        }
        take_file(request, write_standard_input(request), dockerfile, wants_file);
    } else if (const auto git = build::parse_git_source(where)) {
        take_folder(request, clone(request, *git), dockerfile, wants_file);
        request.dockerfile_name = dockerfile.empty() ? "Dockerfile" : dockerfile;
    } else if (build::is_web_address(where)) {
        const auto file = new_folder(request, "stack-context-") / "fetched";
        build::fetch_file(where, file);
        take_file(request, file, dockerfile, wants_file);
    } else {
        take_folder(request, where, dockerfile, wants_file);
    }
}

build::NamedContext read_named_context(build::BuildRequest& request, const std::string& name,
                                       const std::string& where) {
    constexpr std::string_view image_scheme = "docker-image://";
    build::NamedContext context;
    if (where.starts_with(image_scheme)) {
        context.image = where.substr(image_scheme.size());
    } else if (const auto git = build::parse_git_source(where)) {
        context.folder = clone(request, *git);
    } else if (build::is_web_address(where)) {
        const auto place = new_folder(request, "stack-context-");
        build::fetch_file(where, place / "fetched");
        const UniqueFd file = kernel::open_at(AT_FDCWD, place / "fetched", O_RDONLY);
        if (!build::is_tar(file.get())) {
            throw Error{Errc::invalid_input, fmt::format("build context '{}': '{}' is no tar", name, where)};
        }
        context.folder = new_folder(request, "stack-context-");
        build::unpack_tar(file.get(), context.folder);
    } else if (where.find("://") != std::string::npos) {
        throw Error{Errc::unsupported,
                    fmt::format("build context '{}': '{}' is neither a folder, a git repository, the web address of a "
                                "tar nor docker-image://",
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
