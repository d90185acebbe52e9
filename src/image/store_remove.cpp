// The part of ImageStore that takes things away: names, images, and what nobody needs any more.
#include <algorithm>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "image/state.hpp"
#include "image/store.hpp"
#include "support/error.hpp"
#include "support/kernel/file_lock.hpp"
#include "support/log.hpp"
#include "support/random.hpp"
#include "support/text.hpp"

namespace stack::image {
namespace {

std::string short_id(const std::string& id) {
    return id.substr(id.find(':') + 1, 12);
}

void check_users(const Image& image, const RemoveOptions& options, const std::vector<ImageUser>& users) {
    for (const ImageUser& user : users) {
        if (user.running) {
            throw Error(Errc::conflict, fmt::format("cannot remove image '{}': running container '{}' uses it",
                                                    image.display_name(), user.name))
                .hint(fmt::format("stop it first: stack container stop {}", user.name));
        }
        if (!options.force) {
            throw Error(Errc::conflict, fmt::format("cannot remove image '{}': stopped container '{}' uses it",
                                                    image.display_name(), user.name))
                .hint(fmt::format("remove the container first (stack container rm {}), or use --force to take "
                                  "only the image's names away",
                                  user.name));
        }
    }
}

size_t repositories(const Image& image) {
    std::set<std::string> names;
    for (const Reference& reference : image.references) {
        names.insert(reference.repository());
    }
    return names.size();
}

void untag(const Database& database, const Image& image, const Reference& reference, Removal& removal) {
    database.prepare("DELETE FROM image_names WHERE name = ?").bind(reference.canonical()).run();
    removal.untagged.push_back(reference.familiar());
    const bool last_of_repository =
        std::none_of(image.references.begin(), image.references.end(), [&](const Reference& other) {
            return other != reference && other.repository() == reference.repository() &&
                   std::find(removal.untagged.begin(), removal.untagged.end(), other.familiar()) ==
                       removal.untagged.end();
        });
    if (!last_of_repository) {
        return;
    }
    for (const std::string& digest : image.repo_digests) {
        if (digest.starts_with(reference.repository() + '@')) {
            removal.untagged.push_back(parse_reference(digest).familiar());
        }
    }
    // Rows of manifests stay while the image does: push gives back the same digests. They lose their repository.
    database.prepare("UPDATE OR REPLACE image_manifests SET repository = '' WHERE image_id = ? AND repository = ?")
        .bind_all(image.id, reference.repository())
        .run();
}

constexpr const char* needed_layers = R"sql(
WITH RECURSIVE needed(chain_id) AS (
  SELECT chain_id FROM image_layers UNION SELECT chain_id FROM layer_pins
  UNION SELECT parent FROM layers JOIN needed USING(chain_id) WHERE parent <> '')
)sql";

std::vector<std::string> unneeded_layers(const Database& database) {
    auto rows = database.prepare(std::string{needed_layers} +
                                 "SELECT chain_id FROM layers WHERE chain_id NOT IN (SELECT chain_id FROM needed)");
    std::vector<std::string> chains;
    while (rows.step()) {
        chains.push_back(rows.text(0));
    }
    return chains;
}

// A layer is first moved out of the way, then loses its row, then its files: a crash leaves only rubbish in tmp/, or a
// row without folder, which no image refers to and the next collection finds again.
void drop_layers(const ImageStore::State& state, const std::vector<std::string>& chains) {
    std::filesystem::create_directories(state.paths.temporary());
    const auto lock = kernel::FileLock::acquire(state.commit_lock());
    for (const std::string& chain : chains) {
        const auto trash = state.paths.temporary() / ("image-rubbish-" + random_hex(8));
        if (::rename(state.layer(chain).c_str(), trash.c_str()) != 0 && errno != ENOENT) {
            throw SysError(errno, fmt::format("move layer '{}' away", chain));
        }
        state.database.prepare("DELETE FROM layers WHERE chain_id = ?").bind(chain).run();
    }
}

void drop_blob_rows(const Database& database) {
    database.execute(
        "DELETE FROM layer_blobs WHERE diff_id NOT IN (SELECT diff_id FROM layers);"
        "DELETE FROM image_manifests WHERE image_id NOT IN (SELECT id FROM images)");
}

std::set<std::string> column(const Database& database, const char* query) {
    std::set<std::string> values;
    auto rows = database.prepare(query);
    while (rows.step()) {
        values.insert(rows.text(0));
    }
    return values;
}

std::int64_t remove_strangers(const std::filesystem::path& folder, const std::set<std::string>& known,
                              const std::string& name_prefix) {
    std::int64_t freed = 0;
    std::error_code error;
    for (const auto& item : std::filesystem::directory_iterator(folder, error)) {
        if (!known.contains(name_prefix + item.path().filename().string())) {
            freed += remove_counting(item.path());
        }
    }
    return freed;
}

// Folders that a living process works in stay: one that has yet to fetch what it will add holds no lock of ours.
std::int64_t remove_rubbish(const Paths& paths) {
    std::int64_t freed = remove_abandoned_folders(paths.temporary(), temporary_prefix);
    std::error_code error;
    for (const auto& item : std::filesystem::directory_iterator(paths.temporary(), error)) {
        if (item.path().filename().string().starts_with(temporary_prefix) && !item.is_directory(error)) {
            freed += remove_counting(item.path());  // a download that was to go on
        }
    }
    return freed;
}

}  // namespace

