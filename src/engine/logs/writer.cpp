#include "engine/logs/writer.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <numeric>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/files.hpp"

namespace stack::engine::logs {
namespace {

constexpr size_t most_at_once = 1U << 20U;
// However well they pack: every new one looks at all.
constexpr size_t most_generations = 500;

UniqueFd open_for_append(const std::filesystem::path& file) {
    // Not O_APPEND: splice(2) refuses such a file (EINVAL); we are its only writer and know its end.
    return UniqueFd{
        check(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640), [&] { return "open " + file.string(); })};
}

std::uint64_t size_of(int fd) {
    struct stat status {};
    check(::fstat(fd, &status), [] { return "look at a log file"; });
    return static_cast<std::uint64_t>(status.st_size);
}

std::int64_t wall_clock_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// How far the index tells of each stream, and the last sequence number; walks backwards from the end.
struct IndexEnd {
    std::uint64_t out{0}, err{0}, sequence{0};
};

IndexEnd read_index_end(int index, std::uint64_t size) {
    IndexEnd end;
    bool have_out = false, have_err = false;
    std::array<IndexRecord, 1024> block;
    std::uint64_t left = size / sizeof(IndexRecord);
    while (left > 0 && !(have_out && have_err)) {
        const std::uint64_t count = std::min<std::uint64_t>(left, block.size());
        left -= count;
        const auto got =
            ::pread(index, block.data(), count * sizeof(IndexRecord), static_cast<off_t>(left * sizeof(IndexRecord)));
        check(got, [] { return "read a log's index"; });
        for (std::uint64_t i = static_cast<std::uint64_t>(got) / sizeof(IndexRecord); i > 0; --i) {
            const IndexRecord& record = block[i - 1];
            end.sequence = std::max(end.sequence, record.sequence);
            const bool is_out = record.stream == static_cast<std::uint8_t>(Stream::out);
            bool& have = is_out ? have_out : have_err;
            if (!have) {
                have = true;
                (is_out ? end.out : end.err) = record.offset + record.length;
            }
        }
    }
    return end;
}

}  // namespace

Writer::Writer(std::filesystem::path folder, Limits limits, Sequence& sequence)
    : folder_{std::move(folder)}, limits_{limits}, sequence_{sequence}, packer_{folder_} {
    std::filesystem::create_directories(folder_);
    if (const auto known = generations(folder_); !known.empty()) {
        generation_ = known.back();
        if (limits_.pack) {
            std::for_each(known.begin(), known.end() - 1, [&](std::uint64_t left) { packer_.add(left); });
        }
    }
    open_generation();
    const IndexEnd end = read_index_end(index_.get(), index_size_);
    sequence_.skip_to(end.sequence);
    recover(Stream::out, end.out);
    recover(Stream::err, end.err);
}

void Writer::open_generation() {
    index_ = open_for_append(index_file(folder_, generation_));
    // A record that was cut short by a crash is written anew by recover().
    index_size_ = size_of(index_.get()) / sizeof(IndexRecord) * sizeof(IndexRecord);
    for (const Stream stream : {Stream::out, Stream::err}) {
        data(stream).file = open_for_append(data_file(folder_, stream, generation_));
        data(stream).size = size_of(data(stream).file.get());
    }
}

void Writer::recover(Stream stream, std::uint64_t indexed) {
    Data& to = data(stream);
    if (to.size > indexed) {
        const std::uint64_t missing = to.size - indexed;
        to.size = indexed;
        record(stream, missing, true);
    }
}

void Writer::record(Stream stream, std::uint64_t length, bool recovered) {
    IndexRecord entry;
    entry.sequence = sequence_.next();
    entry.time_ns = wall_clock_ns();
    entry.offset = data(stream).size;
    entry.length = static_cast<std::uint32_t>(length);
    entry.stream = static_cast<std::uint8_t>(stream);
    entry.recovered = recovered ? 1 : 0;
    data(stream).size += length;
    const auto written = ::pwrite(index_.get(), &entry, sizeof entry, static_cast<off_t>(index_size_));
    if (written != static_cast<ssize_t>(sizeof entry)) {
        const int err = written < 0 ? errno : ENOSPC;
        throw SysError(err, fmt::format("write the log index in '{}'", folder_.string()));
    }
    index_size_ += sizeof entry;
}

