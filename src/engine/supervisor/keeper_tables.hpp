#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "engine/supervisor/keeper_protocol.hpp"

namespace stack::engine::supervisor {

/// What the keeper knows of one process.
struct KeptChild {
    Message about;  ///< as it is told to a worker: key, pid, is_exec, has_ended, status, end_ns
    UniqueFd pidfd;
    bool foreign{false};  ///< not cloned by this keeper: watched through its pidfd
    bool used{false};
};

struct KeptFd {
    std::array<char, 112> key{};
    UniqueFd fd;
};

/// A fixed number of slots in static memory (.bss): pages are touched as far as slots were used, nothing is ever
/// allocated. Freed slots are used again, lowest first, so that ten thousand starts cost no more than the most at one
/// time. Entries are made when they are first taken and never destroyed: every command of the program carries these
/// tables, and ten megabytes of slots to be set up or closed would be most of what a short one does.
template <class Entry, size_t capacity>
class Table {
public:
    template <class Matches>
    Entry* find(Matches&& matches) noexcept {
        for (size_t i = 0; i < high_; ++i) {
            if (matches(begin()[i])) {
                return begin() + i;
            }
        }
        return nullptr;
    }
    /// `is_free` tells a slot that may be taken. nullptr if all are in use.
    template <class IsFree>
    Entry* take(IsFree&& is_free) noexcept {
        if (Entry* free = find(is_free)) {
            return free;
        }
        return high_ < capacity ? std::construct_at(begin() + high_++) : nullptr;
    }
    Entry* begin() noexcept { return reinterpret_cast<Entry*>(storage_.data()); }
    Entry* end() noexcept { return begin() + high_; }

private:
    alignas(Entry) std::array<std::byte, capacity * sizeof(Entry)> storage_{};
    size_t high_{0};
};

}  // namespace stack::engine::supervisor
