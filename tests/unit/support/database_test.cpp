#include "support/database.hpp"

#include <catch2/catch.hpp>

#include "support/error.hpp"
#include "support/files.hpp"

using namespace stack;

TEST_CASE("a transaction that is not committed leaves nothing", "[support][database]") {
    const TempDir dir{std::filesystem::temp_directory_path(), "stack-db-"};
    const Database database{dir.path() / "test.db"};
    database.execute("CREATE TABLE t(name TEXT, size INTEGER)");
    {
        const Transaction lost{database};
        database.prepare("INSERT INTO t VALUES(?, ?)").bind_all("a", 1).run();
    }
    {
        Transaction kept{database};
        database.prepare("INSERT INTO t VALUES(?, ?)").bind_all("b", std::optional<std::int64_t>{}).run();
        kept.commit();
    }
    auto rows = database.prepare("SELECT name, size FROM t");
    REQUIRE(rows.step());
    CHECK(rows.text(0) == "b");
    CHECK(rows.is_null(1));
    CHECK_FALSE(rows.step());
}

TEST_CASE("a wrong statement says what and why", "[support][database]") {
    const TempDir dir{std::filesystem::temp_directory_path(), "stack-db-"};
    const Database database{dir.path() / "test.db"};
    CHECK_THROWS_WITH(database.prepare("SELECT x FROM nowhere"), Catch::Contains("no such table: nowhere"));
}
