#include "chaos/town.hpp"

#include <set>

#include <fmt/format.h>

#include "engine/logs/reader.hpp"
#include "engine/state/container_store.hpp"
#include "support/database.hpp"
#include "support/text.hpp"

namespace stack::testing {
namespace {

// The number counts up behind the line: a farewell may tell of one line less than there are, never of one more.
constexpr const char* writer_script = R"sh(
        read run < /proc/sys/kernel/random/uuid
        i=0
        trap 'echo "$$run end $$i" STREAM; exit 0' TERM
        while :; do
          n=0
          while [ $$n -lt 25 ]; do n=$$((n+1)); echo "$$run $$((i+1))" STREAM; i=$$((i+1)); done
          sleep 0.1
        done)sh";

constexpr const char* asker_script = R"sh(
        trap 'exit 0' TERM
        while :; do
          case "$$(nslookup steady 127.0.0.11 2>&1)" in *NXDOMAIN*) echo denied;; *) echo asked;; esac
          sleep 0.1
        done)sh";

constexpr const char* quiet_script = R"sh(
        trap 'exit 0' TERM
        while :; do sleep 0.2; done)sh";

std::string service(const std::string& name, std::string script, const std::string& more) {
    for (size_t at = 0; (at = script.find("STREAM")) != std::string::npos;) {
        script.replace(at, 6, (name.back() - '0') % 2 == 0 ? "" : ">&2");
    }
    return fmt::format(
        "  {}:\n    image: busybox\n    stop_grace_period: 1m\n{}    command:\n      - sh\n      - -c\n"
        "      - |-{}\n",
        name, more, script);
}

std::string compose_file() {
    constexpr const char* checked =
        "    healthcheck:\n      test: nslookup steady 127.0.0.11\n      interval: 1s\n"
        "      timeout: 1m\n      retries: 100\n";
    std::string text = "services:\n";
    for (const std::string& name : Town::services()) {
        if (Town::is_writer(name)) {
            text += service(name, writer_script, name > "writer3" ? "    restart: unless-stopped\n" : "");
        } else if (name.starts_with("health")) {
            text += service(name, quiet_script, checked);
        } else if (name == "after") {
            text += service(name, quiet_script, "    depends_on: {health0: {condition: service_healthy}}\n");
        } else if (name.starts_with("asker")) {
            text += service(name, asker_script, "    depends_on: [steady]\n");
        } else if (name.starts_with("crasher")) {
            text += service(name, "\n        sleep 0.5\n        exit 3",
                            name == "crasher0" ? "    restart: always\n" : "    restart: on-failure:2\n");
        } else if (name == "once") {
            text += service(name, "\n        exit 42", "");
        } else {
            text += service(name, quiet_script, "");
        }
    }
    return text;
}

}  // namespace

const std::vector<std::string>& Town::services() {
    static const std::vector<std::string> names{
        "writer0", "writer1", "writer2", "writer3", "writer4", "writer5", "writer6",  "writer7",  "health0", "health1",
        "health2", "health3", "after",   "asker0",  "asker1",  "asker2",  "crasher0", "crasher1", "once",    "steady"};
    return names;
}

Town::Town() : box_{"town"} {
    box_.need_busybox();
    box_.write("compose.yaml", compose_file());
}

std::map<std::string, engine::ContainerRow> Town::rows() const {
    const Database database{box_.paths().database()};
    std::map<std::string, engine::ContainerRow> rows;
    for (engine::ContainerRow& row : engine::ContainerStore{database}.list({.project = box_.project()})) {
        const std::string service = row.service;
        rows[service] = std::move(row);
    }
    return rows;
}

std::vector<std::string> Town::log_of(const engine::ContainerRow& row) const {
    std::vector<std::string> lines;
    engine::logs::Reader reader{{box_.paths().container(row.id) / "logs"}, {}};
    reader.read([&](const engine::logs::Line& line) {
        lines.emplace_back(line.text);
        return true;
    });
    return lines;
}

std::vector<WriterRun> Town::check_numbers(const std::string& writer, const std::vector<std::string>& lines,
                                           std::vector<std::string>& faults) {
    std::vector<WriterRun> runs;
    std::set<std::string> seen;
    for (size_t i = 0; i < lines.size(); ++i) {
        const auto fault = [&](const std::string& what) {
            faults.push_back(fmt::format("{}: line {} of {} '{}': {}", writer, i + 1, lines.size(), lines[i], what));
        };
        const auto words = split(lines[i], ' ');
        const bool farewell = words.size() == 3 && words[1] == "end";
        const auto number = words.size() > 1 ? parse_uint(words.back()) : std::nullopt;
        if (!number || words.front().size() != 36 || (words.size() != 2 && !farewell)) {
            fault("no line of a writer");
            continue;
        }
        if (runs.empty() || runs.back().id != words.front()) {
            if (!seen.insert(std::string{words.front()}).second) {
                fault(fmt::format("stands among the lines of run {}", runs.back().id));
                continue;
            }
            WriterRun& run = runs.emplace_back();
            run.id = words.front();
        }
        WriterRun& run = runs.back();
        if (run.said) {
            fault("comes after the farewell");
        } else if (farewell) {
            run.said = *number;
            if (run.last < *number || run.last > *number + 1) {
                fault(fmt::format("the last line there is {}", run.last));
            }
        } else {
            if (*number != run.last + 1) {
                fault(fmt::format("follows line {}", run.last));
            }
            run.last = *number;
        }
    }
    return runs;
}

}  // namespace stack::testing
