#include "image/apt_sources.hpp"

#include <catch2/catch.hpp>

using namespace stack::image;

TEST_CASE("one-line apt sources are read", "[image][apt]") {
    const auto sources = parse_one_line_sources(
        "# comment\n"
        "deb http://mirror.test/debian bookworm main contrib # why\n"
        "deb-src http://mirror.test/debian bookworm main\n"
        "deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://sec.test bookworm-security "
        "main\n"
        "deb [trusted=yes] file:/srv/repo ./\n"
        "deb incomplete\n");
    REQUIRE(sources.size() == 3);
    CHECK(sources[0].uris == "http://mirror.test/debian");
    CHECK(sources[0].suites == "bookworm");
    CHECK(sources[0].components == "main contrib");
    CHECK(sources[1].signed_by == "/usr/share/keyrings/debian-archive-keyring.gpg");
    CHECK(sources[2].trusted == "yes");
}

TEST_CASE("deb822 apt sources are read", "[image][apt]") {
    const auto sources = parse_deb822_sources(
        "Types: deb deb-src\n# comment\nURIs: http://mirror.test/debian\nSuites: bookworm\n bookworm-updates\n"
        "Components: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
        "\n"
        "Types: deb\nURIs: http://off.test\nSuites: bookworm\nComponents: main\nEnabled: no\n"
        "\n\n"
        "Types: deb-src\nURIs: http://src.test\nSuites: bookworm\nComponents: main\n");
    REQUIRE(sources.size() == 1);
    CHECK(sources[0].suites == "bookworm bookworm-updates");
    CHECK(sources[0].signed_by == "/usr/share/keyrings/debian-archive-keyring.gpg");
}

TEST_CASE("only the distribution's own suites are taken", "[image][apt]") {
    const std::string keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
    const std::vector<AptSource> all = {
        {"http://a.test", "bookworm bookworm-updates trixie bookworm-backports", "main", keyring, ""},
        {"http://b.test", "bookworm-security", "main", "", ""},
        {"http://c.test", "bookworm", "stable", "/etc/apt/keyrings/vendor.asc", ""},
        {"http://d.test", "cloud-bookworm", "main", "", ""},
        {"http://e.test", "trixie", "main", "", ""},
    };
    const auto own = sources_of_suite(all, "bookworm");
    REQUIRE(own.size() == 2);
    CHECK(own[0].suites == "bookworm bookworm-updates");
    CHECK(own[1].uris == "http://b.test");
    CHECK(parse_deb822_sources(write_deb822(own)).size() == 2);
}
