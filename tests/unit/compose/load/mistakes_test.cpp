// Mistakes in whole projects: several files, variables, env files, include, extends. What they say is kept in
// tests/golden/compose/projects/<name>.txt; STACK_ACCEPT=1 rewrites.
#include <cstdlib>
#include <filesystem>

#include <catch2/catch.hpp>

#include "support/files.hpp"
#include "support/text.hpp"
#include "unit/compose/load/load_case.hpp"

using namespace stack;
using namespace stack::compose;
using stack::compose::test::LoadCase;

namespace {

struct Mistake {
    std::string name;
    std::map<std::string, std::string> files;
    std::vector<std::string> named;  // with -f
    std::vector<std::string> services;
    std::size_t findings{1};
};

std::size_t count_of(std::string_view text, std::string_view word) {
    std::size_t count = 0;
    for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        ++count;
    }
    return count;
}

void compare_with_golden(const std::vector<Mistake>& mistakes) {
    const std::filesystem::path folder = std::filesystem::path{STACK_TESTS_DIR} / "golden/compose/projects";
    for (const Mistake& mistake : mistakes) {
        CAPTURE(mistake.name);
        LoadCase load_case{mistake.files, {{"HOME", "/home/me"}, {"EMPTY", ""}}, {}};
        load_case.options.files = mistake.named;
        load_case.options.services = mistake.services;
        const std::string said = test::said(load_case);
        const auto golden = folder / (mistake.name + ".txt");
        if (std::getenv("STACK_ACCEPT") != nullptr) {
            write_file(golden, said);
            continue;
        }
        CHECK(said == find_file(golden).value_or("(no golden file)"));
        CHECK(count_of("\n" + said, "\nerror: ") + count_of("\n" + said, "\nwarning: ") == mistake.findings);
        CHECK(said.size() < 4096);
    }
}

const std::string web = "services:\n  web:\n    image: nginx\n";

}  // namespace

TEST_CASE("mistakes with variables are told at the variable", "[compose][mistakes]") {
    compare_with_golden({
        {"variable-unset", {{"compose.yaml", "services:\n  web:\n    image: nginx:${TAG}\n"}}},
        {"variable-unset-in-text", {{"compose.yaml", web + "    command: sh -c 'echo $USR'\n"}}},
        {"variable-unset-twice",
         {{"compose.yaml", web + "    environment:\n      A: $TAG\n      B: ${TAG}\n      C: ${TAG}\n"}}},
        {"variable-required", {{"compose.yaml", web + "    environment:\n      KEY: ${KEY:?make one with openssl}\n"}}},
        {"variable-required-empty", {{"compose.yaml", web + "    environment:\n      KEY: ${EMPTY:?}\n"}}},
        {"variable-open-brace", {{"compose.yaml", web + "    environment:\n      A: ${HOME\n"}}},
        {"variable-with-dash", {{"compose.yaml", web + "    environment:\n      A: ${MY-HOST:-x}\n"}}, {}, {}, 0},
        {"variable-with-space", {{"compose.yaml", web + "    environment:\n      A: ${MY HOST}\n"}}},
        {"variable-shell-syntax", {{"compose.yaml", web + "    command: echo ${HOME%/*}\n"}}},
        {"variable-command", {{"compose.yaml", web + "    command: echo $(date)\n"}}, {}, {}, 0},
        {"variable-gives-wrong-number", {{"compose.yaml", web + "    mem_limit: ${MEM:-lots}\n"}}},
        {"variable-gives-wrong-port", {{"compose.yaml", web + "    ports:\n      - \"${PORT:-http}:80\"\n"}}},
        {"variable-gives-wrong-boolean", {{"compose.yaml", web + "    tty: ${TTY:-maybe}\n"}}},
        {"variable-empty-image", {{"compose.yaml", "services:\n  web:\n    image: ${EMPTY}\n"}}},
        {"variable-empty-port", {{"compose.yaml", web + "    ports:\n      - \"${EMPTY}:80\"\n"}}, {}, {}, 0},
        {"variable-empty-published", {{"compose.yaml", web + "    ports:\n      - \"8080:${EMPTY}\"\n"}}},
        {"variable-in-key", {{"compose.yaml", web + "    environment:\n      ${HOME}: a\n"}}, {}, {}, 0},
        {"variable-in-folded-text",
         {{"compose.yaml", web + "    command: >\n      sh -c\n      'echo\n      ${NAME:?}'\n"}}},
    });
}

