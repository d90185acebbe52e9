#include "build/copy_step.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "build/owner.hpp"
#include "support/digest.hpp"
#include "support/error.hpp"
#include "support/kernel/file_copy.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::build {
namespace {

namespace fs = std::filesystem;
using Match = SourceTree::Match;

/// Copies the matches of one request into one layer.
class Copying {
public:
    Copying(const CopyRequest& request, const std::vector<fs::path>& lower, const fs::path& staged,
            const fs::path& staging)
        : request_{request},
          writer_{lower, staged},
          staging_{kernel::open_at(AT_FDCWD, staging, O_RDONLY | O_DIRECTORY)} {
        fresh_.owner = request.owner.value_or(std::pair<uid_t, gid_t>{0, 0});
        size_t count = 0;
        for (const auto& source : request.sources) {
            count += source.matches.size();
        }
        target_is_folder_ = request.target.ends_with('/') || count > 1 || request.parents;
    }

    void run() {
        for (const auto& source : request_.sources) {
            for (const auto& match : source.matches) {
                copy(source, match);
            }
        }
        writer_.restore_times();
    }

private:
    kernel::CopyOptions options_for(const CopyRequest::Source& source, const Match& match) const {
        kernel::CopyOptions options;
        options.owner = source.unpacked ? std::nullopt : request_.owner;
        if (!options.owner && source.is_context) {
            options.owner = {0, 0};
        }
        options.keep_xattrs = !source.is_context;
        options.time = request_.time;
        if (!request_.mode_text.empty() && !source.unpacked) {
            options.mode = parse_mode(request_.mode_text);
        }
        const auto prefix = match.is_folder && !match.path.empty() ? match.path + "/" : std::string{};
        options.skip = [this, &source, prefix](const std::string& path, bool is_folder) {
            if (source.tree->hides(prefix + path, is_folder)) {
                return true;
            }
            return !request_.exclude.empty() && request_.exclude.ignores(path) &&
                   (!is_folder || request_.exclude.can_skip(path));
        };
        return options;
    }

    /// Where a match goes: `target` itself, or with --parents below it.
    std::string base_for(const Match& match) const {
        if (!request_.parents) {
            return request_.target;
        }
        const auto folders = match.is_folder ? fs::path{match.as_written} : fs::path{match.as_written}.parent_path();
        return (fs::path{request_.target} / folders).string() + "/";
    }

    void copy(const CopyRequest::Source& source, const Match& match) {
        kernel::TreeCopier copier{staging_.get(), options_for(source, match)};
        const auto base = base_for(match);
        if (match.is_folder) {
            copy_folder(source, match, base, copier);
            return;
        }
        const auto there = writer_.resolve(base);
        const bool into_folder = target_is_folder_ || (there.exists && S_ISDIR(there.status.st_mode));
        const fs::path folder = into_folder ? fs::path{base} : fs::path{base}.parent_path();
        const std::string name = into_folder ? match.name : fs::path{base}.filename().string();
        if (name.empty()) {
            throw Error(Errc::invalid_input, fmt::format("'{}' cannot be copied to '{}'", match.name, base));
        }
        const auto place = writer_.resolve((folder / name).string());
        if (place.exists && S_ISDIR(place.status.st_mode)) {
            throw Error(Errc::invalid_input, fmt::format("the file '{}' cannot replace the folder '{}'", match.name,
                                                         (folder / name).string()));
        }
        const auto parent = source.tree->parent_of(match);
        const auto entry = parent.find(fs::path{match.path}.filename());
        if (!entry) {
            throw Error(Errc::not_found, fmt::format("'{}' is no longer there", match.path));
        }
        // A link to a file leads on: what it points to is replaced, and the link stays.
        const fs::path written = place.exists ? fs::path{place.path} : folder / name;
        const UniqueFd target = writer_.ensure_folder(written.parent_path(), fresh_);
        kernel::CopyOptions options = options_for(source, match);
        options.skip = nullptr;  // it was asked for by name
        kernel::TreeCopier single{staging_.get(), std::move(options)};
        single.copy_entry(parent, *entry, target.get(), written.filename());
    }

    void copy_folder(const CopyRequest::Source& source, const Match& match, const std::string& base,
                     kernel::TreeCopier& copier) {
        const auto from = source.tree->folder(match.path);
        if (!request_.parents || writer_.resolve(base).exists) {
            // The content only: a target that is made for it is a folder like any other, as with BuildKit.
            const UniqueFd target = writer_.ensure_folder(base, fresh_);
            copier.copy_content_of(from, target.get());
            return;
        }
        // With --parents the folder itself is copied, the ones above it are not.
        auto path = base;
        while (path.size() > 1 && path.ends_with('/')) {
            path.pop_back();
        }
        (void)writer_.ensure_folder(fs::path{path}.parent_path(), fresh_);
        const UniqueFd target = writer_.ensure_folder(path, fresh_);
        copier.copy_folder(from, target.get());
    }

    const CopyRequest& request_;
    LayerWriter writer_;
    UniqueFd staging_;
    LayerWriter::NewFolder fresh_;
    bool target_is_folder_{false};
};

}  // namespace

std::string describe_copy(const CopyRequest& request) {
    // Counted up when a copy's outcome changes: layers of earlier versions are not taken from the cache then.
    constexpr int rules = 2;
    std::string text = fmt::format("rules {}\nto {}\nmode {}\nexclude {}\nparents {}\n", rules, request.target,
                                   request.mode_text, request.exclude_text, request.parents);
    if (request.time) {
        text += fmt::format("time {}\n", request.time->tv_sec);
    }
    if (request.owner) {
        text += fmt::format("owner {}:{}\n", request.owner->first, request.owner->second);
    }
    for (const auto& source : request.sources) {
        const bool with_owner = !source.is_context && (!request.owner || source.unpacked);
        for (const auto& match : source.matches) {
            text += fmt::format("{} {} {} {}\n", match.is_folder ? "folder" : "file", match.name,
                                request.parents ? match.as_written : "",
                                source.tree->digest(match, request.exclude, with_owner));
        }
    }
    return sha256_hex(text);
}

void carry_out_copy(const CopyRequest& request, const std::vector<fs::path>& lower, const fs::path& staged,
                    const fs::path& staging) {
    Copying{request, lower, staged, staging}.run();
}

}  // namespace stack::build
