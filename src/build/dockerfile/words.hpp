#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stack::build {

/// Value of a variable; nullopt if it is not set.
using Lookup = std::function<std::optional<std::string>(const std::string& name)>;
/// Told of a variable that is not set where no form like ${name:-word} says what then.
using Missing = std::function<void(const std::string& name)>;

/// Quotes, escapes and variables as the Dockerfile reference tells under "Environment replacement": $name, ${name},
/// ${name:-word}, ${name-word}, ${name:+word}, ${name+word}, ${name:?word}, ${name?word}, ${name#pattern}, ##, %, %%,
/// ${name/pattern/replacement}, //. Nothing is expanded in single quotes. Throws Errc::invalid_input (without
/// position).
class WordExpander {
public:
    WordExpander(char escape, Lookup lookup, Missing missing = {})
        : escape_{escape}, lookup_{std::move(lookup)}, missing_{std::move(missing)} {}

    /// One word: quotes taken off, blanks kept.
    std::string word(std::string_view text) const;
    /// Several words: a variable that is not quoted may give more than one.
    std::vector<std::string> words(std::string_view text) const;
    /// Content of a here-document: variables, no quotes; a backslash (whatever `escape` is) goes and keeps what
    /// follows.
    std::string heredoc(std::string_view text) const;

private:
    friend class ExpansionRun;
    char escape_;
    Lookup lookup_;
    Missing missing_;
};

/// Cuts at blanks; nothing else has a meaning (sources of COPY in shell form).
std::vector<std::string> split_blanks(std::string_view text);

/// `a=b "c d"='e f'`, or the old form `a b c`, as ENV and LABEL take them; quotes and escapes are kept for the
/// expander. Throws Errc::invalid_input if a name has no value.
std::vector<std::pair<std::string, std::string>> split_pairs(std::string_view text, char escape,
                                                             const std::string& keyword);

/// Words at blanks outside quotes, quotes kept.
std::vector<std::string> split_quoted(std::string_view text, char escape);

}  // namespace stack::build
