#include "cli/table.hpp"

#include <algorithm>

namespace stack::cli {

namespace {

bool begins_character(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
}

}  // namespace

size_t display_width(std::string_view text) {
    return static_cast<size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string pad(std::string_view text, size_t width) {
    std::string out{text};
    out.append(width - std::min(width, display_width(text)), ' ');
    return out;
}

std::string fit(std::string_view text, size_t width) {
    if (display_width(text) <= width) {
        return std::string{text};
    }
    size_t seen = 0;
    size_t end = 0;
    while (end < text.size() && (seen < width || !begins_character(text[end]))) {
        seen += begins_character(text[end]) && seen < width ? 1 : 0;
        if (seen == width && begins_character(text[end])) {
            break;
        }
        ++end;
    }
    return std::string{text.substr(0, end)} + "…";
}

std::string Table::str() const {
    std::vector<size_t> widths;
    for (const std::vector<std::string>& row : rows_) {
        widths.resize(std::max(widths.size(), row.size()));
        for (size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], display_width(row[i]));
        }
    }
    std::string out;
    for (const std::vector<std::string>& row : rows_) {
        for (size_t i = 0; i < row.size(); ++i) {
            out += i + 1 == row.size() ? row[i] : pad(row[i], widths[i] + 3);
        }
        out += '\n';
    }
    return out;
}

}  // namespace stack::cli
