#include "build/dockerfile/heredoc.hpp"

#include <string>

#include "support/text.hpp"

namespace stack::build {
namespace {

/// Words as a shell would cut them, quotes kept.
std::vector<std::string> raw_words(std::string_view line, char escape) {
    std::vector<std::string> words;
    std::string word;
    char quote = 0;
    for (size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (c == escape && quote != '\'' && i + 1 < line.size()) {
            word += c;
            word += line[++i];
            continue;
        }
        if (quote == 0 && (c == ' ' || c == '\t')) {
            if (!word.empty()) {
                words.push_back(std::move(word));
                word.clear();
            }
            continue;
        }
        if (quote == 0 && (c == '"' || c == '\'')) {
            quote = c;
        } else if (c == quote) {
            quote = 0;
        }
        word += c;
    }
    if (!word.empty()) {
        words.push_back(std::move(word));
    }
    return words;
}

}  // namespace

bool parse_heredoc_word(std::string_view word, Heredoc& heredoc) {
    const auto digits = word.find_first_not_of("0123456789");
    if (digits == std::string_view::npos || !word.substr(digits).starts_with("<<")) {
        return false;
    }
    constexpr int standard_input = 0;
    heredoc.fd = static_cast<int>(parse_int(word.substr(0, digits)).value_or(standard_input));
    word.remove_prefix(digits + 2);
    heredoc.chomp = word.starts_with('-');
    if (heredoc.chomp) {
        word.remove_prefix(1);
    }
    if (word.empty() || word.find('<') != std::string_view::npos) {
        return false;
    }
    heredoc.expand = true;
    heredoc.name.clear();
    char quote = 0;
    for (const char c : word) {
        if (quote == 0 && (c == '"' || c == '\'')) {
            quote = c;
            heredoc.expand = false;
        } else if (c == quote) {
            quote = 0;
        } else if (quote == 0 && std::string_view{"|&;()>$`\\"}.find(c) != std::string_view::npos) {
            return false;
        } else {
            heredoc.name += c;
        }
    }
    return quote == 0 && !heredoc.name.empty();
}

std::vector<Heredoc> find_heredocs(std::string_view line, char escape) {
    std::vector<Heredoc> heredocs;
    for (const auto& word : raw_words(line, escape)) {
        Heredoc heredoc;
        if (parse_heredoc_word(word, heredoc)) {
            heredocs.push_back(std::move(heredoc));
        }
    }
    return heredocs;
}

}  // namespace stack::build
