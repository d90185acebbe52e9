#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "compose/finding.hpp"
#include "compose/interpolate.hpp"
#include "compose/loader.hpp"
#include "compose/node.hpp"

namespace stack::compose {

/// What the phases of one load share.
struct LoadContext {
    const LoadOptions& options;
    SourceFiles& files;
    Findings& findings;
    std::string home;  // of the user, for `~`
    InterpolationState variables;
    bool lacks_file{false};  // a Compose file that was asked for is not there
    std::size_t files_read{0};
    std::size_t bytes_read{0};
    std::size_t nodes{0};  // values that all files together have, written out
};

/// The name of a file as people know it: relative to the current folder if it lies there, absolute otherwise.
std::string display_name(const LoadContext& context, const std::filesystem::path& file);

/// Reads and parses a Compose file. What went wrong is a finding at `from` (who asked for the file) and gives an empty
/// vector. Refuses files that are no regular ones, too large, or too many.
std::vector<Node> read_documents(LoadContext& context, const std::filesystem::path& file, Mark from, const Path& path);

/// The same for a text that is there already (stdin).
std::vector<Node> parse_documents(LoadContext& context, std::string name, std::string text);

/// Counts what was read. False, and a finding at `from` the first time, if it becomes too much.
bool count_bytes(LoadContext& context, std::size_t bytes, Mark from, const Path& path);
/// Counts values that are copied into the project. False, and a finding at `mark` the first time, if they become too
/// many.
bool count_nodes(LoadContext& context, std::size_t nodes, Mark mark, const Path& path);

/// Takes a document through the phases that look at one file alone: the first format, variables, types.
void prepare_document(LoadContext& context, Node& document, const Environment& environment);

}  // namespace stack::compose
