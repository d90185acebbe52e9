#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace stack::compose {

/// Finds entries with equal keys in a list of any length. The keys are not kept, only 64 bits of each: for lists of
/// hundreds of thousands that is the difference between one miss of the cache for each entry and five.
class KeyIndex {
public:
    explicit KeyIndex(std::size_t expected) {
        std::size_t wanted = 16;
        while (wanted < expected * 2) {
            wanted *= 2;
        }
        slots_.resize(wanted);
    }

    /// The position that was given with an equal key before; nullopt if the key is new, which is then remembered with
    /// `position`. `has_key(p)` says whether the entry at `p` really has this key. Holds as many keys as the
    /// constructor was told to expect.
    template <class HasKey>
    std::optional<std::size_t> find_or_add(std::string_view key, std::size_t position, const HasKey& has_key) {
        const std::size_t hash = std::hash<std::string_view>{}(key);
        const std::size_t mask = slots_.size() - 1;
        for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
            Slot& slot = slots_[at];
            if (slot.position_plus_one == 0) {
                slot = {hash, position + 1};
                return std::nullopt;
            }
            if (slot.hash == hash && has_key(slot.position_plus_one - 1)) {
                return slot.position_plus_one - 1;
            }
        }
    }

private:
    struct Slot {
        std::size_t hash{0};
        std::size_t position_plus_one{0};  // 0: free
    };
    std::vector<Slot> slots_;
};

}  // namespace stack::compose
