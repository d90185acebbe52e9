#include "cli/container/copy_session.hpp"

#include <csignal>
#include <exception>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/access/tree.hpp"
#include "engine/runtime/copy.hpp"
#include "engine/signals.hpp"
#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::cli {

namespace {

/// A root and a path in it, whichever side it is.
struct Side {
    UniqueFd root;
    std::string path;   ///< absolute, with the "/." or "/" at its end that was written
    std::string shown;  ///< for messages

    std::optional<runtime::PathStat> look(const std::string& at, bool follow) const {
        try {
            return runtime::stat_in_root(root.get(), at, follow);
        } catch (const SysError& error) {
            if (error.err() != ENOENT && error.err() != ENOTDIR) {
                throw;
            }
        } catch (const Error& error) {
            if (error.code() != Errc::not_found) {
                throw;
            }
        }
        return std::nullopt;
    }
};

bool is_folder(const std::optional<runtime::PathStat>& stat) {
    return stat && S_ISDIR(stat->mode);
}

std::string without_end(std::string path) {
    while (path.size() > 1 && (path.ends_with("/") || path.ends_with("/."))) {
        path.pop_back();
    }
    return path;
}

Side open_side(const Context& context, const CopyEnd& end) {
    Side side;
    side.path = end.path;
    if (end.container) {
        side.root = engine::open_container_root(context.paths, *end.container);
        side.shown = fmt::format("{}:{}", end.container->name, end.path);
        side.path = end.path.starts_with('/') ? end.path : "/" + end.path;
    } else {
        side.root = kernel::open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
        side.shown = end.path;
        if (!end.path.starts_with('/')) {
            side.path = (std::filesystem::current_path() / "").string() + end.path;
        }
        if (end.path == "." || end.path == ".." || end.path.ends_with("/..")) {
            side.path += "/.";
        }
    }
    return side;
}

/// Where the tar's entries go, and the name of the first one.
struct Landing {
    std::string folder, name;
};

Landing land(const Side& from, const runtime::PathStat& source, const Side& to) {
    const auto there = to.look(without_end(to.path), true);
    const std::string target = without_end(to.path);
    const size_t slash = target.rfind('/');
    const std::string parent = slash == 0 ? "/" : target.substr(0, slash);
    const std::string name = target.substr(slash + 1);
    if (is_folder(there)) {
        return {target, from.path.ends_with("/.") ? "." : ""};
    }
    if (there) {
        if (S_ISDIR(source.mode)) {
            throw Error{Errc::conflict,
                        fmt::format("cannot copy the folder '{}' to '{}', which is a file", from.shown, to.shown)};
        }
        if (to.path.ends_with("/") || to.path.ends_with("/.")) {
            throw Error{Errc::conflict, fmt::format("'{}' is not a folder", to.shown)};
        }
        return {parent, name};
    }
    if (!S_ISDIR(source.mode) && (to.path.ends_with("/") || to.path.ends_with("/."))) {
        throw Error{Errc::not_found, fmt::format("there is no folder '{}'", to.shown)};
    }
    if (!is_folder(to.look(parent, true))) {
        throw Error{Errc::not_found, fmt::format("there is no folder '{}' to put '{}' in", parent, name)};
    }
    return {parent, name};
}

runtime::CopyInOptions options_of(const CopyWish& wish) {
    runtime::CopyInOptions options;
    options.no_overwrite_dir_non_dir = true;
    // A tar on standard input says whose its files are; what comes from a file tree becomes that of who asks for it.
    options.keep_owner = wish.archive || wish.from.is_stream();
    if (!wish.to.container) {
        options.uid = ::geteuid();
        options.gid = ::getegid();
    }
    return options;
}

void copy_tree(const Context& context, const CopyWish& wish) {
    const Side from = open_side(context, wish.from);
    const Side to = open_side(context, wish.to);
    const bool follow = wish.follow_link || from.path.ends_with("/");
    const auto source = from.look(without_end(from.path), follow || from.path.ends_with("/."));
    if (!source) {
        throw Error{Errc::not_found, fmt::format("there is no '{}'", from.shown)};
    }
    if (!S_ISDIR(source->mode) && (from.path.ends_with("/") || from.path.ends_with("/."))) {
        throw Error{Errc::conflict, fmt::format("'{}' is not a folder", from.shown)};
    }
    const Landing landing = land(from, *source, to);
    Pipe tar = make_pipe();
    std::exception_ptr failure;
    std::thread writer{[&] {
        try {
            runtime::copy_out(from.root.get(), from.path, tar.write.get(), follow, landing.name);
        } catch (...) {
            failure = std::current_exception();
        }
        tar.write.reset();
    }};
    std::exception_ptr reading;
    try {
        runtime::copy_in(to.root.get(), landing.folder, tar.read.get(), options_of(wish));
    } catch (...) {
        reading = std::current_exception();
    }
    tar.read.reset();
    writer.join();
    // An archive that ends too early is the writer's doing; a pipe that breaks is the reader's.
    if (failure) {
        try {
            std::rethrow_exception(failure);
        } catch (const SysError& error) {
            if (error.err() != EPIPE) {
                throw;
            }
        }
    }
    if (reading) {
        std::rethrow_exception(reading);
    }
}

}  // namespace

void copy_between(const Context& context, const CopyWish& wish) {
    engine::ignore_signal(SIGPIPE);
    if (wish.to.is_stream()) {
        const Side from = open_side(context, wish.from);
        runtime::copy_out(from.root.get(), from.path, STDOUT_FILENO, wish.follow_link);
    } else if (wish.from.is_stream()) {
        const Side to = open_side(context, wish.to);
        if (!is_folder(to.look(without_end(to.path), true))) {
            throw Error{Errc::not_found, fmt::format("there is no folder '{}'", to.shown)};
        }
        runtime::copy_in(to.root.get(), without_end(to.path), STDIN_FILENO, options_of(wish));
    } else {
        copy_tree(context, wish);
    }
}

}  // namespace stack::cli