TEST_CASE("mistakes in env files are told with their own file and line", "[compose][mistakes]") {
    const std::string with_file = web + "    env_file: app.env\n";
    compare_with_golden({
        {"env-file-missing", {{"compose.yaml", with_file}}},
        {"env-file-missing-near", {{"compose.yaml", with_file}, {"app.envs", ""}}},
        {"env-file-folder", {{"compose.yaml", web + "    env_file: conf\n"}, {"conf/a.env", ""}}},
        {"env-file-space", {{"compose.yaml", with_file}, {"app.env", "A=1\nB = 2\nMY KEY=3\n"}}},
        {"env-file-colon-map", {{"compose.yaml", with_file}, {"app.env", "A=1\n- B=2\n"}}},
        {"env-file-open-quote", {{"compose.yaml", with_file}, {"app.env", "A=1\nB=\"two\nC=3\n"}}},
        {"env-file-open-single", {{"compose.yaml", with_file}, {"app.env", "A='it\nB=2\n"}}},
        {"env-file-after-quote", {{"compose.yaml", with_file}, {"app.env", "A=\"1\" 2\n"}}},
        {"env-file-bad-name", {{"compose.yaml", with_file}, {"app.env", "A&B=1\n"}}},
        {"env-file-no-name", {{"compose.yaml", with_file}, {"app.env", "A=1\n=2\n"}}},
        {"env-file-json", {{"compose.yaml", with_file}, {"app.env", "{\n  \"A\": 1\n}\n"}}},
        {"env-file-unset", {{"compose.yaml", with_file}, {"app.env", "A=$NOPE\n"}}},
        {"env-file-bad-variable", {{"compose.yaml", with_file}, {"app.env", "A=${B:1}\n"}}},
        {"env-file-required-word",
         {{"compose.yaml", web + "    env_file:\n      - path: app.env\n        required: maybe\n"}}},
        {"env-file-unknown-key", {{"compose.yaml", web + "    env_file:\n      - file: app.env\n"}}},
        {"dot-env-open-quote", {{"compose.yaml", web}, {".env", "A='x\n"}}},
        {"dot-env-sentence", {{"compose.yaml", web}, {".env", "this is my env file\n"}}},
    });
}

TEST_CASE("mistakes over several files are told where they are written", "[compose][mistakes]") {
    const std::vector<std::string> both{"a.yaml", "b.yaml"};
    compare_with_golden({
        {"files-key-in-second", {{"a.yaml", web}, {"b.yaml", "services:\n  web:\n    restrat: always\n"}}, both},
        {"files-kinds-differ",
         {{"a.yaml", web + "    volumes:\n      - data:/a\nvolumes:\n  data:\n"},
          {"b.yaml", "services:\n  web:\n    volumes: b:/b\n"}},
         both},
        {"files-override", {{"compose.yaml", web}, {"compose.override.yaml", "services:\n  web:\n    port: [80]\n"}}},
        {"files-new-service-without-image",
         {{"compose.yaml", web}, {"compose.override.yaml", "services:\n  wbe:\n    ports: [\"80:80\"]\n"}}},
        {"files-missing", {{"a.yaml", web}}, {"a.yaml", "b.yaml"}},
        {"files-volume-in-second",
         {{"a.yaml", web}, {"b.yaml", "services:\n  web:\n    volumes: [\"db:/db\"]\n"}},
         both},
        {"files-cycle",
         {{"a.yaml", web + "    depends_on: [db]\n"},
          {"b.yaml", "services:\n  db:\n    image: postgres\n    depends_on: [web]\n"}},
         both},
        {"files-two-mistakes",
         {{"a.yaml", "services:\n  web:\n    imag: nginx\n"}, {"b.yaml", "services:\n  db:\n    image: 1\n"}},
         both,
         {},
         2},
        {"extends-missing-file",
         {{"compose.yaml", web + "    extends:\n      file: bse.yaml\n      service: web\n"}, {"base.yaml", web}}},
        {"extends-missing-service",
         {{"compose.yaml", web + "    extends:\n      file: base.yaml\n      service: wbe\n"}, {"base.yaml", web}}},
        {"extends-without-service",
         {{"compose.yaml", web + "    extends:\n      file: base.yaml\n"}, {"base.yaml", web}}},
        {"extends-mistake-in-base",
         {{"compose.yaml", "services:\n  app:\n    extends:\n      file: base.yaml\n      service: web\n"},
          {"base.yaml", web + "    privileged: sure\n"}}},
        {"extends-syntax-in-base",
         {{"compose.yaml", "services:\n  app:\n    extends:\n      file: base.yaml\n      service: web\n"},
          {"base.yaml", "services:\n  web:\n\timage: nginx\n"}}},
        {"extends-cycle-over-files",
         {{"compose.yaml", "services:\n  a:\n    extends:\n      file: b.yaml\n      service: b\n"},
          {"b.yaml", "services:\n  b:\n    extends:\n      file: compose.yaml\n      service: a\n"}}},
        {"extends-list", {{"compose.yaml", web + "    extends: [base]\n  base:\n    image: a\n"}}},
        {"include-missing", {{"compose.yaml", "include:\n  - db.yaml\n" + web}, {"db.yml", web}}},
        {"include-text", {{"compose.yaml", "include: db.yaml\n" + web}, {"db.yaml", web}}},
        {"include-conflict",
         {{"compose.yaml", "include:\n  - db.yaml\n" + web}, {"db.yaml", "services:\n  web:\n    image: other\n"}}},
        {"include-mistake-inside",
         {{"compose.yaml", "include:\n  - db/compose.yaml\n" + web},
          {"db/compose.yaml", "services:\n  db:\n    image: postgres\n    volume: [a:/a]\n"}}},
        {"include-env-file-missing",
         {{"compose.yaml", "include:\n  - path: db.yaml\n    env_file: db.env\n" + web},
          {"db.yaml", "services:\n  db:\n    image: postgres\n"}}},
        {"include-remote", {{"compose.yaml", "include:\n  - https://example.org/compose.yaml\n" + web}}},
        {"include-circle", {{"compose.yaml", "include: [a.yaml]\n"}, {"a.yaml", "include: [compose.yaml]\n"}}},
        {"anchor-mistake",
         {{"compose.yaml",
           "x-base: &base\n  image: nginx\n  restrat: always\nservices:\n  a:\n    <<: *base\n  b:\n    "
           "<<: *base\n"}}},
        {"profile-not-active",
         {{"compose.yaml", web + "    depends_on: [db]\n  db:\n    image: postgres\n    profiles: [data]\n"}}},
        {"service-not-there", {{"compose.yaml", web}}, {}, {"wbe"}},
        {"version-obsolete", {{"compose.yaml", "version: '3.8'\n" + web}}},
        {"first-format", {{"compose.yaml", "web:\n  image: nginx\n  links: [db]\ndb:\n  image: postgres\n"}}},
        {"no-services", {{"compose.yaml", "volumes:\n  data:\n"}}, {}, {}, 0},
        {"empty-file", {{"compose.yaml", "# nothing yet\n"}}},
        {"empty-services", {{"compose.yaml", "services:\n"}}, {}, {}, 0},
    });
}

