#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace stack {

/// A prepared statement. Bind from left to right with `bind`, then `step` until it is false, or `run` once.
/// Columns count from 0. Use and destroy it before its Database.
class Statement {
public:
    Statement(Statement&& other) noexcept;
    Statement& operator=(Statement&&) = delete;
    ~Statement();

    Statement& bind(std::int64_t value);
    Statement& bind(std::string_view value);
    Statement& bind(std::nullptr_t);
    template <class T>
    Statement& bind(const std::optional<T>& value) {
        return value ? bind(*value) : bind(nullptr);
    }
    template <class... Values>
    Statement& bind_all(const Values&... values) {
        (bind(values), ...);
        return *this;
    }

    /// True while there is a row.
    bool step();
    /// Steps to the end, rows are thrown away.
    void run();
    /// Makes it ready for the next bindings.
    void reset();

    std::int64_t integer(int column) const;
    std::string text(int column) const;
    bool is_null(int column) const;

private:
    friend class Database;
    Statement(sqlite3* database, std::string_view sql);
    sqlite3* database_;
    sqlite3_stmt* statement_{nullptr};
    int next_parameter_{1};
};

/// One connection to a SQLite file in WAL mode with foreign keys on; waits up to a minute for another writer.
/// One connection per thread. Throws Error with SQLite's own words.
class Database {
public:
    explicit Database(const std::filesystem::path& file);
    Database(Database&&) noexcept;
    Database& operator=(Database&&) noexcept;
    ~Database();

    Statement prepare(std::string_view sql) const;
    /// One or more statements without parameters or rows.
    void execute(const std::string& sql) const;
    std::int64_t last_insert_id() const;
    /// Rows changed by the last statement.
    std::int64_t changes() const;

private:
    struct Close {
        void operator()(sqlite3* database) const noexcept;
    };
    std::unique_ptr<sqlite3, Close> database_;
};

/// BEGIN IMMEDIATE … COMMIT; rolled back on destruction without commit().
class [[nodiscard]] Transaction {
public:
    explicit Transaction(const Database& database);
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();
    void commit();

private:
    const Database& database_;
    bool open_{true};
};

}  // namespace stack
