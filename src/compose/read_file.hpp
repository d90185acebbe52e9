#pragma once

#include <filesystem>
#include <string>

namespace stack::compose {

/// Content of a file that a project names. Only regular files, and pipes that the shell made for this command
/// (/dev/stdin, /dev/fd/N): a FIFO or device in place of a file must not hang a command.
/// Throws Error: not_found, invalid_input (a folder, a FIFO, larger than limits.hpp says), SysError for the rest.
std::string read_project_file(const std::filesystem::path& file, std::size_t limit);

/// "did you mean 'app.env'?" if the folder of the missing `file` has one of nearly that name, else `otherwise`.
std::string mend_missing_file(const std::filesystem::path& file, std::string otherwise = {});

}  // namespace stack::compose
