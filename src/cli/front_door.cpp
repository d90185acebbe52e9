#include "cli/front_door.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/command.hpp"
#include "cli/exit_codes.hpp"
#include "cli/help.hpp"
#include "cli/render_error.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "support/log.hpp"
#include "support/text.hpp"

namespace stack::cli {

namespace {

using Words = std::vector<std::string>;

Persona persona_of(const std::string& argv0) {
    const std::string name = std::filesystem::path{argv0}.filename();
    if (name == "docker") {
        return Persona::docker;
    }
    return name == "docker-compose" ? Persona::docker_compose : Persona::stack;
}

/// The flags before a command that belong to one front door, and the doors that are open there.
struct Entrance {
    std::string_view help;
    unsigned doors;
};
constexpr Entrance stack_entrance{"help/stack", compose | engine | own};
constexpr Entrance docker_entrance{"help/docker", docker | engine};
constexpr Entrance compose_entrance{"help/docker-compose", compose};

void take_project_flags(const Flags& flags, Context& context) {
    ProjectOptions& project = context.project;
    for (const std::string& file : flags.values("file")) {
        project.files.push_back(file);
    }
    for (const std::string& profile : flags.values("profile")) {
        project.profiles.push_back(profile);
    }
    for (const std::string& file : flags.values("env-file")) {
        project.env_files.push_back(file);
    }
    project.name = flags.value_or("project-name", project.name);
    project.directory = flags.value_or("project-directory", flags.value_or("workdir", project.directory));
    project.compatibility |= flags.on("compatibility");
    project.all_resources |= flags.on("all-resources");
    context.dry_run |= flags.on("dry-run");
    context.verbose |= flags.on("verbose");
    context.parallel = static_cast<int>(flags.number("parallel").value_or(context.parallel));
}

template <class Value>
Value choose(std::string_view flag, const std::string& word, std::initializer_list<std::pair<const char*, Value>> all) {
    std::string names;
    for (const auto& [name, value] : all) {
        if (word == name) {
            return value;
        }
        names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
    }
    throw UsageError{fmt::format("invalid value '{}' for --{}: expected one of {}", word, flag, names)};
}

void take_display_flags(const Flags& flags, Context& context) {
    if (const std::optional<std::string> word = flags.value("ansi")) {
        context.colours = choose<Colours>(
            "ansi", *word, {{"auto", Colours::automatic}, {"always", Colours::always}, {"never", Colours::never}});
    }
    if (flags.on("no-ansi")) {
        context.colours = Colours::never;
    }
    if (const std::optional<std::string> word = flags.value("progress")) {
        context.progress = choose<ProgressStyle>("progress", *word,
                                                 {{"auto", ProgressStyle::automatic},
                                                  {"tty", ProgressStyle::tty},
                                                  {"plain", ProgressStyle::plain},
                                                  {"json", ProgressStyle::json},
                                                  {"quiet", ProgressStyle::quiet}});
    }
}

/// There is no engine elsewhere to talk to: say so instead of working on the wrong machine.
void refuse_remote_engine(const Flags& flags) {
    const char* variable = std::getenv("DOCKER_HOST");
    const std::string host = flags.value_or("host", variable ? variable : "");
    if (host.empty() || host == "unix:///var/run/docker.sock" || host == "unix:///run/docker.sock") {
        return;
    }
    throw Error{Errc::unsupported,
                fmt::format("cannot talk to the engine at '{}': stack works on this host only", host)}
        .hint("leave out --host and unset DOCKER_HOST");
}

void take_log_level(const Flags& flags) {
    if (const std::optional<std::string> word = flags.value("log-level")) {
        set_log_level(choose<LogLevel>("log-level", *word,
                                       {{"debug", LogLevel::debug},
                                        {"info", LogLevel::info},
                                        {"warn", LogLevel::warning},
                                        {"error", LogLevel::off},
                                        {"fatal", LogLevel::off}}));
    }
}

void take_globals(const Entrance& entrance, const Flags& flags, Context& context) {
    if (entrance.doors & docker) {
        refuse_remote_engine(flags);
        context.verbose |= flags.on("debug");
        take_log_level(flags);
    } else {
        take_project_flags(flags, context);
        take_display_flags(flags, context);
    }
}

/// How many of `words` the row's path takes; 0 if it does not match.
size_t match(const Command& command, const Words& words) {
    const std::vector<std::string_view> path = split(command.path, ' ');
    if (words.size() < path.size()) {
        return 0;
    }
    for (size_t i = 0; i < path.size(); ++i) {
        const std::vector<std::string_view> spellings = split(path[i], '|');
        if (std::find(spellings.begin(), spellings.end(), words[i]) == spellings.end()) {
            return 0;
        }
    }
    return path.size();
}

const Command* find_command(const Words& words, unsigned doors, size_t& taken) {
    const Command* best = nullptr;
    taken = 0;
    for (const Command& command : commands()) {
        const size_t length = (command.doors & doors) != 0 ? match(command, words) : 0;
        if (length > taken) {
            taken = length;
            best = &command;
        }
    }
    return best;
}

[[noreturn]] void throw_unknown_command(const Words& words, unsigned doors, const std::string& program) {
    std::vector<std::string> known;
    const bool group = !group_help(words.front(), program, doors).empty();
    for (const Command& command : commands()) {
        for (std::string_view spelling : split(command.path, '|')) {
            if ((command.doors & doors) != 0) {
                known.emplace_back(spelling);
            }
        }
    }
    const std::string typed = group && words.size() > 1 ? words[0] + " " + words[1] : words[0];
    Error error{Errc::not_found, fmt::format("'{}' is not a {} command", typed, program)};
    const std::optional<std::string> near = nearest(typed, known);
    error.set_hint(near ? fmt::format("did you mean '{} {}'?", program, *near)
                        : fmt::format("'{} --help' lists the commands", program));
    throw error;
}

void print(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
}

/// Lets the flags for the program that stood behind the command count as if they had stood before it.
void take_inherited(const Entrance& entrance, const HelpText& globals, const Words& words, Context& context) {
    if (!words.empty()) {
        take_globals(entrance, Flags::parse(globals, words), context);
    }
}

int run_command(const Command& command, const Entrance& entrance, const HelpText& globals, const Words& args,
                Context& context) {
    if (command.help.empty()) {
        return command.run(context, Flags::raw(args));
    }
    const HelpText help = parse_help_text(help_text(command.help));
    const Flags flags = Flags::parse(help, args, &globals);
    if (flags.help_wanted()) {
        print(command_help(help.text, context.command));
        return 0;
    }
    flags.check_words(help, context.command);
    take_inherited(entrance, globals, flags.inherited(), context);
    return command.run(context, flags);
}

int print_help_for(const Words& words, const Entrance& entrance, Context& context) {
    size_t taken = 0;
    const Command* command = words.empty() ? nullptr : find_command(words, entrance.doors, taken);
    if (command && !command->help.empty()) {
        const Words path{words.begin(), words.begin() + static_cast<std::ptrdiff_t>(taken)};
        print(command_help(help_text(command->help), context.program + " " + join(path, " ")));
        return 0;
    }
    if (!words.empty()) {
        const std::string text = group_help(words.front(), context.program, entrance.doors);
        if (text.empty()) {
            throw_unknown_command(words, entrance.doors, context.program);
        }
        print(text);
        return 0;
    }
    print(program_help(help_text(entrance.help), context.program, entrance.doors));
    return 0;
}

int enter(const Entrance& entrance, const Words& args, Context& context) {
    const HelpText globals = parse_help_text(help_text(entrance.help));
    const Flags flags = Flags::parse(globals, args);
    const Words& words = flags.words();
    if (flags.on("version")) {
        return print_version_line(context);
    }
    take_globals(entrance, flags, context);
    if (words.empty() || flags.help_wanted()) {
        return print_help_for({}, entrance, context);
    }
    if (words.front() == "help") {
        return print_help_for({words.begin() + 1, words.end()}, entrance, context);
    }
    if ((entrance.doors & docker) && words.front() == "compose") {
        context.program += " compose";
        context.persona = Persona::docker_compose;
        return enter(compose_entrance, {words.begin() + 1, words.end()}, context);
    }
    size_t taken = 0;
    const Command* command = find_command(words, entrance.doors | internal, taken);
    if (!command) {
        const bool only_group = words.size() == 1 || words[1] == "--help" || words[1] == "-h";
        const std::string text = only_group ? group_help(words.front(), context.program, entrance.doors) : "";
        if (text.empty()) {
            throw_unknown_command(words, entrance.doors, context.program);
        }
        print(text);
        return 0;
    }
    const auto rest = words.begin() + static_cast<std::ptrdiff_t>(taken);
    context.command = context.program + " " + join(Words{words.begin(), rest}, " ");
    return run_command(*command, entrance, globals, {rest, words.end()}, context);
}

void report(const Error& error, const Context& context) {
    const ErrorStyle style{colours_on(STDERR_FILENO, context.colours), context.verbose};
    std::fflush(stdout);
    const std::string text = render_error(error, style);
    std::fwrite(text.data(), 1, text.size(), stderr);
}

/// The docker CLI ends with 125 on wrong flags, and whatever is wrong about a program that `run` shall start; docker
/// compose with 16.
int usage_exit_code(const UsageError& wrong, const Context& context) {
    using Fault = UsageError::Fault;
    if (context.persona != Persona::docker) {
        return 16;
    }
    const bool runs = context.command.ends_with(" run") && wrong.fault() != Fault::words;
    return wrong.fault() == Fault::flag || runs ? exit_engine_error : 1;
}

int report_usage(const UsageError& wrong, const Context& context) {
    const std::string command = context.command.empty() ? context.program : context.command;
    UsageError error = wrong;
    const std::string seen = error.hint().empty() ? "" : error.hint() + "\n";
    error.set_hint(fmt::format("{}see '{} --help'", seen, command));
    report(error, context);
    return usage_exit_code(wrong, context);
}

/// Output that could not be written is a failure, though nobody threw.
int flush_output(int code, const Context& context) {
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) {
        return code;
    }
    report(SysError{errno, "write the output"}, context);
    return code == 0 ? 1 : code;
}

int guarded(const Entrance& entrance, const Words& args, Context& context) {
    try {
        return flush_output(enter(entrance, args, context), context);
    } catch (const Exit& wanted) {
        return flush_output(wanted.code, context);
    } catch (const UsageError& error) {
        return report_usage(error, context);
    } catch (const ExitError& error) {
        report(error, context);
        return error.exit_code();
    } catch (const Error& error) {
        report(error, context);
    } catch (const std::bad_alloc&) {
        report(Error{Errc::system, "out of memory"}, context);
    } catch (const std::exception& error) {
        report(Error{Errc::internal, fmt::format("internal mistake: {}", error.what())}.hint("please report this"),
               context);
    }
    return 1;
}

}  // namespace

int run_program(int argc, char** argv) noexcept {
    const Words args(argv + std::min(argc, 1), argv + argc);
    Context context{
        .persona = persona_of(argc > 0 ? argv[0] : "stack"), .argv = argv, .paths = Paths::from_environment()};
    switch (context.persona) {
        case Persona::docker:
            context.program = "docker";
            return guarded(docker_entrance, args, context);
        case Persona::docker_compose:
            context.program = "docker-compose";
            return guarded(compose_entrance, args, context);
        case Persona::stack:
            break;
    }
    context.program = "stack";
    return guarded(stack_entrance, args, context);
}

}  // namespace stack::cli
