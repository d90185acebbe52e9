#include "cli/container/env_file.hpp"

#include <cstdlib>

#include <fmt/format.h>

#include "cli/flags.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

namespace stack::cli {

namespace {

void add(std::vector<std::string>& all, const std::string& entry) {
    if (entry.find('=') != std::string::npos) {
        all.push_back(entry);
    } else if (const char* value = std::getenv(entry.c_str())) {
        all.push_back(fmt::format("{}={}", entry, value));
    }
}

void add_file(std::vector<std::string>& all, const std::string& file) {
    int number = 0;
    const std::string text = read_file(file);
    for (std::string_view line : split(text, '\n')) {
        ++number;
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        if (!line.empty() && line.back() == '\r') {
            line.remove_suffix(1);
        }
        if (line.empty() || line[0] == '#') {
            continue;
        }
        const std::string_view name = line.substr(0, line.find('='));
        if (name.empty() || name.find(' ') != std::string_view::npos) {
            throw Error{Errc::invalid_input, fmt::format("invalid name of a variable: '{}'", name)}.at(
                {file, number, 1});
        }
        add(all, std::string{line});
    }
}

}  // namespace

std::vector<std::string> env_with_files(const std::vector<std::string>& files, const std::vector<std::string>& words) {
    std::vector<std::string> all;
    for (const std::string& file : files) {
        add_file(all, file);
    }
    for (const std::string& word : words) {
        if (word.empty() || word[0] == '=') {
            throw UsageError{fmt::format("invalid value '{}' for --env: a variable needs a name", word)};
        }
        add(all, word);
    }
    return all;
}

}  // namespace stack::cli
