#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compose/source_files.hpp"

namespace stack::compose {

/// What a line of a file that YAML cannot read is about, guessed from the indentation of the lines above it: for
/// messages about mistakes of syntax, which leave no tree behind.
struct LineContext {
    std::vector<std::string> keys;  // {"services", "web", "image"}; the line's own key last, if it has one

    /// "'image' of service 'web'", "the file" if there is nothing to go by.
    std::string describe() const;
    /// "services.web.image".
    std::string path() const;
    /// What the line stands in: without its own key.
    LineContext parent() const;
    bool own_key{false};  // the last of `keys` is the line's own
};

LineContext find_line_context(const SourceFiles& files, FileId file, std::uint32_t line);

/// Spaces before the text of a line.
std::size_t indentation_of(std::string_view line) noexcept;

/// True if the line has text that is no comment.
bool has_content(std::string_view line) noexcept;

/// The key of "  key: value", "- key:" or "'key': {"; empty if the line has none.
std::string_view key_of(std::string_view line) noexcept;

}  // namespace stack::compose
