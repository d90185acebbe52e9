#include "support/error.hpp"

#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace stack {

std::string to_string(const SourcePos& pos) {
    if (pos.line <= 0) {
        return pos.file;
    }
    return fmt::format("{}:{}:{}", pos.file, pos.line, pos.column);
}

Error::Error(Errc code, std::string what) : code_{code}, what_{std::move(what)} {}

Error&& Error::at(SourcePos pos) && {
    if (!pos.file.empty()) {  // what came from a command line has none
        pos_ = std::move(pos);
    }
    return std::move(*this);
}

Error&& Error::hint(std::string text) && {
    hint_ = std::move(text);
    return std::move(*this);
}

namespace {

Errc code_of(int err) {
    switch (err) {
        case EACCES:
        case EPERM:
            return Errc::permission;
        case ENOENT:
            return Errc::not_found;
        case EEXIST:
        case EBUSY:
        case EADDRINUSE:
            return Errc::conflict;
        case ETIMEDOUT:
            return Errc::timeout;
        default:
            return Errc::system;
    }
}

std::string describe_errno(int err, const std::string& what_failed) {
    const char* name = strerrorname_np(err);
    return fmt::format("{}: {} ({})", what_failed, strerrordesc_np(err) ? strerrordesc_np(err) : "unknown error",
                       name ? name : std::to_string(err));
}

}  // namespace

SysError::SysError(int err, const std::string& what_failed)
    : Error{code_of(err), describe_errno(err, what_failed)}, err_{err} {}

void ErrorList::attempt(const std::string& step, const std::function<void()>& body) noexcept {
    try {
        body();
    } catch (Error& error) {
        error.add_step(step);
        errors_.push_back(error);
    } catch (const std::exception& error) {
        errors_.emplace_back(Errc::internal, fmt::format("{}: {}", step, error.what()));
    }
}

void ErrorList::throw_if_any() const {
    if (errors_.empty()) {
        return;
    }
    Error first = errors_.front();
    for (size_t i = 1; i < errors_.size(); ++i) {
        first.add_step(fmt::format("also: {}", errors_[i].what()));
    }
    throw first;
}

}  // namespace stack
