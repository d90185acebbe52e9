#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/flags.hpp"
#include "cli/operation.hpp"
#include "cli/project.hpp"
#include "engine/options.hpp"

/// What stop, start, restart, kill, pause, unpause and rm of a project have in common.
namespace stack::cli {

/// The containers that the words of a command mean: those of the named services, or the whole project. nullopt if there
/// are none. Throws Errc::not_found for a service that neither the files nor the containers know.
std::optional<engine::Targets> project_targets(const Context& context, const ProjectHandle& project,
                                               const std::vector<std::string>& services);

/// Loads the project, finds the containers, runs `act` on them. Without containers: nothing to do, said in words.
using TargetAction = std::function<void(engine::SupervisorClient&, const engine::Targets&, const engine::EventSink&)>;
int act_on_services(const Context& context, const Flags& flags, const std::string& title, const TargetAction& act);

/// `--timeout SECONDS` (-1: wait for ever); unset if it was not given.
std::optional<std::chrono::nanoseconds> timeout_flag(const Flags& flags, std::string_view name = "timeout");

}  // namespace stack::cli
