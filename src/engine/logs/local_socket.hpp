#pragma once

#include <filesystem>
#include <string_view>

#include "support/kernel/unique_fd.hpp"

namespace stack::engine::logs {

/// A datagram socket to a path of this machine that is connected again when its owner has come back.
class LocalSocket {
public:
    /// Throws SysError if nobody listens there.
    explicit LocalSocket(std::filesystem::path path);

    /// False: it is full. Throws SysError if its owner is gone.
    bool send(std::string_view datagram);
    int fd() const noexcept { return fd_.get(); }

private:
    void connect();

    std::filesystem::path path_;
    UniqueFd fd_;
};

}  // namespace stack::engine::logs
