#include "engine/runtime/report.hpp"

#include <cstring>

#include <unistd.h>

#include "support/error.hpp"

namespace stack::runtime {
namespace {

// One record: kind 'W' or 'E', then for 'E' errno and exit code, then length and bytes of step and text.
// Records are far below PIPE_BUF and the pipe is empty at first, so a write never blocks or splits.

void put(std::string& out, std::int32_t number) {
    out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void put(std::string& out, std::string_view text) {
    constexpr size_t longest = 1500;
    text = text.substr(0, longest);
    put(out, static_cast<std::int32_t>(text.size()));
    out += text;
}

std::int32_t take_number(std::string_view& in) {
    std::int32_t number = 0;
    if (in.size() < sizeof number) {
        throw Error(Errc::internal, "the container's launch report is cut short");
    }
    std::memcpy(&number, in.data(), sizeof number);
    in.remove_prefix(sizeof number);
    return number;
}

std::string take_text(std::string_view& in) {
    const auto size = static_cast<size_t>(take_number(in));
    if (size > in.size()) {
        throw Error(Errc::internal, "the container's launch report is cut short");
    }
    std::string text{in.substr(0, size)};
    in.remove_prefix(size);
    return text;
}

void send(int pipe, const std::string& record) {
    if (pipe >= 0 && ::write(pipe, record.data(), record.size()) < 0) {
        return;  // nobody listens; there is no other place to say it
    }
}

}  // namespace

void LaunchReport::warn(const std::string& text) const {
    std::string record{'W'};
    put(record, text);
    send(pipe_, record);
}

void LaunchReport::fail(const LaunchFailure& failure) const {
    std::string record{'E'};
    put(record, failure.err);
    put(record, failure.exit_code);
    put(record, std::string_view{failure.step});
    put(record, std::string_view{failure.text});
    send(pipe_, record);
}

ExecOutcome parse_launch_report(std::string_view bytes) {
    ExecOutcome outcome;
    while (!bytes.empty()) {
        const char kind = bytes.front();
        bytes.remove_prefix(1);
        if (kind == 'W') {
            outcome.warnings.push_back(take_text(bytes));
            continue;
        }
        LaunchFailure failure;
        failure.err = take_number(bytes);
        failure.exit_code = take_number(bytes);
        failure.step = take_text(bytes);
        failure.text = take_text(bytes);
        outcome.failure = std::move(failure);
    }
    return outcome;
}

ExecOutcome read_launch_error(int error_pipe) {
    std::string bytes;
    char buffer[4096];
    for (;;) {
        const ssize_t got = ::read(error_pipe, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        check(got, [] { return "read the launch report"; });
        if (got == 0) {
            return parse_launch_report(bytes);
        }
        bytes.append(buffer, static_cast<size_t>(got));
    }
}

}  // namespace stack::runtime
