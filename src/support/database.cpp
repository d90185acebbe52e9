#include "support/database.hpp"

#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

#include "support/error.hpp"
#include "support/log.hpp"

namespace stack {
namespace {

[[noreturn]] void fail(sqlite3* database, std::string_view doing) {
    throw Error(Errc::system, fmt::format("state database: {}: {}", doing, sqlite3_errmsg(database)));
}

}  // namespace

Statement::Statement(sqlite3* database, std::string_view sql) : database_{database} {
    if (sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &statement_, nullptr) != SQLITE_OK) {
        fail(database, sql);
    }
}

Statement::Statement(Statement&& other) noexcept
    : database_{other.database_},
      statement_{std::exchange(other.statement_, nullptr)},
      next_parameter_{other.next_parameter_} {}

Statement::~Statement() {
    sqlite3_finalize(statement_);
}

Statement& Statement::bind(std::int64_t value) {
    if (sqlite3_bind_int64(statement_, next_parameter_++, value) != SQLITE_OK) {
        fail(database_, "bind a number");
    }
    return *this;
}

Statement& Statement::bind(std::string_view value) {
    // A null pointer would be bound as NULL, which equals nothing; an empty text is a text.
    const char* bytes = value.data() ? value.data() : "";
    if (sqlite3_bind_text64(statement_, next_parameter_++, bytes, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8) !=
        SQLITE_OK) {
        fail(database_, "bind a text");
    }
    return *this;
}

Statement& Statement::bind(std::nullptr_t) {
    if (sqlite3_bind_null(statement_, next_parameter_++) != SQLITE_OK) {
        fail(database_, "bind null");
    }
    return *this;
}

bool Statement::step() {
    const int result = sqlite3_step(statement_);
    if (result != SQLITE_ROW && result != SQLITE_DONE) {
        fail(database_, sqlite3_sql(statement_));
    }
    return result == SQLITE_ROW;
}

void Statement::run() {
    while (step()) {
    }
}

void Statement::reset() {
    sqlite3_reset(statement_);
    next_parameter_ = 1;
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_, column);
}

std::string Statement::text(int column) const {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    return bytes ? std::string{bytes, static_cast<size_t>(sqlite3_column_bytes(statement_, column))} : std::string{};
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

void Database::Close::operator()(sqlite3* database) const noexcept {
    sqlite3_close(database);
}

Database::Database(const std::filesystem::path& file) {
    // SQLite takes (and touches) memory for twenty pages with the first one of each connection. We need a few.
    [[maybe_unused]] static const int pages_as_needed = sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0);
    std::filesystem::create_directories(file.parent_path());
    sqlite3* opened = nullptr;
    const int result = sqlite3_open_v2(file.c_str(), &opened,
                                       SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    database_.reset(opened);
    if (result != SQLITE_OK) {
        fail(opened, fmt::format("open '{}'", file.string()));
    }
    constexpr int wait_for_writer_ms = 60'000;
    sqlite3_busy_timeout(opened, wait_for_writer_ms);
    // NORMAL: a power cut may take the last transactions back but never corrupts (sqlite.org/wal.html, "synchronous").
    // The first process that opens it reads all of the log again: so it is kept short.
    execute(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA wal_autocheckpoint=250");
}

Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Statement Database::prepare(std::string_view sql) const {
    return {database_.get(), sql};
}

void Database::execute(const std::string& sql) const {
    if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
        fail(database_.get(), sql);
    }
}

std::int64_t Database::last_insert_id() const {
    return sqlite3_last_insert_rowid(database_.get());
}
std::int64_t Database::changes() const {
    return sqlite3_changes64(database_.get());
}

Transaction::Transaction(const Database& database) : database_{database} {
    database_.execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
    if (!open_) {
        return;
    }
    try {
        database_.execute("ROLLBACK");
    } catch (const Error& error) {
        log_warning("{}", error.what());
    }
}

void Transaction::commit() {
    database_.execute("COMMIT");
    open_ = false;
}

}  // namespace stack
