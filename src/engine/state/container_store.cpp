#include "engine/state/container_store.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "engine/state/row_json.hpp"
#include "support/database.hpp"
#include "support/error.hpp"
#include "support/kernel/process_stat.hpp"

namespace stack::engine {
namespace {

// Columns in the order in which bind_row and read_row walk them.
constexpr std::string_view columns =
    "id, name, project, service, replica, one_off, image, image_id, config_hash, spec, labels, status, pid, "
    "start_ticks, exit_code, oom_killed, error, created_ns, started_ns, finished_ns, restart_count, stopped_by_user, "
    "health, endpoints, ports, mounts, command, log_driver";
constexpr int column_count = 28;

/// One column holds what a user's stop did to a container, so that no stored table has to be altered: 0 nothing, 1 it
/// was stopped, 2 its stop was asked for, more: it was signalled and is killed at that time.
std::int64_t stop_to_number(const ContainerRow& row) {
    switch (row.stop.stage) {
        case StopUnderWay::Stage::none:
            return row.stopped_by_user ? 1 : 0;
        case StopUnderWay::Stage::asked:
            return 2;
        case StopUnderWay::Stage::signalled:
            return std::max<std::int64_t>(row.stop.kill_ns, 3);
    }
    return 0;
}

void stop_from_number(std::int64_t number, ContainerRow& row) {
    row.stopped_by_user = number != 0;
    if (number == 2) {
        row.stop.stage = StopUnderWay::Stage::asked;
    } else if (number > 2) {
        row.stop = {StopUnderWay::Stage::signalled, number};
    }
}

void create_table(const Database& database) {
    database.execute(
        "CREATE TABLE IF NOT EXISTS containers ("
        " id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, project TEXT NOT NULL, service TEXT NOT NULL,"
        " replica INTEGER NOT NULL, one_off INTEGER NOT NULL, image TEXT NOT NULL, image_id TEXT NOT NULL,"
        " config_hash TEXT NOT NULL, spec TEXT NOT NULL, labels TEXT NOT NULL, status TEXT NOT NULL,"
        " pid INTEGER NOT NULL, start_ticks INTEGER NOT NULL, exit_code INTEGER, oom_killed INTEGER NOT NULL,"
        " error TEXT NOT NULL, created_ns INTEGER NOT NULL, started_ns INTEGER NOT NULL, finished_ns INTEGER NOT NULL,"
        " restart_count INTEGER NOT NULL, stopped_by_user INTEGER NOT NULL, health TEXT NOT NULL,"
        " endpoints TEXT NOT NULL, ports TEXT NOT NULL, mounts TEXT NOT NULL, command TEXT NOT NULL,"
        " log_driver TEXT NOT NULL) WITHOUT ROWID;"
        "CREATE INDEX IF NOT EXISTS containers_by_project ON containers(project, service, replica);");
}

void bind_row(Statement& statement, const ContainerRow& row) {
    statement.bind_all(row.id, row.name, row.project, row.service, std::int64_t{row.replica}, std::int64_t{row.one_off},
                       row.image, row.image_id, row.config_hash, row.spec_json, labels_to_json(row.labels),
                       to_string(row.status), row.pid, static_cast<std::int64_t>(row.start_ticks));
    if (row.exit_code) {
        statement.bind(std::int64_t{*row.exit_code});
    } else {
        statement.bind(nullptr);
    }
    statement.bind_all(std::int64_t{row.oom_killed}, row.error, row.created_ns, row.started_ns, row.finished_ns,
                       std::int64_t{row.restart_count}, stop_to_number(row), health_to_json(row.health),
                       endpoints_to_json(row.endpoints), ports_to_json(row.ports), mounts_to_json(row.mounts),
                       row.command, row.log_driver);
}

ContainerRow read_row(const Statement& statement) {
    ContainerRow row;
    row.id = statement.text(0);
    row.name = statement.text(1);
    row.project = statement.text(2);
    row.service = statement.text(3);
    row.replica = static_cast<int>(statement.integer(4));
    row.one_off = statement.integer(5) != 0;
    row.image = statement.text(6);
    row.image_id = statement.text(7);
    row.config_hash = statement.text(8);
    row.spec_json = statement.text(9);
    row.labels = labels_from_json(statement.text(10));
    row.status = parse_container_status(statement.text(11)).value_or(ContainerStatus::dead);
    row.pid = statement.integer(12);
    row.start_ticks = static_cast<std::uint64_t>(statement.integer(13));
    if (!statement.is_null(14)) {
        row.exit_code = static_cast<int>(statement.integer(14));
    }
    row.oom_killed = statement.integer(15) != 0;
    row.error = statement.text(16);
    row.created_ns = statement.integer(17);
    row.started_ns = statement.integer(18);
    row.finished_ns = statement.integer(19);
    row.restart_count = static_cast<int>(statement.integer(20));
    stop_from_number(statement.integer(21), row);
    row.health = health_from_json(statement.text(22));
    row.endpoints = endpoints_from_json(statement.text(23));
    row.ports = ports_from_json(statement.text(24));
    row.mounts = mounts_from_json(statement.text(25));
    row.command = statement.text(26);
    row.log_driver = statement.text(27);
    const bool has_process = row.status == ContainerStatus::running || row.status == ContainerStatus::paused;
    row.vanished = has_process && !is_alive(row);
    return row;
}

std::vector<std::string> names_of(Statement statement) {
    std::vector<std::string> names;
    while (statement.step()) {
        names.push_back(statement.text(0));
    }
    return names;
}

[[noreturn]] void name_is_taken(const std::string& name, const std::string& holder) {
    throw Error(Errc::conflict,
                fmt::format("the container name '{}' is already in use by container '{}'", name, holder))
        .hint("remove or rename that container to be able to use the name again");
}

/// Names are words of command lines and DNS, and parts of paths.
void check_name(const std::string& name) {
    const auto good = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
    const bool fine = !name.empty() && good(name.front()) && std::all_of(name.begin(), name.end(), [&](char c) {
        return good(c) || c == '_' || c == '.' || c == '-';
    });
    if (!fine) {
        throw Error(Errc::invalid_input, fmt::format("'{}' cannot be the name of a container", name))
            .hint("names begin with a letter or digit and go on with letters, digits, '_', '.' and '-'");
    }
}

}  // namespace

ContainerStore::ContainerStore(const Database& database) : database_{database} {
    create_table(database_);
}

void ContainerStore::insert(const ContainerRow& row) {
    check_name(row.name);
    Transaction transaction{database_};
    auto holder = database_.prepare("SELECT id FROM containers WHERE name = ?");
    holder.bind(row.name);
    if (holder.step()) {
        name_is_taken(row.name, holder.text(0));
    }
    std::string marks = "?";
    for (int i = 1; i < column_count; ++i) {
        marks += ", ?";
    }
    auto statement = database_.prepare(fmt::format("INSERT INTO containers ({}) VALUES ({})", columns, marks));
    bind_row(statement, row);
    statement.run();
    transaction.commit();
}

bool ContainerStore::update(const ContainerRow& row) {
    // The name is left alone: only rename() changes it, and a worker's copy may be older than that.
    auto statement = database_.prepare(
        "UPDATE containers SET project = ?, service = ?, replica = ?, one_off = ?, image = ?, image_id = ?,"
        " config_hash = ?, spec = ?, labels = ?, status = ?, pid = ?, start_ticks = ?, exit_code = ?, oom_killed = ?,"
        " error = ?, created_ns = ?, started_ns = ?, finished_ns = ?, restart_count = ?, stopped_by_user = ?,"
        " health = ?, endpoints = ?, ports = ?, mounts = ?, command = ?, log_driver = ? WHERE id = ?");
    statement.bind_all(row.project, row.service, std::int64_t{row.replica}, std::int64_t{row.one_off}, row.image,
                       row.image_id, row.config_hash, row.spec_json, labels_to_json(row.labels), to_string(row.status),
                       row.pid, static_cast<std::int64_t>(row.start_ticks));
    if (row.exit_code) {
        statement.bind(std::int64_t{*row.exit_code});
    } else {
        statement.bind(nullptr);
    }
    statement.bind_all(std::int64_t{row.oom_killed}, row.error, row.created_ns, row.started_ns, row.finished_ns,
                       std::int64_t{row.restart_count}, stop_to_number(row), health_to_json(row.health),
                       endpoints_to_json(row.endpoints), ports_to_json(row.ports), mounts_to_json(row.mounts),
                       row.command, row.log_driver, row.id);
    statement.run();
    return database_.changes() > 0;
}

void ContainerStore::rename(const std::string& id, const std::string& name) {
    check_name(name);
    Transaction transaction{database_};
    auto holder = database_.prepare("SELECT id FROM containers WHERE name = ? AND id <> ?");
    holder.bind_all(name, id);
    if (holder.step()) {
        name_is_taken(name, holder.text(0));
    }
    database_.prepare("UPDATE containers SET name = ? WHERE id = ?").bind(name).bind(id).run();
    transaction.commit();
}

void ContainerStore::remove(const std::string& id) {
    database_.prepare("DELETE FROM containers WHERE id = ?").bind(id).run();
}

std::vector<ContainerRow> ContainerStore::select(const std::string& where,
                                                 const std::vector<std::string>& parameters) const {
    auto statement =
        database_.prepare(fmt::format("SELECT {} FROM containers {} ORDER BY created_ns DESC, name", columns, where));
    for (const std::string& parameter : parameters) {
        statement.bind(parameter);
    }
    std::vector<ContainerRow> rows;
    while (statement.step()) {
        rows.push_back(read_row(statement));
    }
    return rows;
}

std::vector<ContainerRow> ContainerStore::list(const ContainerFilter& filter) const {
    std::string where = "WHERE 1";
    std::vector<std::string> parameters;
    if (filter.project) {
        where += " AND project = ?";
        parameters.push_back(*filter.project);
    }
    if (filter.service) {
        where += " AND service = ?";
        parameters.push_back(*filter.service);
    }
    if (filter.one_off) {
        where += *filter.one_off ? " AND one_off = 1" : " AND one_off = 0";
    }
    return select(where, parameters);
}

std::optional<ContainerRow> ContainerStore::find_id(const std::string& id) const {
    auto rows = select("WHERE id = ?", {id});
    return rows.empty() ? std::nullopt : std::optional{std::move(rows.front())};
}

std::optional<ContainerRow> ContainerStore::find(std::string_view name_or_id) const {
    std::string word{name_or_id.starts_with('/') ? name_or_id.substr(1) : name_or_id};
    if (word.empty()) {
        return std::nullopt;
    }
    if (auto rows = select("WHERE id = ?", {word}); !rows.empty()) {
        return std::move(rows.front());
    }
    if (auto rows = select("WHERE name = ?", {word}); !rows.empty()) {
        return std::move(rows.front());
    }
    if (word.find_first_not_of("0123456789abcdef") != std::string::npos) {
        return std::nullopt;
    }
    // 'g' sorts after every hex digit, so this is a range of the primary key.
    auto rows = select("WHERE id >= ? AND id < ?", {word, word + "g"});
    if (rows.size() > 1) {
        throw Error(Errc::invalid_input, fmt::format("multiple IDs found with provided prefix: {}", word));
    }
    return rows.empty() ? std::nullopt : std::optional{std::move(rows.front())};
}

ContainerRow ContainerStore::get(std::string_view name_or_id) const {
    auto row = find(name_or_id);
    if (!row) {
        throw Error(Errc::not_found, fmt::format("no such container: {}", name_or_id));
    }
    return std::move(*row);
}

std::vector<std::string> ContainerStore::projects() const {
    return names_of(database_.prepare("SELECT DISTINCT project FROM containers ORDER BY project"));
}

std::vector<std::string> ContainerStore::services(const std::string& project) const {
    auto statement =
        database_.prepare("SELECT DISTINCT service FROM containers WHERE project = ? AND one_off = 0 ORDER BY service");
    statement.bind(project);
    return names_of(std::move(statement));
}

bool is_alive(const ContainerRow& row) {
    const auto process = row.pid > 0 ? kernel::process_stat(static_cast<pid_t>(row.pid)) : std::nullopt;
    return process && process->start_ticks == row.start_ticks && !process->has_ended();
}

}  // namespace stack::engine
