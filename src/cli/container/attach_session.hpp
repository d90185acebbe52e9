#pragma once

#include <string>

#include "cli/context.hpp"
#include "cli/flags.hpp"
#include "engine/client.hpp"
#include "engine/state/container_row.hpp"

namespace stack::cli {

/// How `run`, `start -a`, `attach` and `compose run` hold on to a container.
struct AttachWish {
    std::string id;
    std::string project;
    bool start{false};        ///< start it when everything is in place
    bool interactive{false};  ///< give it our standard input
    bool tty{false};          ///< the container has a terminal
    bool show_out{true}, show_err{true};
    bool forward_signals{true};
    bool auto_remove{false};  ///< it goes away at its end: come back when it has gone
    std::string detach_keys;  ///< as bytes
};

/// Starts it and prints the warnings. Throws ExitError: 126 if the program cannot be executed, 127 if there is none,
/// 125 for all else.
void start_container(engine::SupervisorClient& client, const std::string& id);

/// Shows the container's output as it comes, byte by byte, hands our input and signals on, until it has ended. Returns
/// its exit code; 0 if the user detached. Throws ExitError 125, 126 or 127 if it could not be started.
int attach_to_container(const Context& context, engine::SupervisorClient& client, const AttachWish& wish);

/// `attach` with its flags (no-stdin, sig-proxy, detach-keys) to a container that is up. Throws Errc::conflict if it is
/// not.
int attach_to_row(const Context& context, const Flags& flags, const engine::ContainerRow& row);

}  // namespace stack::cli
