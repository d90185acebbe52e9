#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/error.hpp"

namespace stack::cli {

/// Wrong words on the command line. The front door picks the exit code and names `--help`.
class UsageError : public Error {
public:
    /// What is wrong: flags as they were declared, the number of other words, or what a command makes of one.
    enum class Fault { flag, words, meaning };
    explicit UsageError(std::string what, Fault fault = Fault::meaning)
        : Error{Errc::invalid_input, std::move(what)}, fault_{fault} {}
    Fault fault() const noexcept { return fault_; }

private:
    Fault fault_;
};

/// One flag as the help text declares it.
struct FlagSpec {
    enum class Kind { boolean, single, repeated };
    std::vector<std::string> names;  ///< long names, without dashes; the first is the one code asks for
    char letter{0};
    Kind kind{Kind::boolean};
    bool value_optional{false};  ///< `--flag[=VALUE]`: alone it means value "true"
};

/// What a help text says about a command: its flags and how many words it takes.
///
/// The help text IS the declaration, so that the two cannot drift apart. A line that starts with two to six blanks and
/// a dash declares a flag, two blanks or more end it:
///
///     -d, --detach              boolean; `--detach=false` works as well
///     -t, --timeout SECONDS     one value, the last one wins
///         --scale NAME=N...     repeated values
///         --pull[=POLICY]       value may be left out
///         --time, --timeout N   two spellings; code asks for the first
///
/// The first line, "Usage: {command} [OPTIONS] SERVICE [COMMAND] [ARG...]", declares the words: one in brackets may be
/// missing, "..." repeats. A usage that ends in "[ARG...]" hands everything after its first word to another program, so
/// flags are only looked for before that. Old spellings that are not worth a line of help stand below "Old spellings:".
struct HelpText {
    std::string_view text;
    std::vector<FlagSpec> flags;
    size_t least_words{0};
    size_t most_words{0};
    bool words_are_foreign{false};  ///< stop at the first word
};
HelpText parse_help_text(std::string_view text);

/// The words of one command line, sorted by a HelpText. Follows pflag, which the Docker CLI uses: `-it`, `-p80:80`,
/// `-p 80:80`, `-p=80:80`, `--name x`, `--name=x`, `--tty=false`, `--` ends the flags; and the spellings of old
/// (`-name x`).
class Flags {
public:
    /// `inherited` are flags of the program as a whole that may also stand behind the command; see
    /// `inherited()`.
    static Flags parse(const HelpText& help, const std::vector<std::string>& args, const HelpText* inherited = nullptr);
    /// UsageError if there are fewer or more words than the help text declares.
    void check_words(const HelpText& help, std::string_view command) const;
    /// All words, no flags.
    static Flags raw(std::vector<std::string> words);

    /// A boolean; false if not given. Asking for a flag that the help text does not declare is a mistake of ours
    /// (Errc::internal).
    bool on(std::string_view name) const;
    /// Whether it stands on the command line at all.
    bool given(std::string_view name) const;
    /// The last value given.
    std::optional<std::string> value(std::string_view name) const;
    std::string value_or(std::string_view name, std::string_view fallback) const;
    std::vector<std::string> values(std::string_view name) const;
    /// A whole number; UsageError if it is something else.
    std::optional<long> number(std::string_view name) const;

    const std::vector<std::string>& words() const noexcept { return words_; }
    bool help_wanted() const noexcept { return help_wanted_; }
    /// The flags meant for the program as a whole, as words ("--dry-run", "--file=x").
    const std::vector<std::string>& inherited() const noexcept { return inherited_; }

private:
    struct Given {
        std::string name;
        std::string value;
    };
    class Parser;
    void expect_declared(std::string_view name) const;

    std::vector<std::string> declared_;
    std::vector<Given> given_;
    std::vector<std::string> words_;
    std::vector<std::string> inherited_;
    bool help_wanted_{false};
};

/// "true", "1", "yes" … as strconv.ParseBool reads them; nullopt on anything else.
std::optional<bool> parse_bool(std::string_view text);

}  // namespace stack::cli
