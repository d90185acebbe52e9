#include "compose/dotenv.hpp"

#include <map>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace stack::compose;

namespace {

struct Parsed {
    std::string json;      // {"A":"1"}; a name without a value is null
    std::string findings;  // "2:3 message", a line each
};

std::string tell(const Findings& findings) {
    std::string out;
    for (const auto& finding : findings.sorted()) {
        out += std::to_string(finding.mark.line) + ":" + std::to_string(finding.mark.column) + " " + finding.message +
               "\n";
    }
    return out;
}

std::string as_json(const std::vector<DotenvVariable>& variables) {
    auto out = nlohmann::ordered_json::object();
    for (const auto& variable : variables) {
        out[variable.name] = variable.has_value ? nlohmann::ordered_json(variable.value) : nlohmann::ordered_json();
    }
    return out.dump();
}

Parsed parse(std::string_view text, const std::map<std::string, std::string, std::less<>>& shell = {}) {
    Findings findings;
    const Lookup lookup = [&](std::string_view name) -> std::optional<std::string> {
        const auto found = shell.find(name);
        return found == shell.end() ? std::nullopt : std::optional{found->second};
    };
    const auto variables = parse_dotenv(text, 1, lookup, findings);
    return {as_json(variables), tell(findings)};
}

struct Case {
    const char* text;
    const char* json;
};

void compare(const std::vector<Case>& cases) {
    for (const auto& [text, json] : cases) {
        CAPTURE(text);
        const auto parsed = parse(text);
        CHECK(parsed.json == json);
        CHECK(parsed.findings.empty());
    }
}

}  // namespace

TEST_CASE("names and plain values", "[compose][dotenv]") {
    compare({
        {"", "{}"},
        {"A=1\nB=2\n", R"({"A":"1","B":"2"})"},
        {"A=1\r\nB=2\r\n", R"({"A":"1","B":"2"})"},
        {"\xEF\xBB\xBF"
         "A=1",
         R"({"A":"1"})"},
        {"A=", R"({"A":""})"},
        {"A=\nB=x", R"({"A":"","B":"x"})"},
        {"  A =  padded value  \n", R"({"A":"padded value"})"},
        {"A: yaml style", R"({"A":"yaml style"})"},
        {"A=a=b=c", R"({"A":"a=b=c"})"},
        {"A=x:y", R"({"A":"x:y"})"},
        {"export A=1\nexport B\nexportC=3", R"({"A":"1","B":null,"exportC":"3"})"},
        {"export=1", R"({"export":"1"})"},
        {"1A=x\nA.B=y\nA-B=z\na[0]=w", R"({"1A":"x","A.B":"y","A-B":"z","a[0]":"w"})"},
        {"FROM_SHELL\nNEXT=1", R"({"FROM_SHELL":null,"NEXT":"1"})"},
        {"A=back\\slash\\n", R"({"A":"back\\slash\\n"})"},
        {"A=in'ner \"quotes\"", R"({"A":"in'ner \"quotes\""})"},
        {"gr\xC3\xB6\xC3\x9F"
         "e=1",
         "{\"gr\xC3\xB6\xC3\x9F"
         "e\":\"1\"}"},
        {"A=1\nA=2", R"({"A":"2"})"},
    });
}

TEST_CASE("comments", "[compose][dotenv]") {
    compare({
        {"# all\n  # indented\nA=1 # rest\n#B=2", R"({"A":"1"})"},
        {"A=a#b", R"({"A":"a#b"})"},
        {"A=#b", R"({"A":"#b"})"},
        {"A= # nothing", R"({"A":""})"},
        {"A=\"a # b\" # c", R"({"A":"a # b"})"},
        {"A='a # b'# c", R"({"A":"a # b"})"},
    });
}

TEST_CASE("quotes and escapes", "[compose][dotenv]") {
    compare({
        {R"(A='a $X "b" \n')", R"({"A":"a $X \"b\" \\n"})"},
        {R"(A='it\'s')", R"({"A":"it's"})"},
        {R"(A="a\nb\tc\"d\\e")", R"({"A":"a\nb\tc\"d\\e"})"},
        {R"(A="\$B $$B")", R"({"A":"$B $B"})"},
        {R"(A="\x \0101 \08")", R"({"A":"\\x A \\08"})"},
        {"A=\"one\ntwo\"\nB='three\r\nfour'", R"({"A":"one\ntwo","B":"three\nfour"})"},
        {R"(A="x" B='y' C=z)", R"({"A":"x","B":"y","C":"z"})"},
        {R"(A="")", R"({"A":""})"},
    });
}

TEST_CASE("variables in values see the shell first, then earlier lines", "[compose][dotenv]") {
    const auto parsed =
        parse("A=one\nB=${A}-two\nC=$SHELL/x\nD=\"${NO:-d}\"\nE='${A}'\nF=$$A\nG=${A}", {{"SHELL", "sh"}});
    CHECK(parsed.json == R"({"A":"one","B":"one-two","C":"sh/x","D":"d","E":"${A}","F":"$A","G":"one"})");
    CHECK(parsed.findings.empty());
    CHECK(parse("P=${P}:more", {{"P", "base"}}).json == R"({"P":"base:more"})");
}

TEST_CASE("mistakes are told with line and column, and the rest is read", "[compose][dotenv]") {
    struct Wrong {
        const char* text;
        const char* findings;
        const char* json;
    };
    const std::vector<Wrong> cases{
        {"BAD NAME=1\nB=2", "1:1 variable name 'BAD NAME' contains a space\n", R"({"B":"2"})"},
        {"A=1\nB!=2\nC=3", "2:2 unexpected character '!' in the variable name of 'B!=2'\n", R"({"A":"1","C":"3"})"},
        {"=5\nB=2", "1:1 no variable name before '='\n", R"({"B":"2"})"},
        {"A=1\n  B=\"open\nC=2", "2:5 the value of 'B' opens a quote that is never closed: \"open\n", R"({"A":"1"})"},
        {"A=\"x\"yz\nB=2", "1:6 text after the closing quote of 'A': 'yz'\n", R"({"A":"x","B":"2"})"},
        {"\xC3\xA9=\"${\"\n", "1:4 ", ""},
    };
    for (const auto& wrong : cases) {
        CAPTURE(wrong.text);
        const auto parsed = parse(wrong.text);
        CHECK(parsed.findings.substr(0, std::string_view{wrong.findings}.size()) == wrong.findings);
        if (*wrong.json != 0) {
            CHECK(parsed.json == wrong.json);
        }
    }
}

TEST_CASE("an unset variable in a value is a warning at its place", "[compose][dotenv]") {
    Findings findings;
    parse_dotenv(
        "A=1\nB=x${NOPE}", 1, [](std::string_view) { return std::nullopt; }, findings);
    const auto told = findings.sorted();
    REQUIRE(told.size() == 1);
    CHECK(told[0].severity == Severity::warning);
    CHECK(told[0].mark == Mark{1, 2, 4});
}

TEST_CASE("the raw form takes values as they are", "[compose][dotenv]") {
    Findings findings;
    const auto variables = parse_dotenv_raw("\xEF\xBB\xBF# c\nA=\"$x\" # y \r\n  B\n\nC D=1\n=2\n", 1, findings);
    CHECK(as_json(variables) == R"({"A":"\"$x\" # y ","B":null})");
    CHECK(tell(findings) == "5:1 variable name 'C D' contains a space\n6:1 no variable name in '=2'\n");
}
