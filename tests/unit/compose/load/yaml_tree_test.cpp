#include "compose/yaml_tree.hpp"

#include <catch2/catch.hpp>

#include "compose/print.hpp"

using namespace stack::compose;

namespace {

struct Parsed {
    SourceFiles files;
    Findings findings;
    std::vector<Node> documents;

    explicit Parsed(const std::string& text) {
        const FileId file = files.add("f.yaml", to_utf8(text));
        documents = parse_yaml(files, file, findings);
    }
    std::string json() const { return documents.empty() ? "" : to_json(documents.front()); }
};

}  // namespace

TEST_CASE("plain scalars are read as YAML 1.2", "[compose][yaml]") {
    const std::pair<const char*, Kind> rows[] = {
        {"yes", Kind::string},   {"on", Kind::string},   {"56:56", Kind::string},    {"2024-01-31", Kind::string},
        {"true", Kind::boolean}, {"~", Kind::null},      {"", Kind::null},           {"0o17", Kind::integer},
        {"0x1F", Kind::integer}, {"-12", Kind::integer}, {"1.5e3", Kind::real},      {".inf", Kind::real},
        {"1_000", Kind::string}, {"0b1", Kind::string},  {"1.2.3", Kind::string},    {"-", Kind::string},
        {".", Kind::string},     {"+.5", Kind::real},    {"nullable", Kind::string}, {"1e", Kind::string},
    };
    for (const auto& [text, kind] : rows) {
        CAPTURE(text);
        CHECK(kind_of_plain(text) == kind);
    }
}

TEST_CASE("anchors and merge keys are gone from the tree", "[compose][yaml]") {
    CHECK(Parsed{"a: &x {k: 1, l: 2}\nb: {<<: *x, k: 3}\n"}.json() == R"({"a":{"k":1,"l":2},"b":{"k":3,"l":2}})");
    CHECK(Parsed{"a: &x {k: 1}\nb: &y {k: 2, m: 3}\nc: {<<: [*x, *y]}\n"}.json() ==
          R"({"a":{"k":1},"b":{"k":2,"m":3},"c":{"k":1,"m":3}})");
}

TEST_CASE("every node knows its place, also after an alias", "[compose][yaml]") {
    const Parsed parsed{"a:\n  - &x é\n  - {b: *x}\n"};
    const Node& list = *parsed.documents.front().find("a");
    CHECK(list.items()[0].mark == Mark{1, 2, 5});
    CHECK(list.items()[1].find("b")->mark == Mark{1, 2, 5});
    CHECK(list.items()[1].members()[0].key_mark == Mark{1, 3, 6});
}

TEST_CASE("UTF-16, CRLF and byte order marks are fine", "[compose][yaml]") {
    CHECK(Parsed{"\xEF\xBB\xBF"
                 "a: b\r\nc: |\r\n  d\r\n"}
              .json() == R"({"a":"b","c":"d\n"})");
    CHECK(Parsed{std::string{"\xFF\xFE"
                             "a\0:\0 \0b\0",
                             10}}
              .json() == R"({"a":"b"})");
}

TEST_CASE("an alias bomb is refused", "[compose][yaml]") {
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 12; ++i) {
        const std::string from = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + from;
        for (int n = 0; n < 9; ++n) {
            bomb += ", " + from;
        }
        bomb += "]\n";
    }
    const Parsed parsed{bomb};
    CHECK(parsed.documents.empty());
    CHECK(parsed.findings.has_errors());
}

TEST_CASE("what is printed as YAML reads the same again", "[compose][print]") {
    const char* texts[] = {
        "plain",    "yes",   "12:30", "0x1f",       "1e3",      "",       " lead",   "trail ",
        "a: b",     "a #b",  "- x",   "a\nb\n",     "a\nb",     "\nx",    "tab\tin", "tab\tin\nline\n",
        "quote\"'", "é",     "$x",    "{a",         "1.0",      "1.2.3",  "0123",    "null",
        "~",        "a\n\n", "\x01",  "@x",         "%x",       "!t",     "*a",      "&a",
        "a:",       "true",  "1_0",   "2024-01-31", "a\n  b\n", "x: |\n", "? a",     "key:\tvalue"};
    for (const char* text : texts) {
        Node document = Node::mapping();
        document.set("key", Node::string(text));
        document.set(text, Node::sequence()).push_back(Node::string(text));
        CAPTURE(text);
        const std::string printed = print_yaml(document, {false});
        CAPTURE(printed);
        const Parsed again{printed};
        REQUIRE(again.documents.size() == 1);
        CHECK(again.documents.front().same_value(document));
    }
}
