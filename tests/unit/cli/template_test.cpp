#include "cli/template.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using stack::cli::render_rows;
using stack::cli::render_template;

namespace {

const nlohmann::json value = nlohmann::json::parse(R"({
  "ID": "abc", "Names": "/web", "State": {"Running": true, "ExitCode": 0}, "Ports": [80, 443],
  "Labels": {"a.b": "1", "c": "2"}, "Empty": [], "Env": ["A=1", "B=2"]
})");

std::string render(const std::string& text) {
    return render_template(text, value);
}

}  // namespace

TEST_CASE("fields, nested fields and functions", "[cli][template]") {
    CHECK(render("{{.ID}} {{.State.Running}}") == "abc true");
    CHECK(render("{{json .Ports}}") == "[80,443]");
    CHECK(render("{{.Ports}} {{.Labels}}") == "[80 443] map[a.b:1 c:2]");
    CHECK(render("{{index .Labels \"a.b\"}} {{index .Ports 1}}") == "1 443");
    CHECK(render("{{join .Env \", \"}}") == "A=1, B=2");
    CHECK(render("{{.ID | upper | printf \"%s-%5s\" \"x\"}}") == "x-  ABC");
    CHECK(render("{{len .Ports}} {{slice .ID 1}} {{(index .Env 0)}}") == "2 bc A=1");
    CHECK(render("{{.State.Missing}}") == "<no value>");
}

TEST_CASE("branches, loops and variables", "[cli][template]") {
    CHECK(render("{{if .State.Running}}up{{else}}down{{end}}") == "up");
    CHECK(render("{{if eq .State.ExitCode 1}}one{{else if .Empty}}some{{else}}none{{end}}") == "none");
    CHECK(render("{{range .Ports}}<{{.}}>{{end}}") == "<80><443>");
    CHECK(render("{{range $i, $p := .Ports}}{{$i}}={{$p}} {{end}}") == "0=80 1=443 ");
    CHECK(render("{{range $k, $v := .Labels}}{{$k}}:{{$v}};{{end}}") == "a.b:1;c:2;");
    CHECK(render("{{range .Empty}}x{{else}}nothing{{end}}") == "nothing");
    CHECK(render("{{with .State}}{{.ExitCode}}{{end}}") == "0");
    CHECK(render("{{$x := .ID}}{{$x}}{{$x}}") == "abcabc");
    CHECK(render("a {{- /* comment */ -}} b") == "ab");
    CHECK(render("{{range .Ports}}{{$.ID}}{{end}}") == "abcabc");
}

TEST_CASE("lists: a line per row, or a table with headings", "[cli][template]") {
    const nlohmann::json rows = {{{"ID", "1"}, {"RunningFor", "2 days"}}, {{"ID", "22"}, {"RunningFor", "x"}}};
    CHECK(render_rows("{{.ID}}\\t{{.RunningFor}}", rows) == "1\t2 days\n22\tx\n");
    CHECK(render_rows("table {{.ID}}\\t{{.RunningFor}}", rows) ==
          "CONTAINER ID   RUNNING FOR\n"
          "1              2 days\n"
          "22             x\n");
}

TEST_CASE("mistakes in a template are told", "[cli][template]") {
    CHECK_THROWS_WITH(render("{{.Nope}}"), "template error: there is no field 'Nope'");
    CHECK_THROWS_WITH(render("{{if .ID}}"), "template parsing error: unexpected EOF");
    CHECK_THROWS_WITH(render("{{.ID"), "template parsing error: unclosed action");
    CHECK_THROWS_WITH(render("{{frob .ID}}"), "template error: function \"frob\" not defined");
    CHECK_THROWS_WITH(render("{{end}}"), "template parsing error: unexpected {{end}}");
    CHECK_THROWS_WITH(render("{{slice .ID .ID}}"), "template error: error calling slice: argument of the wrong kind");
}
