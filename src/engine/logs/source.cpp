#include "engine/logs/source.hpp"

#include <algorithm>
#include <cstring>

namespace stack::engine::logs {

Source::Source(std::filesystem::path folder, size_t number, const ReadOptions& options)
    : folder_{std::move(folder)}, number_{number}, options_{options} {}

bool Source::advance_segment() {
    const auto known = generations(folder_);
    const auto next = std::find_if(known.begin(), known.end(), [&](std::uint64_t generation) {
        return !segment_ || generation > segment_->generation();
    });
    if (next == known.end()) {
        return false;
    }
    if (segment_) {
        // The writer has gone on; what it wrote last in the old one must not be missed.
        known_records_ = segment_->record_count();
        if (next_record_ < known_records_) {
            return true;
        }
    }
    segment_.emplace(folder_, *next);
    next_record_ = 0;
    known_records_ = segment_->record_count();
    return true;
}

std::optional<std::uint64_t> Source::next_sequence() {
    while (!segment_ || next_record_ >= known_records_) {
        if (segment_) {
            known_records_ = segment_->record_count();
            if (next_record_ < known_records_) {
                break;
            }
        }
        if (!advance_segment()) {
            return std::nullopt;
        }
    }
    return segment_->record(next_record_).sequence;
}

bool Source::read_record(const Reader::Sink& sink) {
    const IndexRecord record = segment_->record(next_record_++);
    last_sequence_ = record.sequence;
    const bool is_out = record.stream == static_cast<std::uint8_t>(Stream::out);
    if (!(is_out ? options_.out : options_.err)) {
        return true;
    }
    const std::string_view bytes = segment_->bytes(record);
    return options_.raw ? emit(record, record.time_ns, bytes, false, sink) : split(record, bytes, sink);
}

bool Source::split(const IndexRecord& record, std::string_view bytes, const Reader::Sink& sink) {
    Rest& unfinished = rest(record.stream);
    while (!bytes.empty()) {
        const size_t end = bytes.find('\n');
        if (unfinished.text.empty() && end != std::string_view::npos) {
            if (!emit(record, record.time_ns, bytes.substr(0, end), true, sink)) {
                return false;
            }
            bytes.remove_prefix(end + 1);
            continue;
        }
        if (unfinished.text.empty()) {
            unfinished.time_ns = record.time_ns;
        }
        unfinished.text += bytes.substr(0, end);
        if (end == std::string_view::npos) {
            return true;
        }
        bytes.remove_prefix(end + 1);
        const bool go_on = emit(record, unfinished.time_ns, unfinished.text, true, sink);
        unfinished.text.clear();
        if (!go_on) {
            return false;
        }
    }
    return true;
}

bool Source::flush(const Reader::Sink& sink) {
    for (const Stream stream : {Stream::out, Stream::err}) {
        Rest& unfinished = rest(static_cast<std::uint8_t>(stream));
        if (unfinished.text.empty()) {
            continue;
        }
        IndexRecord record;
        record.stream = static_cast<std::uint8_t>(stream);
        record.sequence = last_sequence_;
        const bool go_on = emit(record, unfinished.time_ns, unfinished.text, false, sink);
        unfinished.text.clear();
        if (!go_on) {
            return false;
        }
    }
    return true;
}

bool Source::emit(const IndexRecord& record, std::int64_t time_ns, std::string_view text, bool complete,
                  const Reader::Sink& sink) const {
    if (time_ns < options_.since_ns || (options_.until_ns > 0 && time_ns > options_.until_ns)) {
        return true;
    }
    return sink(Line{number_, static_cast<Stream>(record.stream), time_ns, record.sequence, text, complete});
}

void Source::seek_to_tail(std::uint64_t lines) {
    const auto known = generations(folder_);
    std::uint64_t newlines = 0;
    for (auto generation = known.rbegin(); generation != known.rend(); ++generation) {
        segment_.emplace(folder_, *generation);
        known_records_ = segment_->record_count();
        for (next_record_ = known_records_; next_record_ > 0; --next_record_) {
            const std::string_view bytes = segment_->bytes(segment_->record(next_record_ - 1));
            newlines += static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
            // Each stream may begin in the middle of a line there, and end with one: hence the spare lines.
            if (newlines > lines + 2) {
                --next_record_;
                return;
            }
        }
    }
}

}  // namespace stack::engine::logs
