#include "cli/flags.hpp"

#include <catch2/catch.hpp>

using namespace stack::cli;

namespace {

const HelpText run_help = parse_help_text(
    "Usage: {command} [OPTIONS] IMAGE [COMMAND] [ARG...]\n"
    "\n"
    "Options:\n"
    "  -d, --detach              In the background\n"
    "  -e, --env NAME=VALUE...   A variable\n"
    "  -i, --interactive         Keep stdin open\n"
    "      --name NAME           Its name\n"
    "  -p, --publish PORT...     A port\n"
    "      --pull[=POLICY]       When\n"
    "  -t, --tty                 A terminal\n"
    "      --time, --timeout N   Seconds\n");

Flags parse(const std::vector<std::string>& args) {
    return Flags::parse(run_help, args);
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("a help text declares flags and words", "[cli][flags]") {
    CHECK(run_help.flags.size() == 8);
    CHECK(run_help.least_words == 1);
    CHECK(run_help.words_are_foreign);
    CHECK(run_help.flags[1].kind == FlagSpec::Kind::repeated);
    CHECK(run_help.flags[3].kind == FlagSpec::Kind::single);
    CHECK(run_help.flags[7].names == Words{"time", "timeout"});
}

TEST_CASE("short flags may be joined and carry their value", "[cli][flags]") {
    const Flags flags = parse({"-itp80:80", "-p", "81:81", "-p=82:82", "web"});
    CHECK(flags.on("interactive"));
    CHECK(flags.on("tty"));
    CHECK(flags.values("publish") == Words{"80:80", "81:81", "82:82"});
    CHECK(flags.words() == Words{"web"});
}

TEST_CASE("a boolean takes a value behind =", "[cli][flags]") {
    CHECK_FALSE(parse({"--tty=false", "web"}).on("tty"));
    CHECK(parse({"-d=true", "web"}).on("detach"));
    CHECK(parse({"--tty=false", "web"}).given("tty"));
    CHECK_THROWS_WITH(parse({"--tty=maybe", "web"}), "invalid value 'maybe' for --tty: expected true or false");
}

TEST_CASE("flags behind the first foreign word are not ours", "[cli][flags]") {
    const Flags flags = parse({"-d", "web", "ls", "-d", "--name", "x"});
    CHECK(flags.words() == Words{"web", "ls", "-d", "--name", "x"});
    CHECK_FALSE(flags.given("name"));
}

TEST_CASE("the spellings of old have one dash", "[cli][flags]") {
    CHECK(parse({"-name", "boris", "web"}).value("name") == "boris");
    CHECK(parse({"-name=boris", "web"}).value("name") == "boris");
    CHECK(parse({"-timeout", "3", "web"}).number("time") == 3);
}

TEST_CASE("a value may begin with a dash", "[cli][flags]") {
    CHECK(parse({"-e", "-x", "web"}).values("env") == Words{"-x"});
    CHECK(parse({"--timeout", "-1", "web"}).number("time") == -1);
}

TEST_CASE("an optional value is only taken behind =", "[cli][flags]") {
    CHECK(parse({"--pull", "web"}).value("pull") == "true");
    CHECK(parse({"--pull=always", "web"}).value("pull") == "always");
}

TEST_CASE("two dashes end the flags", "[cli][flags]") {
    CHECK(parse({"--", "-web", "-d"}).words() == Words{"-web", "-d"});
}

TEST_CASE("wrong words are named", "[cli][flags]") {
    CHECK_THROWS_WITH(parse({"--nmae", "x"}), "unknown flag: --nmae");
    CHECK_THROWS_WITH(parse({"-x"}), "unknown shorthand flag: '-x'");
    CHECK_THROWS_WITH(parse({"-dx"}), "unknown shorthand flag: 'x' in -dx");
    CHECK_THROWS_WITH(parse({"--name"}), "flag needs an argument: --name");
    CHECK_THROWS_WITH(parse({"--timeout", "soon", "web"}).number("time"),
                      "invalid value 'soon' for --time: expected a whole number");
    CHECK_THROWS_WITH(parse({}).check_words(run_help, "docker run"), "'docker run' requires at least 1 argument");
}

TEST_CASE("flags of the program may stand behind the command", "[cli][flags]") {
    const HelpText program =
        parse_help_text("Usage: {command}\n\n  -f, --file FILE...  Files\n      --dry-run  Show\n");
    const Flags flags = Flags::parse(run_help, {"--dry-run", "--file", "a.yaml", "web"}, &program);
    CHECK(flags.inherited() == Words{"--dry-run=true", "--file=a.yaml"});
    CHECK(flags.words() == Words{"web"});
}
