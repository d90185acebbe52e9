#include "compose/source_files.hpp"

#include <algorithm>

namespace stack::compose {

FileId SourceFiles::add(std::string name, std::string text) {
    files_.push_back({std::move(name), std::move(text), {}});
    return static_cast<FileId>(files_.size());
}

const SourceFiles::File& SourceFiles::file(FileId id) const {
    static const File none;
    return id == 0 || id > files_.size() ? none : files_[id - 1];
}

const std::string& SourceFiles::name(FileId id) const {
    return file(id).name;
}

const std::string& SourceFiles::text(FileId id) const {
    return file(id).text;
}

std::string_view SourceFiles::line(FileId id, std::uint32_t number) const {
    const File& source = file(id);
    const std::string_view text = source.text;
    if (source.line_starts.empty()) {
        source.line_starts.push_back(0);
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n'))) {
                source.line_starts.push_back(i + 1);
            }
        }
    }
    if (number == 0 || number > source.line_starts.size()) {
        return {};
    }
    const std::size_t start = source.line_starts[number - 1];
    // Not looked for from the start on: a line may have megabytes, and many findings.
    std::size_t end = number == source.line_starts.size() ? text.size() : source.line_starts[number];
    while (end > start && (text[end - 1] == '\n' || text[end - 1] == '\r')) {
        --end;
    }
    return text.substr(start, end - start);
}

}  // namespace stack::compose
