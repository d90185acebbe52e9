#pragma once

#include <filesystem>

#include "support/kernel/unique_fd.hpp"
#include "support/paths.hpp"

namespace stack::volumes {

/// A half-made tree in $STACK_ROOT/tmp, to be renamed to its place when it is whole. Who makes it holds a lock on it:
/// what nobody holds any more is rubbish of a process that was killed, and the next sweep takes it.
class [[nodiscard]] StagedTree {
public:
    explicit StagedTree(const Paths& paths);
    StagedTree(StagedTree&&) noexcept = default;
    StagedTree& operator=(StagedTree&&) = delete;
    /// Removes what is still in it.
    ~StagedTree();

    /// The tree itself: an empty folder at first.
    std::filesystem::path data() const { return folder_ / "_data"; }
    /// Everything of `source` into data(): owner, mode, times, xattrs, links, holes; by reflink where the file system
    /// can.
    void copy_from(const std::filesystem::path& source) const;
    /// On disk before the rename that makes it count.
    void sync() const;

private:
    std::filesystem::path folder_;
    UniqueFd lock_;
};

/// Removes staged trees of dead processes.
void sweep_staged_trees(const Paths& paths);

}  // namespace stack::volumes
