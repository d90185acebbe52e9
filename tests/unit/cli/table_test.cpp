#include "cli/table.hpp"

#include <catch2/catch.hpp>

using namespace stack::cli;

TEST_CASE("columns are as wide as their widest cell", "[cli][table]") {
    Table table{{"NAME", "STATUS"}};
    table.add({"größe", "Up"});
    table.add({"x", "Exited (0) 2 minutes ago"});
    CHECK(table.str() ==
          "NAME    STATUS\n"
          "größe   Up\n"
          "x       Exited (0) 2 minutes ago\n");
}

TEST_CASE("what does not fit is cut with a mark, between characters", "[cli][table]") {
    CHECK(fit("docker-entrypoint.sh", 20) == "docker-entrypoint.sh");
    CHECK(fit("docker-entrypoint.sh x", 20) == "docker-entrypoint.s…");
    CHECK(fit("ääää", 3) == "ää…");
}