Writer::Taken Writer::take(int pipe, Stream stream) {
    rotate_if_full();
    Data& to = data(stream);
    auto offset = static_cast<off_t>(to.size);
    const size_t most =
        limits_.max_bytes > 0 ? std::min(most_at_once, static_cast<size_t>(limits_.max_bytes)) : most_at_once;
    const ssize_t moved = ::splice(pipe, nullptr, to.file.get(), &offset, most, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    if (moved > 0) {
        record(stream, static_cast<std::uint64_t>(moved), false);
        return Taken::some;
    }
    if (moved == 0) {
        return Taken::end;
    }
    if (errno == EAGAIN || errno == EINTR) {
        return Taken::nothing;
    }
    return discard(pipe, errno);
}

Writer::Taken Writer::drop(int pipe) {
    std::array<char, 65536> rubbish;
    const ssize_t lost = ::read(pipe, rubbish.data(), rubbish.size());
    if (lost == 0) {
        return Taken::end;
    }
    return lost > 0 ? Taken::some : Taken::nothing;
}

void Writer::forget() {
    if (data_[0].size + data_[1].size + index_size_ > 0) {
        begin_generation();
        remove_old(1);
    }
}

Writer::Taken Writer::discard(int pipe, int err) {
    const Taken lost = drop(pipe);
    if (lost != Taken::end && !said_full_) {
        said_full_ = true;
        throw SysError(err,
                       fmt::format("output of a container is being lost: write the log in '{}'", folder_.string()));
    }
    return lost;
}

void Writer::append(std::string_view bytes, Stream stream) {
    rotate_if_full();
    Data& to = data(stream);
    size_t done = 0;
    while (done < bytes.size()) {
        const auto written =
            check(::pwrite(to.file.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(to.size + done)),
                  [&] { return fmt::format("write the log in '{}'", folder_.string()); });
        done += static_cast<size_t>(written);
    }
    record(stream, bytes.size(), false);
}

void Writer::rotate_if_full() {
    const auto total = static_cast<std::int64_t>(data_[0].size + data_[1].size + index_size_);
    if (limits_.max_bytes > 0 && total >= limits_.max_bytes) {
        begin_generation();
        const int kept = std::max(limits_.max_files, 1);
        if (limits_.pack) {
            packer_.add(generation_ - 1);
            // What the new generation may grow to is kept free.
            fit_in(static_cast<std::uint64_t>(limits_.max_bytes) * static_cast<std::uint64_t>(kept - 1));
        } else {
            remove_old(kept);
        }
    }
}

void Writer::begin_generation() {
    ++generation_;
    // The data files of the new generation come first: a reader takes a generation for there when its index is.
    for (const Stream stream : {Stream::out, Stream::err}) {
        data(stream).file = open_for_append(data_file(folder_, stream, generation_));
        data(stream).size = size_of(data(stream).file.get());
    }
    index_ = open_for_append(index_file(folder_, generation_));
    index_size_ = 0;
}

/// Of all generations, `kept` stay.
void Writer::remove_old(int kept) {
    for (const std::uint64_t old : generations(folder_)) {
        if (old + static_cast<std::uint64_t>(kept) <= generation_) {
            remove_generation(folder_, old);
        }
    }
}

/// Of the full generations, as many of the youngest stay as take no more than `bytes`.
void Writer::fit_in(std::uint64_t bytes) {
    std::vector<std::uint64_t> full = generations(folder_);
    full.pop_back();
    const auto taken = [&] {
        return std::accumulate(full.begin(), full.end(), std::uint64_t{0},
                               [&](std::uint64_t sum, std::uint64_t one) { return sum + disk_usage(folder_, one); });
    };
    // The container waits for us rather than that something goes that would have had room when packed.
    while (taken() > bytes && packer_.step()) {
    }
    std::uint64_t left = taken();
    for (size_t i = 0; i < full.size() && (left > bytes || full.size() - i > most_generations); ++i) {
        left -= disk_usage(folder_, full[i]);
        remove_generation(folder_, full[i]);
    }
}

}  // namespace stack::engine::logs
