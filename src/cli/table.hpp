#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stack::cli {

/// Columns as wide as their widest cell, three blanks between them, the last one not padded: as the Docker CLI prints.
class Table {
public:
    explicit Table(std::vector<std::string> headings) { rows_.push_back(std::move(headings)); }
    void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    std::string str() const;

private:
    std::vector<std::vector<std::string>> rows_;
};

/// Characters that `text` takes on a terminal: UTF-8 code points, each taken as one column.
size_t display_width(std::string_view text);
/// `text` with blanks behind it up to `width` columns.
std::string pad(std::string_view text, size_t width);
/// At most `width` columns, the last one "…" if something was cut.
std::string fit(std::string_view text, size_t width);

}  // namespace stack::cli
