#pragma once

#include <optional>
#include <string>

#include "cli/context.hpp"
#include "engine/state/container_row.hpp"

namespace stack::cli {

/// One side of `cp`.
struct CopyEnd {
    std::optional<engine::ContainerRow> container;  ///< none: this machine
    std::string path;                               ///< "-" on this machine: a tar on standard input or output
    bool is_stream() const { return !container && path == "-"; }
};

struct CopyWish {
    CopyEnd from, to;
    bool archive{false};      ///< keep owners
    bool follow_link{false};  ///< copy what a link at the end of `from` points to
};

/// Copies with Docker's rules for what ends up where: into a folder that is there; under a new name where the folder
/// above is there; the content alone of "folder/.". Runs on a thread beside the caller's.
void copy_between(const Context& context, const CopyWish& wish);

}  // namespace stack::cli
