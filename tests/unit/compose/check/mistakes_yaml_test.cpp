#include <catch2/catch.hpp>

#include "diagnose.hpp"

using stack::compose::testing::compare_with_golden;
using stack::compose::testing::diagnose;

TEST_CASE("a mistake in YAML is explained at the place where it begins", "[compose][mistakes]") {
    compare_with_golden({
        {"yaml-tab", "services:\n  web:\n\timage: nginx\n"},
        {"yaml-tab-deep", "services:\n  web:\n    image: nginx\n    environment:\n    \tA: b\n"},
        {"yaml-duplicate-key", "services:\n  web:\n    image: nginx\n    ports:\n      - 80:80\n    image: apache\n"},
        {"yaml-duplicate-service", "services:\n  web:\n    image: nginx\n  web:\n    image: apache\n"},
        {"yaml-open-quote", "services:\n  web:\n    image: \"nginx\n    ports:\n      - 80:80\n"},
        {"yaml-open-bracket",
         "services:\n  web:\n    image: nginx\n    command: [\"a\", \"b\"\n    ports:\n      - 80:80\n"},
        {"yaml-bad-indent", "services:\n  web:\n    image: nginx\n   ports:\n      - 80:80\n"},
        {"yaml-missing-colon", "services:\n  web:\n    image nginx\n    ports:\n      - 80:80\n"},
        {"yaml-missing-space", "services:\n  web:\n    image:nginx\n    build: .\n"},
        {"yaml-unknown-anchor", "services:\n  web:\n    <<: *defaults\n    image: nginx\n"},
        {"yaml-merge-not-a-map", "x-a: &a text\nservices:\n  web:\n    <<: *a\n    image: nginx\n"},
        {"yaml-colon-in-value", "services:\n  web:\n    image: nginx\n    command: echo a: b\n"},
        {"yaml-at-sign", "services:\n  web:\n    image: @nginx\n"},
        {"yaml-percent", "services:\n  web:\n    image: nginx\n    command: %ab\n"},
        {"yaml-text", "hello\n"},
        {"yaml-key-number", "services:\n  web:\n    image: nginx\n    environment:\n      1: a\n"},
        {"yaml-open-brace",
         "services:\n  web:\n    image: nginx\n    environment: {A: b, C: d\n    ports:\n      - 80:80\n"},
        {"yaml-missing-comma", "services:\n  web:\n    image: nginx\n    command: [\"a\" \"b\"]\n"},
        {"yaml-escape", "services:\n  web:\n    image: \"C:\\data\"\n"},
        {"yaml-list-over-indented",
         "services:\n  web:\n    image: nginx\n    ports:\n      - 80:80\n        - 81:81\n    tty: on fire: no\n"},
        {"yaml-list-under-indented",
         "services:\n  web:\n    image: nginx\n    ports:\n        - 80:80\n      - 81:81\n"},
        {"yaml-key-under-list", "services:\n  web:\n    ports:\n      - 80:80\n      image: nginx\n"},
        {"yaml-entry-behind-key", "services:\n  web:\n    image: nginx\n    ports: - 80:80\n"},
        {"yaml-glob", "services:\n  web:\n    image: nginx\n    command: *.sh\n"},
        {"yaml-missing-colon-last", "services:\n  web:\n    build: .\n    image nginx\n"},
        {"yaml-anchor-misspelled", "x-d: &default {image: nginx}\nservices:\n  web:\n    <<: *defaut\n"},
        {"yaml-template", "services:\n  web:\n    image: {{ image }}\n"},
    });
}

TEST_CASE("several mistakes are told in one go, in the order of the file", "[compose][mistakes]") {
    const auto said = diagnose(
        "services:\n  web:\n    image: nginx\n    restrat: always\n    networks: [back]\n    ports: 80\n"
        "volumes:\n  data:\n    drivr: local\n");
    const auto first = said.find("'restrat'");
    const auto second = said.find("'back'");
    const auto third = said.find("'ports'");
    const auto fourth = said.find("'drivr'");
    CHECK(first < second);
    CHECK(second < third);
    CHECK(third < fourth);
    CHECK(fourth != std::string::npos);
}

TEST_CASE("a good file says nothing", "[compose][mistakes]") {
    CHECK(diagnose("services:\n  web:\n    image: nginx\n    ports: [\"80:80\"]\n    restart: on-failure:3\n").empty());
}
