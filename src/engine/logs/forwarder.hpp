#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "engine/logs/driver.hpp"
#include "engine/logs/segment.hpp"

namespace stack::engine::logs {

/// Hands one container's log on to a driver's target, from where it came to last. Where that is stands in a file, so
/// that the next worker goes on there: with json-file each line comes exactly once, with the others at least once.
class Forwarder {
public:
    /// `folder`: the log's; `cursor`: the file that tells how far we came.
    Forwarder(std::filesystem::path folder, std::filesystem::path cursor, std::unique_ptr<Target> target);

    enum class Done { all, later };
    /// Sends what is there and was not sent yet; `ended`: rests without newline, too. Throws Error if the far end is
    /// gone; then a new Forwarder goes on.
    Done advance(bool ended);
    int fd() const { return target_->fd(); }

private:
    struct Rest {
        std::string text;
        std::int64_t time_ns{0};
    };
    bool next_record();
    bool send_record(const IndexRecord& record);
    bool send(const Message& message);
    bool flush_rests();
    void load();
    void save();
    Rest& rest(Stream stream) { return rests_[stream == Stream::out ? 0 : 1]; }

    std::filesystem::path folder_, cursor_;
    std::unique_ptr<Target> target_;
    std::optional<Segment> segment_;
    std::uint64_t generation_{0}, record_{0}, offset_{0};  ///< the first byte that was not taken yet
    Rest rests_[2];
};

}  // namespace stack::engine::logs
