#include "cli/flags.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "support/text.hpp"

namespace stack::cli {

namespace {

bool starts_flag_line(std::string_view line) {
    const size_t indent = line.find_first_not_of(' ');
    return indent != std::string_view::npos && indent >= 2 && indent <= 6 && line[indent] == '-' &&
           indent + 1 < line.size() && line[indent + 1] != ' ';
}

/// "-t, --timeout SECONDS" (without what follows two blanks).
FlagSpec parse_flag_line(std::string_view line) {
    line.remove_prefix(line.find_first_not_of(' '));
    line = line.substr(0, line.find("  "));
    FlagSpec spec;
    for (std::string_view field : split(line, ' ')) {
        if (!field.empty() && field.back() == ',') {
            field.remove_suffix(1);
        }
        if (field.substr(0, 2) == "--") {
            field.remove_prefix(2);
            if (const size_t bracket = field.find('['); bracket != std::string_view::npos) {
                spec.kind = field.size() > 4 && field.substr(field.size() - 3) == "..." ? FlagSpec::Kind::repeated
                                                                                        : FlagSpec::Kind::single;
                spec.value_optional = true;
                field = field.substr(0, bracket);
            }
            spec.names.emplace_back(field);
        } else if (field.size() == 2 && field[0] == '-') {
            spec.letter = field[1];
        } else if (!field.empty()) {
            const bool repeats = field.size() > 3 && field.substr(field.size() - 3) == "...";
            spec.kind = repeats ? FlagSpec::Kind::repeated : FlagSpec::Kind::single;
        }
    }
    if (spec.names.empty()) {
        spec.names.emplace_back(1, spec.letter);
    }
    return spec;
}

void parse_usage_line(std::string_view line, HelpText& help) {
    constexpr size_t any_number = 1U << 20U;
    for (std::string_view word : split(line, ' ')) {
        if (word.empty() || word == "Usage:" || word == "{command}" || word == "[OPTIONS]" || word == "|") {
            continue;
        }
        help.least_words += word[0] != '[' ? 1 : 0;
        help.most_words += word.find("...") != std::string_view::npos ? any_number : 1;
    }
    help.words_are_foreign = line.size() > 8 && line.substr(line.size() - 8) == "[ARG...]";
}

}  // namespace

HelpText parse_help_text(std::string_view text) {
    HelpText help;
    help.text = text;
    bool first = true;
    for (std::string_view line : split(text, '\n')) {
        if (first) {
            parse_usage_line(line, help);
            first = false;
        } else if (starts_flag_line(line)) {
            help.flags.push_back(parse_flag_line(line));
        }
    }
    return help;
}

std::optional<bool> parse_bool(std::string_view text) {
    const std::string word = to_lower(text);
    if (word == "true" || word == "1" || word == "t" || word == "yes" || word == "on") {
        return true;
    }
    if (word == "false" || word == "0" || word == "f" || word == "no" || word == "off") {
        return false;
    }
    return std::nullopt;
}

/// Walks over the arguments once.
class Flags::Parser {
public:
    Parser(const HelpText& help, const HelpText* inherited, const std::vector<std::string>& args, Flags& out)
        : help_{help}, inherited_{inherited}, args_{args}, out_{out} {}

    void run() {
        while (next_ < args_.size()) {
            const std::string& arg = args_[next_++];
            if (arg == "--") {
                take_rest();
            } else if (arg.size() > 2 && arg.compare(0, 2, "--") == 0) {
                long_flag(std::string_view{arg}.substr(2), arg);
            } else if (arg.size() > 1 && arg[0] == '-') {
                short_flags(std::string_view{arg}.substr(1));
            } else {
                out_.words_.push_back(arg);
                if (help_.words_are_foreign) {
                    take_rest();
                }
            }
        }
    }

private:
    void take_rest() {
        out_.words_.insert(out_.words_.end(), args_.begin() + static_cast<std::ptrdiff_t>(next_), args_.end());
        next_ = args_.size();
    }

    static const FlagSpec* find_long(const HelpText& help, std::string_view name) {
        for (const FlagSpec& spec : help.flags) {
            if (std::find(spec.names.begin(), spec.names.end(), name) != spec.names.end()) {
                return &spec;
            }
        }
        return nullptr;
    }

    static const FlagSpec* find_letter(const HelpText& help, char letter) {
        for (const FlagSpec& spec : help.flags) {
            if (spec.letter == letter) {
                return &spec;
            }
        }
        return nullptr;
    }

    std::string value_of(const FlagSpec& spec, const std::string& spelled, std::optional<std::string_view> attached) {
        if (attached) {
            return std::string{*attached};
        }
        if (spec.kind == FlagSpec::Kind::boolean || spec.value_optional) {
            return "true";
        }
        if (next_ >= args_.size()) {
            throw UsageError{fmt::format("flag needs an argument: {}", spelled), UsageError::Fault::flag};
        }
        return args_[next_++];
    }

    void add(const FlagSpec& spec, const std::string& spelled, std::string value) {
        if (spec.kind == FlagSpec::Kind::boolean) {
            const std::optional<bool> parsed = parse_bool(value);
            if (!parsed) {
                throw UsageError{fmt::format("invalid value '{}' for {}: expected true or false", value, spelled),
                                 UsageError::Fault::flag};
            }
            value = *parsed ? "true" : "false";
        }
        out_.given_.push_back({spec.names.front(), std::move(value)});
    }

