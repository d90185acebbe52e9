#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace stack::runtime {

/// storage_opt: how much a container may write into its root. The file system limits it, by a project quota on the
/// container's `upper` and `work`. Which project that is stands nowhere but on these folders, and a number counts as
/// taken as long as a file or a limit has it: whatever is cut short here, nothing is lost and no number is given twice.

/// Throws if `options` ask for a limit that the file system of `containers`, a folder that need not be there yet,
/// cannot keep: which file system it is, what it lacks and how to mend that.
void require_storage(const std::filesystem::path& containers, const std::map<std::string, std::string>& options);

/// Makes `upper`, `work` and `merged` in a container's folder, and limits the first two. For each start: it finds its
/// earlier work. Returns the limit in bytes, 0 without one.
std::int64_t make_storage(const std::filesystem::path& container, const std::map<std::string, std::string>& options);

/// Gives the project back; to be called just before the folder is removed, and again if that was cut short.
void give_storage_back(const std::filesystem::path& container);

}  // namespace stack::runtime
