#pragma once

#include <string>

#include "engine/supervisor/session.hpp"

namespace stack::engine::supervisor {

/// Carries out one request of a client and sends its "ok". Throws what made it fail.
Task<> run_operation(Session& session, const std::string& json);

/// Waits for the project's turn, telling the client for whom.
Task<ProjectTurn> take_turn(Session& session, const std::string& verb);

/// What a worker that comes up has to do before it carries out any wish: finishes or undoes what is half-done, and
/// starts containers that should run, in dependency order (after a reboot).
Task<> restore(Project& project, TurnKeeper& turns, const Project::Adopted& adopted);

/// For the whole life of the project: when a service came back after a crash, or is healthy again, those that say
/// `restart: true` about it are restarted.
Task<> restart_dependents(Project& project, TurnKeeper& turns);

}  // namespace stack::engine::supervisor