    void long_flag(std::string_view text, const std::string& spelled_with_value) {
        const size_t equals = text.find('=');
        const std::string_view name = text.substr(0, equals);
        const std::string spelled = spelled_with_value.substr(0, spelled_with_value.find('='));
        std::optional<std::string_view> attached;
        if (equals != std::string_view::npos) {
            attached = text.substr(equals + 1);
        }
        if (const FlagSpec* spec = find_long(help_, name)) {
            add(*spec, spelled, value_of(*spec, spelled, attached));
        } else if (name == "help") {
            out_.help_wanted_ = true;
        } else if (const FlagSpec* outer = inherited_ ? find_long(*inherited_, name) : nullptr) {
            out_.inherited_.push_back(fmt::format("--{}={}", name, value_of(*outer, spelled, attached)));
        } else {
            unknown(spelled, name);
        }
    }

    void short_flags(std::string_view cluster) {
        // Docker before 1.8 wrote long names with one dash: -name, -link=db:db.
        const std::string_view whole = cluster.substr(0, cluster.find('='));
        if (whole.size() > 1 && find_long(help_, whole)) {
            long_flag(cluster, fmt::format("-{}", cluster));
            return;
        }
        const std::string_view all = cluster;
        while (!cluster.empty()) {
            const std::string spelled = fmt::format("-{}", cluster.front());
            const FlagSpec* spec = find_letter(help_, cluster.front());
            if (!spec && cluster == "h") {
                out_.help_wanted_ = true;
                return;
            }
            if (!spec) {
                unknown_letter(spelled, all);
            }
            cluster.remove_prefix(1);
            const bool has_value = !cluster.empty() && cluster.front() == '=';
            if (has_value || (!cluster.empty() && spec->kind != FlagSpec::Kind::boolean)) {
                add(*spec, spelled, std::string{has_value ? cluster.substr(1) : cluster});
                return;
            }
            add(*spec, spelled, value_of(*spec, spelled, std::nullopt));
        }
    }

    [[noreturn]] void unknown(const std::string& spelled, std::string_view name) const {
        UsageError error{fmt::format("unknown flag: {}", spelled), UsageError::Fault::flag};
        std::vector<std::string> known;
        for (const FlagSpec& spec : help_.flags) {
            known.insert(known.end(), spec.names.begin(), spec.names.end());
        }
        if (const std::optional<std::string> near = nearest(name, known)) {
            error.set_hint(fmt::format("did you mean '--{}'?", *near));
        }
        throw error;
    }

    [[noreturn]] static void unknown_letter(const std::string& spelled, std::string_view cluster) {
        throw UsageError{cluster.size() > 1 ? fmt::format("unknown shorthand flag: '{}' in -{}", spelled[1], cluster)
                                            : fmt::format("unknown shorthand flag: '{}'", spelled),
                         UsageError::Fault::flag};
    }

    const HelpText& help_;
    const HelpText* inherited_;
    const std::vector<std::string>& args_;
    Flags& out_;
    size_t next_{0};
};

Flags Flags::parse(const HelpText& help, const std::vector<std::string>& args, const HelpText* inherited) {
    Flags flags;
    for (const FlagSpec& spec : help.flags) {
        flags.declared_.push_back(spec.names.front());
    }
    Parser{help, inherited, args, flags}.run();
    return flags;
}

void Flags::check_words(const HelpText& help, std::string_view command) const {
    const auto arguments = [](size_t n) { return fmt::format("{} argument{}", n, n == 1 ? "" : "s"); };
    const auto fail = [&](const std::string& what) {
        throw UsageError{fmt::format("'{}' {}", command, what), UsageError::Fault::words};
    };
    if (words_.size() >= help.least_words && words_.size() <= help.most_words) {
        return;
    }
    if (help.most_words == 0) {
        fail("accepts no arguments");
    }
    if (help.least_words == help.most_words) {
        fail("requires exactly " + arguments(help.least_words));
    }
    fail(words_.size() < help.least_words ? "requires at least " + arguments(help.least_words)
                                          : "requires at most " + arguments(help.most_words));
}

Flags Flags::raw(std::vector<std::string> words) {
    Flags flags;
    flags.words_ = std::move(words);
    return flags;
}

void Flags::expect_declared(std::string_view name) const {
    if (std::find(declared_.begin(), declared_.end(), name) == declared_.end()) {
        throw Error{Errc::internal, fmt::format("the help text does not declare --{}", name)};
    }
}

bool Flags::given(std::string_view name) const {
    expect_declared(name);
    return std::any_of(given_.begin(), given_.end(), [&](const Given& one) { return one.name == name; });
}

bool Flags::on(std::string_view name) const {
    return value(name).value_or("false") == "true";
}

std::optional<std::string> Flags::value(std::string_view name) const {
    expect_declared(name);
    for (auto one = given_.rbegin(); one != given_.rend(); ++one) {
        if (one->name == name) {
            return one->value;
        }
    }
    return std::nullopt;
}

std::string Flags::value_or(std::string_view name, std::string_view fallback) const {
    return value(name).value_or(std::string{fallback});
}

std::vector<std::string> Flags::values(std::string_view name) const {
    expect_declared(name);
    std::vector<std::string> all;
    for (const Given& one : given_) {
        if (one.name == name) {
            all.push_back(one.value);
        }
    }
    return all;
}

std::optional<long> Flags::number(std::string_view name) const {
    const std::optional<std::string> text = value(name);
    if (!text) {
        return std::nullopt;
    }
    const std::optional<std::int64_t> parsed = parse_int(*text);
    if (!parsed) {
        throw UsageError{fmt::format("invalid value '{}' for --{}: expected a whole number", *text, name),
                         UsageError::Fault::flag};
    }
    return static_cast<long>(*parsed);
}

}  // namespace stack::cli