Removal ImageStore::remove(std::string_view name_or_id, const RemoveOptions& options) {
    const Image image = get(name_or_id);
    const auto written = find_reference(name_or_id);
    const auto named = std::find_if(image.references.begin(), image.references.end(), [&](const Reference& reference) {
        return written && written->digest.empty() && reference == written->with_default_tag();
    });
    const bool by_name = named != image.references.end();
    Removal removal;
    const auto users = options.users ? options.users(image.id) : std::vector<ImageUser>{};
    Transaction change{state_->database};
    if (by_name && image.references.size() > 1) {
        untag(state_->database, image, *named, removal);
        change.commit();
        return removal;
    }
    if (!by_name && !options.force && repositories(image) > 1) {
        throw Error(Errc::conflict,
                    fmt::format("cannot remove image {}: it is named in several repositories", short_id(image.id)))
            .hint("remove it by its names, or use --force");
    }
    // By name and with force only the name goes: what runs keeps the image.
    if (!by_name || !options.force) {
        check_users(image, options, users);
    }
    for (const Reference& reference : image.references) {
        untag(state_->database, image, reference, removal);
    }
    // A container still needs the layers; the image goes when `prune` finds it dangling and unused.
    const bool keep = !users.empty() || options.keep_untagged;
    if (!keep) {
        state_->database.prepare("DELETE FROM images WHERE id = ?").bind(image.id).run();
        removal.deleted.push_back(image.id);
        for (const std::string& chain : unneeded_layers(state_->database)) {
            removal.deleted.push_back(chain);
        }
    }
    change.commit();
    if (!keep) {
        collect_garbage();
    }
    return removal;
}

std::optional<Bytes> ImageStore::collect_garbage() {
    std::filesystem::create_directories(state_->paths.locks());
    const auto alone = kernel::FileLock::try_acquire(state_->use_lock());
    if (!alone) {
        return std::nullopt;
    }
    const Database& database = state_->database;
    drop_layers(*state_, unneeded_layers(database));
    drop_blob_rows(database);
    std::int64_t freed = remove_rubbish(state_->paths);
    freed += remove_strangers(state_->paths.blobs(),
                              column(database,
                                     "SELECT id FROM images UNION SELECT digest FROM image_manifests "
                                     "UNION SELECT digest FROM layer_blobs"),
                              "sha256:");
    freed += remove_strangers(state_->splits(), column(database, "SELECT diff_id FROM layers"), "sha256:");
    freed += remove_strangers(state_->paths.layers(), column(database, "SELECT chain_id FROM layers"), "sha256:");
    return Bytes{freed};
}

}  // namespace stack::image
