#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "support/error.hpp"

namespace stack::compose {

/// A file of one load, by its number in SourceFiles. 0 stands for "no file": values that we made up ourselves.
using FileId = std::uint32_t;

/// A place in a file. Line and column count from 1, columns in characters (not bytes); 0 means unknown.
/// Small, because every node of the tree carries one.
struct Mark {
    FileId file{0};
    std::uint32_t line{0};
    std::uint32_t column{0};

    friend bool operator==(const Mark&, const Mark&) = default;
};

/// The texts of all files that one load has read, in the order of reading: findings quote from them.
/// Names are as people know them: relative to the current folder where the file lies below it.
class SourceFiles {
public:
    FileId add(std::string name, std::string text);

    const std::string& name(FileId file) const;
    const std::string& text(FileId file) const;
    /// One line without its line end; empty if there is none. `number` counts from 1.
    std::string_view line(FileId file, std::uint32_t number) const;
    SourcePos position(Mark mark) const {
        return {name(mark.file), static_cast<int>(mark.line), static_cast<int>(mark.column)};
    }
    std::size_t count() const noexcept { return files_.size(); }

private:
    struct File {
        std::string name;
        std::string text;
        mutable std::vector<std::size_t> line_starts;  // made when first asked for
    };
    const File& file(FileId id) const;

    std::deque<File> files_;
};

}  // namespace stack::compose
