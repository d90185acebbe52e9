#pragma once

#include <sys/file.h>

#include "net/netns.hpp"
#include "support/error.hpp"

namespace stack::net {

/// Held from looking at the host's routes until our own is among them, so that two roots do not choose the same pool.
/// flock(2) on the namespace's own file: everybody in this network namespace meets there, and nothing lies around.
class PoolLock {
public:
    PoolLock() : netns_{current_netns()} {
        check(::flock(netns_.get(), LOCK_EX), [] { return "wait for the lock of the address pools"; });
    }

private:
    UniqueFd netns_;
};

}  // namespace stack::net
