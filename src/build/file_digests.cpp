#include "build/file_digests.hpp"

#include <array>
#include <chrono>
#include <cstring>
#include <unordered_map>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "support/digest.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/log.hpp"

namespace stack::build {
namespace {

constexpr std::string_view magic = "stack-digests-1\n";

struct Key {
    std::uint64_t device{0}, inode{0};
    friend bool operator==(const Key&, const Key&) = default;
};
struct KeyHash {
    size_t operator()(const Key& key) const noexcept {
        constexpr std::uint64_t spread = 0x9e3779b97f4a7c15U;
        return static_cast<size_t>((key.inode ^ (key.device << 32U)) * spread);
    }
};

/// Written to disk as it is: the file never leaves this machine.
struct Record {
    Key key;
    std::int64_t size{0}, mtime_ns{0}, ctime_ns{0};
    std::array<char, 64> digest{};
};

std::int64_t nanoseconds(const timespec& time) {
    constexpr std::int64_t second = 1'000'000'000;
    return time.tv_sec * second + time.tv_nsec;
}

std::int64_t now_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

}  // namespace

struct FileDigests::Memory {
    std::filesystem::path file;
    std::unordered_map<Key, Record, KeyHash> records;
    bool changed{false};
};

FileDigests::FileDigests(const std::filesystem::path& cache_dir, const std::filesystem::path& context)
    : memory_{std::make_unique<Memory>()} {
    memory_->file = cache_dir / ("digests-" + sha256_hex(context.string()).substr(0, 16));
    const auto bytes = find_file(memory_->file).value_or("");
    if (!bytes.starts_with(magic) || (bytes.size() - magic.size()) % sizeof(Record) != 0) {
        return;
    }
    memory_->records.reserve((bytes.size() - magic.size()) / sizeof(Record));
    for (size_t at = magic.size(); at < bytes.size(); at += sizeof(Record)) {
        Record record;
        std::memcpy(&record, bytes.data() + at, sizeof record);
        memory_->records.emplace(record.key, record);
    }
}

FileDigests::~FileDigests() = default;

std::string FileDigests::of(const kernel::LayeredEntry& entry) const {
    const auto& status = entry.status;
    const Key key{status.st_dev, status.st_ino};
    const auto found = memory_->records.find(key);
    if (found != memory_->records.end() && found->second.size == status.st_size &&
        found->second.mtime_ns == nanoseconds(status.st_mtim) &&
        found->second.ctime_ns == nanoseconds(status.st_ctim)) {
        return {found->second.digest.data(), found->second.digest.size()};
    }
    auto digest = compute(entry);
    // A file written within the clock's granularity could change again without a new time: not remembered.
    constexpr std::int64_t clock_tick_ns = 20'000'000;
    if (nanoseconds(status.st_ctim) + clock_tick_ns < now_ns()) {
        Record record{key, status.st_size, nanoseconds(status.st_mtim), nanoseconds(status.st_ctim), {}};
        std::memcpy(record.digest.data(), digest.data(), record.digest.size());
        memory_->records.insert_or_assign(key, record);
        memory_->changed = true;
    }
    return digest;
}

std::string FileDigests::compute(const kernel::LayeredEntry& entry) {
    const UniqueFd fd = kernel::open_at(entry.parent, entry.name, O_RDONLY | O_NOFOLLOW);
    Sha256 sum;
    std::array<char, 131072> buffer;
    for (;;) {
        const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        check(got, [&] { return fmt::format("read '{}'", entry.name); });
        if (got == 0) {
            return sum.finish_hex();
        }
        sum.update({buffer.data(), static_cast<size_t>(got)});
    }
}

void FileDigests::save() const {
    if (!memory_->changed) {
        return;
    }
    std::string bytes{magic};
    bytes.reserve(magic.size() + memory_->records.size() * sizeof(Record));
    for (const auto& [key, record] : memory_->records) {
        bytes.append(reinterpret_cast<const char*>(&record), sizeof record);
    }
    std::filesystem::create_directories(memory_->file.parent_path());
    replace_file(memory_->file, bytes);
}

}  // namespace stack::build
