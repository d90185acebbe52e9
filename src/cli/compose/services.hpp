#pragma once

#include <set>
#include <string>
#include <vector>

#include "compose/loader.hpp"

namespace stack::cli {

/// The services that `words` name (all if there are none), with everything they depend on if `with_dependencies`.
/// Throws Errc::not_found "no such service: …".
std::set<std::string> chosen_services(const compose::Project& project, const std::vector<std::string>& words,
                                      bool with_dependencies);

}  // namespace stack::cli
