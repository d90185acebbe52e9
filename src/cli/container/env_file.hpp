#pragma once

#include <string>
#include <vector>

namespace stack::cli {

/// The variables of `--env-file` files in order, then those of `--env`, which win. Lines of a file are taken as they
/// are: no quotes, no interpolation; '#' begins a comment line, a name alone takes our value. The result has "A=b"
/// only.
std::vector<std::string> env_with_files(const std::vector<std::string>& files, const std::vector<std::string>& words);

}  // namespace stack::cli
