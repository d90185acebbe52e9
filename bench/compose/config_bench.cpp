// From text to what `stack config` prints, for projects with anchors, extends and interpolation.
#define CATCH_CONFIG_MAIN
#define CATCH_CONFIG_ENABLE_BENCHMARKING
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "compose/loader.hpp"
#include "compose/print.hpp"
#include "compose/profiles.hpp"

using namespace stack::compose;

namespace {

std::string project_of(int services) {
    std::string text =
        "x-base: &base\n  restart: unless-stopped\n  logging: {driver: local, options: {max-size: 10m}}\n"
        "  environment: &env\n    TZ: ${TZ:-UTC}\n    LEVEL: ${LEVEL:-info}\n"
        "services:\n  base:\n    image: registry.example/base:${TAG:-1.0}\n    labels: [a=b, c=d]\n"
        "    healthcheck: {test: [CMD, \"true\"], interval: 30s, timeout: 5s, retries: 3}\n";
    for (int i = 0; i < 5; ++i) {
        text += fmt::format("  t{0}:\n    extends: {1}\n    labels: [\"t{0}=1\"]\n    cap_add: [C{0}]\n", i,
                            i == 0 ? "base" : fmt::format("t{}", i - 1));
    }
    for (int i = 6; i < services; ++i) {
        text += fmt::format(
            "  s{0}:\n    <<: *base\n    extends: {{service: t{1}}}\n    image: registry.example/s{0}:${{TAG:-1.0}}\n"
            "    environment:\n      <<: *env\n      NAME: s{0}\n      URL: http://${{HOST:-localhost}}:{2}/\n"
            "    ports: [\"{2}:80\"]\n    volumes: [\"data{3}:/data\", \"./conf/s{0}:/etc/s{0}:ro\"]\n"
            "    depends_on: [t{1}]\n    networks: [front, back]\n",
            i, i % 5, 10'000 + i, i % 20);
    }
    text += "networks:\n  front: {}\n  back: {internal: true}\nvolumes:\n";
    for (int i = 0; i < 20; ++i) {
        text += fmt::format("  data{}: {{}}\n", i);
    }
    return text;
}

std::size_t config(const std::string& text) {
    LoadOptions options;
    options.working_dir = "/nonexistent/bench";
    options.files = {"-"};
    options.typed = false;
    options.read_stdin = [&] { return text; };
    LoadedProject loaded = load_project(options);
    remove_unused(loaded.tree);
    return print_yaml(loaded.tree, PrintStyle{true}).size();
}

}  // namespace

TEST_CASE("config of a project with anchors, extends and interpolation", "[compose]") {
    for (const int services : {50, 500, 1000, 2000, 5000}) {
        const std::string text = project_of(services);
        REQUIRE(config(text) > text.size());
        BENCHMARK(fmt::format("{} services, {} KB", services, text.size() / 1000)) {
            return config(text);
        };
    }
}
