#pragma once

#include <filesystem>

#include "compose/load_context.hpp"

namespace stack::compose {

/// Replaces `extends` of every service of a document by what it extends (compose-spec 05-services "extends"): services
/// of the same file or of another one, over any number of steps. The base's relative paths are relative to its own
/// file. Cycles and missing services are findings. `file` is the document's own file, `directory` what its relative
/// paths are relative to.
void apply_extends(LoadContext& context, Node& document, const std::filesystem::path& file,
                   const std::filesystem::path& directory, const Environment& environment);

}  // namespace stack::compose
