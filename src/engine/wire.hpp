#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/events.hpp"
#include "engine/options.hpp"
#include "support/error.hpp"
#include "support/kernel/unique_fd.hpp"

/// What client and worker say to each other over the supervisor's unix stream socket: frames of a length (4 bytes, host
/// order) and so many bytes of JSON; descriptors come with a frame's first byte (SCM_RIGHTS).
///
///   worker: {"hello": 1}                                  first; before it nothing counts
///   client: {"op": "up", "state": "…", "options": {…}}
///   worker: {"event": {…}} …                              any number
///   worker: {"ok": {…}} or {"error": {…}}                 ends the operation; the client may send the next one
namespace stack::engine::wire {

constexpr size_t largest_frame = size_t{256} << 20U;

/// Bytes of a frame around `json`.
std::string frame(std::string_view json);

/// Takes whole frames out of the bytes that came in. Throws Errc::invalid_input on a length that cannot be.
class FrameReader {
public:
    void feed(std::string_view bytes) { buffer_ += bytes; }
    std::optional<std::string> next();

private:
    std::string buffer_;
};

/// Blocking send and receive of the client's side. `fds` are duplicated into the receiver.
void send_frame(int socket, std::string_view json, const std::vector<int>& fds = {});
/// Reads what there is, at most 64 KiB, and any descriptors with it. 0 bytes: the other side is gone.
size_t receive_some(int socket, FrameReader& reader, std::vector<UniqueFd>& fds);

std::string event_frame(const Event& event);
std::string error_frame(const Error& error);
/// Text of member "error" as the Error it was.
Error parse_error(std::string_view json);
Event parse_event(std::string_view json);

std::string to_json(const UpOptions& options);
std::string to_json(const DownOptions& options);
std::string to_json(const Targets& targets);
std::string to_json(const StopOptions& options);
UpOptions parse_up_options(std::string_view json);
DownOptions parse_down_options(std::string_view json);
Targets parse_targets(std::string_view json);
StopOptions parse_stop_options(std::string_view json);

}  // namespace stack::engine::wire
