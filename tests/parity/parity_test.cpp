// The same program under our engine and under Docker's: what it sees and may do is the same, or docs/security.md says
// line by line why not.
#include <cstdlib>
#include <map>
#include <memory>
#include <set>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <fnmatch.h>

#include "harness/sandbox.hpp"
#include "image/tar/header.hpp"
#include "parity/docker_engine.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

using namespace stack;
using namespace stack::testing;

namespace {

namespace fs = std::filesystem;

const fs::path recorded_answers = fs::path{STACK_TESTS_DIR} / "parity/docker-20.10.txt";

using Answers = std::map<std::string, std::string>;

Answers parse_answers(const std::string& text) {
    Answers answers;
    for (const auto line : split(text, '\n')) {
        if (!line.empty()) {
            const size_t blank = line.find(' ');
            answers[std::string{line.substr(0, blank)}] =
                blank == std::string_view::npos ? "" : std::string{line.substr(blank + 1)};
        }
    }
    return answers;
}

std::string probe_archive() {
    const std::string program = read_file(PROBE_PROGRAM);
    image::tar::Entry entry;
    entry.path = "probe";
    entry.size = static_cast<std::int64_t>(program.size());
    entry.mode = 0755;
    return image::tar::encode_header(entry) + program + std::string{image::tar::padding(entry.size)} +
           std::string{image::tar::end_of_archive()};
}

const std::vector<std::string> run_probe{"run", "--rm", "--network", "none", "parity:1", "/probe"};

Answers answers_of_docker(const fs::path& program, const Sandbox& box) {
    const DockerEngine engine{program, box.dir() / "docker"};
    const Result imported = engine.docker({"import", box.project_dir() / "probe.tar", "parity:1"});
    INFO(imported.all());
    REQUIRE(imported.exit_code == 0);
    const Result probed = engine.docker(run_probe);
    INFO(probed.err);
    REQUIRE(probed.exit_code == 0);
    return parse_answers(probed.out);
}

/// What depends on the engine alone, not on the host's kernel and how it was set up.
bool is_of_any_host(const std::string& key) {
    for (const char* pattern :
         {"seccomp.x86-64.*", "seccomp.clone.*", "seccomp.socket.*", "seccomp.personality.*", "status.Cap*",
          "status.NoNewPrivs", "status.Seccomp*", "status.[UG]*", "fd.*", "env.*", "dev.*", "device.*", "cwd",
          "securebits", "dumpable", "oom_score_adj", "process", "scheduling", "sysctl.*"}) {
        if (::fnmatch(pattern, key.c_str(), 0) == 0) {
            return true;
        }
    }
    return false;
}

void record(const Answers& answers) {
    std::string text;
    for (const auto& [key, value] : answers) {
        if (is_of_any_host(key)) {
            text += value.empty() ? key + "\n" : fmt::format("{} {}\n", key, value);
        }
    }
    write_file(recorded_answers, text);
}

/// The patterns in the first column of the table "Line by line".
std::vector<std::string> justified() {
    const std::string text = read_file(fs::path{STACK_TESTS_DIR}.parent_path() / "docs/security.md");
    const size_t begin = text.find("\n## Line by line\n");
    REQUIRE(begin != std::string::npos);
    std::vector<std::string> patterns;
    const std::string section = text.substr(begin, text.find("\n## ", begin + 1) - begin);
    for (const auto line : split(section, '\n')) {
        const auto columns = split(line, '|');
        if (columns.size() < 5) {
            continue;
        }
        const auto pieces = split(columns[1], '`');
        for (size_t i = 1; i < pieces.size(); i += 2) {
            patterns.emplace_back(pieces[i]);
        }
    }
    return patterns;
}

std::string value_in(const Answers& answers, const std::string& key) {
    const auto found = answers.find(key);
    return found == answers.end() ? "(no such line)" : found->second;
}

}  // namespace

TEST_CASE("a container of ours is to its program what one of Docker's is", "[parity]") {
    const Sandbox box{"parity"};
    box.write("probe.tar", probe_archive());
    const Result imported = box.docker({"import", box.project_dir() / "probe.tar", "parity:1"});
    INFO(imported.all());
    REQUIRE(imported.exit_code == 0);
    const Result probed = box.docker(run_probe);
    INFO(probed.err);
    REQUIRE(probed.exit_code == 0);
    const Answers ours = parse_answers(probed.out);
    REQUIRE(ours.size() > 1000);

    const auto dockerd = DockerEngine::find_program();
    const Answers theirs = dockerd ? answers_of_docker(*dockerd, box) : parse_answers(read_file(recorded_answers));
    REQUIRE(theirs.size() > 500);
    if (dockerd && std::getenv("STACK_ACCEPT") != nullptr) {
        record(theirs);
    }

    std::set<std::string> keys;
    for (const Answers* answers : {&ours, &theirs}) {
        for (const auto& [key, value] : *answers) {
            if (dockerd || is_of_any_host(key)) {
                keys.insert(key);
            }
        }
    }
    const auto patterns = justified();
    for (const std::string& key : keys) {
        const std::string our = value_in(ours, key), their = value_in(theirs, key);
        bool known = our == their;
        for (const std::string& pattern : patterns) {
            known = known || ::fnmatch(pattern.c_str(), key.c_str(), 0) == 0;
        }
        if (!known) {
            FAIL_CHECK(key << ": Docker '" << their << "', here '" << our << "'; docs/security.md does not say why");
        }
    }
}