TEST_CASE("values that YAML reads otherwise than they look are explained", "[compose][mistakes]") {
    compare_with_golden({
        {"trap-octal-mode",
         {{"compose.yaml", web + "    secrets:\n      - source: key\n        mode: 440\nsecrets:\n  key:\n    file: "
                                 "./key\n"}}},
        {"trap-mode-too-large",
         {{"compose.yaml",
           web + "    tmpfs: /run\n    volumes:\n      - type: tmpfs\n        target: /t\n        tmpfs:\n"
                 "          mode: \"0999\"\n"}}},
        {"trap-mac-unquoted", {{"compose.yaml", web + "    mac_address: 02:42:ac:11:65\n"}}},
        {"trap-boolean-environment",
         {{"compose.yaml", web + "    environment:\n      DEBUG: yes\n      LEVEL: [1]\n"}}},
        {"trap-list-in-environment", {{"compose.yaml", web + "    environment:\n      - A=1\n      B: 2\n"}}},
        {"trap-date-tag", {{"compose.yaml", "services:\n  web:\n    image: 1.10\n"}}},
        {"trap-windows-path", {{"compose.yaml", web + "    volumes:\n      - \"C:\\Users\\me:/data\"\n"}}},
        {"trap-block-indent", {{"compose.yaml", web + "    command: |\n    echo hi\n"}}},
        {"trap-list-dash-no-space", {{"compose.yaml", web + "    ports:\n      -\"80:80\"\n"}}},
        {"trap-comment-no-space", {{"compose.yaml", web + "    ports:\n      - 80:80#web\n"}}},
        {"trap-equals", {{"compose.yaml", "services:\n  web:\n    image=nginx\n"}}},
        {"trap-smart-quotes", {{"compose.yaml", web + "    ports:\n      - “80:80”\n"}}},
        {"trap-json-comma", {{"compose.yaml", "{\"services\": {\"web\": {\"image\": \"nginx\",,}}}\n"}}},
        {"trap-conflict-marker", {{"compose.yaml", web + "<<<<<<< HEAD\n    tty: true\n=======\n>>>>>>> x\n"}}},
        {"trap-services-capital", {{"compose.yaml", "Services:\n  web:\n    image: nginx\n"}}},
        {"trap-service-twice-far",
         {{"compose.yaml",
           web + "  db:\n    image: postgres\nvolumes:\n  a:\nservices:\n  cache:\n    image: redis\n"}}},
        {"trap-command-brackets", {{"compose.yaml", web + "    command: [sh, -c, echo a, b]\n    entrypoint: [\n"}}},
        {"trap-nul", {{"compose.yaml", web + std::string("    user: \"a\0b\"\n", 16)}}},
        {"trap-latin1", {{"compose.yaml", web + "    user: \"caf\xe9\"\n"}}},
    });
}
