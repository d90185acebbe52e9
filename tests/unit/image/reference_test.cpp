#include "image/reference.hpp"

#include <catch2/catch.hpp>

#include "support/error.hpp"

using namespace stack;
using namespace stack::image;

TEST_CASE("references are normalised as the field does", "[image][reference]") {
    struct Case {
        std::string text, canonical, familiar;
    };
    const std::string digest = "sha256:" + std::string(64, 'a');
    const auto [text, canonical, familiar] = GENERATE_COPY(values<Case>({
        {"debian", "docker.io/library/debian", "debian"},
        {"debian:bookworm-slim", "docker.io/library/debian:bookworm-slim", "debian:bookworm-slim"},
        {"library/debian", "docker.io/library/debian", "debian"},
        {"docker.io/debian", "docker.io/library/debian", "debian"},
        {"index.docker.io/debian", "docker.io/library/debian", "debian"},
        {"bitnami/redis", "docker.io/bitnami/redis", "bitnami/redis"},
        {"library/a/b", "docker.io/library/a/b", "library/a/b"},
        {"localhost/app", "localhost/app", "localhost/app"},
        {"localhost:5000/app:1", "localhost:5000/app:1", "localhost:5000/app:1"},
        {"ghcr.io/o/r@" + digest, "ghcr.io/o/r@" + digest, "ghcr.io/o/r@" + digest},
        {"r:5000", "docker.io/library/r:5000", "r:5000"},
        {"[::1]:5000/app", "[::1]:5000/app", "[::1]:5000/app"},
        {"MyHost/app", "MyHost/app", "MyHost/app"},
        {"a__b/c---d.e", "docker.io/a__b/c---d.e", "a__b/c---d.e"},
        {"app:Tag_1.2-x@" + digest, "docker.io/library/app:Tag_1.2-x@" + digest, "app:Tag_1.2-x@" + digest},
    }));
    const Reference reference = parse_reference(text);
    CHECK(reference.canonical() == canonical);
    CHECK(reference.familiar() == familiar);
    CHECK(parse_reference(reference.canonical()) == reference);
    CHECK(parse_reference(reference.familiar()) == reference);
}

TEST_CASE("a wrong reference is refused with what is wrong", "[image][reference]") {
    struct Case {
        std::string text, message;
    };
    const auto [text, message] = GENERATE(values<Case>({
        {"", "an image reference must not be empty"},
        {"Debian", "the repository name must be lower case"},
        {"a/Debian", "the repository name must be lower case"},
        {":tag", "the repository name is missing"},
        {"a:", "a tag is up to 128"},
        {"a:-x", "a tag is up to 128"},
        {"a//b", "a part of the name is empty"},
        {"../../etc/passwd", "is not a host name"},
        {"a..b/c", "is not a host name"},
        {"host:99999/app", "is not a host name with an optional port"},
        {"a___b", "may hold only"},
        {"a-", "may hold only"},
        {"a@sha256:1234", "64 hex digits"},
        {"a@md5:1234", "64 hex digits"},
        {"a b", "may hold only"},
        {std::string(256, 'a'), "longer than 255"},
    }));
    CHECK_THROWS_WITH(parse_reference(text), Catch::Contains(message));
    CHECK_FALSE(find_reference(text));
}

TEST_CASE("the default tag is added only where neither tag nor digest was written", "[image][reference]") {
    CHECK(parse_reference("debian").with_default_tag().familiar() == "debian:latest");
    CHECK(parse_reference("debian:12").with_default_tag().familiar() == "debian:12");
    const std::string by_digest = "debian@sha256:" + std::string(64, '0');
    CHECK(parse_reference(by_digest).with_default_tag().familiar() == by_digest);
}

TEST_CASE("a digest becomes a file name only if it is one", "[image][reference]") {
    CHECK(digest_hex("sha256:" + std::string(64, 'b')) == std::string(64, 'b'));
    CHECK_THROWS_AS(digest_hex("sha256:../../../../etc/passwd"), Error);
    CHECK_THROWS_AS(digest_hex("sha256:" + std::string(64, 'B')), Error);
    CHECK_THROWS_AS(digest_hex(std::string(64, 'b')), Error);
}
