#include "engine/logs/forwarder.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/logs/format.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/log.hpp"

namespace stack::engine::logs {
namespace {

using Json = nlohmann::json;

/// Docker cuts longer lines at this length, too.
constexpr size_t longest_message = 16384;

/// Any bytes as JSON text: each byte a code point.
std::string widen(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            text += c;
        } else {
            text += static_cast<char>(0xc0 | (byte >> 6));
            text += static_cast<char>(0x80 | (byte & 0x3f));
        }
    }
    return text;
}

std::string narrow(std::string_view text) {
    std::string bytes;
    for (size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte < 0x80 || i + 1 >= text.size()) {
            bytes += text[i];
        } else {
            bytes += static_cast<char>(((byte & 0x03) << 6) | (static_cast<unsigned char>(text[++i]) & 0x3f));
        }
    }
    return bytes;
}

}  // namespace

Forwarder::Forwarder(std::filesystem::path folder, std::filesystem::path cursor, std::unique_ptr<Target> target)
    : folder_{std::move(folder)}, cursor_{std::move(cursor)}, target_{std::move(target)} {
    load();
}

void Forwarder::load() {
    const auto text = find_file(cursor_);
    const Json json = text ? Json::parse(*text, nullptr, false) : Json{};
    if (!json.is_object()) {
        save();  // so that a target that is new knows what was its own beginning
        return;
    }
    generation_ = json.value("generation", std::uint64_t{0});
    record_ = json.value("record", std::uint64_t{0});
    offset_ = json.value("offset", std::uint64_t{0});
    rests_[0] = {narrow(json.value("out", "")), json.value("out_time", std::int64_t{0})};
    rests_[1] = {narrow(json.value("err", "")), json.value("err_time", std::int64_t{0})};
    target_->resume(json.value("mark", ""));
}

void Forwarder::save() {
    target_->commit();
    const Json json{{"generation", generation_},
                    {"record", record_},
                    {"offset", offset_},
                    {"out", widen(rests_[0].text)},
                    {"out_time", rests_[0].time_ns},
                    {"err", widen(rests_[1].text)},
                    {"err_time", rests_[1].time_ns},
                    {"mark", target_->mark()}};
    // Renamed, so that it is whole at any instant; not synced: after a power cut the log itself may be shorter.
    const auto fresh = cursor_.string() + ".new";
    write_file(fresh, json.dump(), 0640);
    std::filesystem::rename(fresh, cursor_);
}

/// Makes sure that the record at the cursor is there.
bool Forwarder::next_record() {
    while (!segment_ || record_ >= segment_->record_count()) {
        const auto known = generations(folder_);
        if (!segment_) {
            const auto begin = std::lower_bound(known.begin(), known.end(), generation_);
            if (begin == known.end()) {
                return false;
            }
            if (*begin != generation_) {
                if (generation_ != 0) {
                    log_warning("a part of the log in '{}' was rotated away before it could be handed on",
                                folder_.string());
                }
                generation_ = *begin;
                record_ = offset_ = 0;
            }
            segment_.emplace(folder_, generation_);
            continue;
        }
        const auto next = std::upper_bound(known.begin(), known.end(), generation_);
        if (next == known.end()) {
            return false;
        }
        if (record_ < segment_->record_count()) {
            return true;  // written last, before the writer went on to the next generation
        }
        generation_ = *next;
        record_ = offset_ = 0;
        segment_.emplace(folder_, generation_);
    }
    return true;
}

bool Forwarder::send(const Message& message) {
    if (target_->send(message) == Target::Sent::yes) {
        return true;
    }
    if (target_->wants_mark()) {
        save();
        return target_->send(message) == Target::Sent::yes;
    }
    return false;
}

/// False: the target takes no more now; the cursor stands behind the last message that it took.
bool Forwarder::send_record(const IndexRecord& record) {
    const auto stream = static_cast<Stream>(record.stream);
    Rest& unfinished = rest(stream);
    const std::string_view bytes = segment_->bytes(record);
    while (offset_ < bytes.size()) {
        const std::string_view left = bytes.substr(offset_);
        const size_t room = longest_message - unfinished.text.size();
        const size_t newline = left.substr(0, room + 1).find('\n');
        const bool whole = newline != std::string_view::npos;
        const std::string_view part = left.substr(0, whole ? newline : std::min(room, left.size()));
        const std::int64_t time = unfinished.text.empty() ? record.time_ns : unfinished.time_ns;
        if (!whole && unfinished.text.size() + part.size() < longest_message) {
            unfinished.text += part;
            unfinished.time_ns = time;
            offset_ = bytes.size();
            break;
        }
        std::string joined;
        std::string_view text = part;
        if (!unfinished.text.empty()) {
            joined = unfinished.text;
            joined += part;
            text = joined;
        }
        const Message message{stream, time, text, !whole};
        if (!send(message)) {
            return false;
        }
        unfinished.text.clear();
        offset_ += part.size() + (whole ? 1 : 0);
    }
    ++record_;
    offset_ = 0;
    return true;
}

bool Forwarder::flush_rests() {
    for (const Stream stream : {Stream::out, Stream::err}) {
        Rest& unfinished = rest(stream);
        if (unfinished.text.empty()) {
            continue;
        }
        const Message message{stream, unfinished.time_ns, unfinished.text, false};
        if (!send(message)) {
            return false;
        }
        unfinished.text.clear();
    }
    return true;
}

Forwarder::Done Forwarder::advance(bool ended) {
    bool moved = false, full = false;
    while (!full && next_record()) {
        full = !send_record(segment_->record(record_));
        moved = true;
    }
    if (!full && ended && !(rests_[0].text.empty() && rests_[1].text.empty())) {
        full = !flush_rests();
        moved = true;
    }
    if (moved) {
        save();
    }
    return full ? Done::later : Done::all;
}

}  // namespace stack::engine::logs
