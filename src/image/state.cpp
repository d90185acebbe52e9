#include "image/state.hpp"

#include <algorithm>
#include <cstdio>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "support/digest.hpp"
#include "support/error.hpp"
#include "support/kernel/file_lock.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/random.hpp"

namespace stack::image {
namespace {

constexpr const char* schema = R"sql(
CREATE TABLE IF NOT EXISTS images(
  id TEXT PRIMARY KEY, created INTEGER NOT NULL, stored INTEGER NOT NULL, size INTEGER NOT NULL,
  architecture TEXT NOT NULL, os TEXT NOT NULL, variant TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS image_names(
  name TEXT PRIMARY KEY, image_id TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS image_names_by_image ON image_names(image_id);
CREATE TABLE IF NOT EXISTS image_manifests(
  repository TEXT NOT NULL, digest TEXT NOT NULL, image_id TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE,
  media_type TEXT NOT NULL, PRIMARY KEY(repository, digest)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS image_manifests_by_image ON image_manifests(image_id);
CREATE TABLE IF NOT EXISTS layers(
  chain_id TEXT PRIMARY KEY, parent TEXT NOT NULL, diff_id TEXT NOT NULL, size INTEGER NOT NULL,
  tar_size INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS layers_by_diff ON layers(diff_id);
CREATE TABLE IF NOT EXISTS image_layers(
  image_id TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE, position INTEGER NOT NULL,
  chain_id TEXT NOT NULL REFERENCES layers(chain_id), PRIMARY KEY(image_id, position)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS image_layers_by_chain ON image_layers(chain_id);
CREATE TABLE IF NOT EXISTS layer_blobs(
  diff_id TEXT NOT NULL, digest TEXT NOT NULL, media_type TEXT NOT NULL, size INTEGER NOT NULL,
  PRIMARY KEY(diff_id, digest)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS layer_pins(
  chain_id TEXT NOT NULL REFERENCES layers(chain_id), owner TEXT NOT NULL, PRIMARY KEY(owner, chain_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS layer_pins_by_chain ON layer_pins(chain_id);
CREATE TABLE IF NOT EXISTS image_asked(name TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS layers_unsynced(
  chain_id TEXT PRIMARY KEY REFERENCES layers(chain_id) ON DELETE CASCADE, boot TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS image_annotations(
  image_id TEXT PRIMARY KEY REFERENCES images(id) ON DELETE CASCADE, annotations TEXT NOT NULL) WITHOUT ROWID;
)sql";

std::string boot_id() {
    return read_file("/proc/sys/kernel/random/boot_id");
}

/// Layers that were not on the disk for sure when the machine went down. No image has them.
void drop_lost_layers(const Database& database) {
    auto any = database.prepare("SELECT 1 FROM layers_unsynced LIMIT 1");
    if (!any.step()) {
        return;
    }
    any.reset();
    const std::string boot = boot_id();
    Transaction change{database};
    for (const char* table : {"layer_pins", "layers"}) {
        database
            .prepare(fmt::format(
                "DELETE FROM {} WHERE chain_id IN (SELECT chain_id FROM layers_unsynced WHERE boot <> ?)", table))
            .bind(boot)
            .run();
    }
    change.commit();
}

}  // namespace

ImageStore::State::State(Paths where) : paths{std::move(where)}, database{paths.database()} {
    auto known = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'image_annotations'");
    if (!known.step()) {
        Transaction change{database};
        database.execute(schema);
        change.commit();
        std::filesystem::create_directories(paths.blobs());
        std::filesystem::create_directories(splits());
        std::filesystem::create_directories(paths.layers());
        std::filesystem::create_directories(paths.temporary());
        // Layers hold set-id programs and other people's files: no user of the host may look in.
        for (const auto& folder : {paths.layers(), paths.blobs().parent_path(), paths.temporary()}) {
            std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
        }
    }
    known.reset();
    drop_lost_layers(database);
}

std::string put_blob(const ImageStore::State& state, std::string_view bytes) {
    const std::string digest = "sha256:" + sha256_hex(bytes);
    const auto file = state.blob(digest);
    if (!std::filesystem::exists(file)) {
        std::filesystem::create_directories(file.parent_path());
        replace_file(file, bytes);
    }
    return digest;
}

bool commit_layer(const ImageStore::State& state, const LayerInfo& layer, const std::string& parent_chain_id,
                  const std::filesystem::path& staged) {
    std::filesystem::create_directories(state.paths.locks());
    const auto lock = kernel::FileLock::acquire(state.commit_lock());
    auto known = state.database.prepare("SELECT 1 FROM layers WHERE chain_id = ?");
    if (known.bind(layer.chain_id).step()) {
        return false;
    }
    const auto target = state.layer(layer.chain_id);
    std::filesystem::create_directories(target.parent_path());
    if (std::filesystem::exists(target)) {
        // Somebody was killed between rename and row. Its content may be less than whole after a power cut.
        std::filesystem::create_directories(state.paths.temporary());
        std::filesystem::rename(target, state.paths.temporary() / ("image-rubbish-" + random_hex(8)));
    }
    check(::rename(staged.c_str(), target.c_str()),
          [&] { return fmt::format("rename '{}' to '{}'", staged.string(), target.string()); });
    Transaction change{state.database};
    state.database.prepare("INSERT INTO layers VALUES(?, ?, ?, ?, ?)")
        .bind_all(layer.chain_id, parent_chain_id, layer.diff_id, layer.size.count, layer.tar_size.count)
        .run();
    state.database.prepare("INSERT INTO layers_unsynced VALUES(?, ?)").bind_all(layer.chain_id, boot_id()).run();
    change.commit();
    return true;
}

void make_durable(const ImageStore::State& state, const std::vector<std::string>& chains) {
    auto row = state.database.prepare("SELECT 1 FROM layers_unsynced WHERE chain_id = ?");
    const bool all_synced = std::ranges::none_of(chains, [&](const std::string& chain) {
        row.reset();
        return row.bind(chain).step();
    });
    row.reset();
    if (all_synced) {
        return;
    }
    std::vector<std::string> written;
    auto rows = state.database.prepare("SELECT chain_id FROM layers_unsynced");
    while (rows.step()) {
        written.push_back(rows.text(0));
    }
    rows.reset();
    const UniqueFd folder = kernel::open_at(AT_FDCWD, state.paths.layers(), O_RDONLY | O_DIRECTORY);
    check(::syncfs(folder.get()), [&] { return fmt::format("write '{}' to the disk", state.paths.layers().string()); });
    Transaction change{state.database};
    auto done = state.database.prepare("DELETE FROM layers_unsynced WHERE chain_id = ?");
    for (const std::string& chain : written) {
        done.reset();
        done.bind(chain).run();
    }
    change.commit();
}

}  // namespace stack::image
