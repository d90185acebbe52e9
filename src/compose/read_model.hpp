#pragma once

#include "compose/node.hpp"
#include "compose/project.hpp"

namespace stack::compose {

/// Reads the typed model from a canonical, checked document. What the document does not say keeps the model's default.
/// Name, directory, files and profiles of the project are left to the caller.
Project read_project(const Node& document, const Node& inactive_services);

}  // namespace stack::compose
