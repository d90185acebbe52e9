#include "build/cache.hpp"

#include <chrono>

namespace stack::build {
namespace {

std::int64_t now_unix() {
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

}  // namespace

BuildCache::BuildCache(const Database& database) : database_{database} {
    database_.execute(
        "CREATE TABLE IF NOT EXISTS build_cache (key TEXT PRIMARY KEY, chain_id TEXT NOT NULL, diff_id TEXT NOT NULL, "
        "created_at INTEGER NOT NULL, used_at INTEGER NOT NULL, description TEXT NOT NULL) WITHOUT ROWID");
}

std::optional<CachedStep> BuildCache::find(const std::string& key) const {
    auto row = database_.prepare("SELECT chain_id, diff_id, created_at, used_at FROM build_cache WHERE key = ?");
    row.bind(key);
    if (!row.step()) {
        return std::nullopt;
    }
    CachedStep step{row.text(0), row.text(1), row.integer(2)};
    // A write costs more than the whole lookup: an hour is exact enough for pruning.
    constexpr std::int64_t exactness_seconds = 3600;
    const auto now = now_unix();
    if (row.integer(3) + exactness_seconds < now) {
        auto touch = database_.prepare("UPDATE build_cache SET used_at = ? WHERE key = ?");
        touch.bind_all(now, key);
        touch.run();
    }
    return step;
}

void BuildCache::put(const std::string& key, const CachedStep& step, const std::string& description) const {
    auto row = database_.prepare("INSERT OR REPLACE INTO build_cache VALUES (?,?,?,?,?,?)");
    row.bind_all(key, step.chain_id, step.diff_id, step.created_unix, now_unix(), description);
    row.run();
}

void BuildCache::forget(const std::string& key) const {
    auto row = database_.prepare("DELETE FROM build_cache WHERE key = ?");
    row.bind(key);
    row.run();
}

std::vector<std::string> BuildCache::unused_since(std::int64_t unix_time) const {
    auto row = database_.prepare("SELECT key FROM build_cache WHERE used_at <= ?");
    row.bind(unix_time);
    std::vector<std::string> keys;
    while (row.step()) {
        keys.push_back(row.text(0));
    }
    return keys;
}

}  // namespace stack::build
