#pragma once

#include <string>
#include <vector>

#include "cli/context.hpp"
#include "engine/state/container_row.hpp"

namespace stack::cli {

/// A further program in a running container, as `exec` of both command lines asks for it.
struct ExecWish {
    std::vector<std::string> args;
    std::vector<std::string> env;  ///< "A=b"; "A" alone takes ours
    std::string user, working_dir;
    bool tty{false}, interactive{false}, detach{false}, privileged{false};
    std::string detach_keys;
};

/// Runs it, without asking any supervisor: enters the container's namespaces from here. Returns its exit code; 126 or
/// 127 with a message if it could not be executed. Throws Errc::conflict if the container does not run.
int exec_in_container(const Context& context, const engine::ContainerRow& container, const ExecWish& wish);

}  // namespace stack::cli
