#include "image/config.hpp"

#include <catch2/catch.hpp>

#include "support/error.hpp"

using namespace stack;
using namespace stack::image;

namespace {

constexpr const char* foreign = R"({"architecture":"arm64","variant":"v8","os":"linux","author":"somebody",
"created":"2024-05-01T12:34:56.789Z","x-vendor":{"a":[1,2]},
"config":{"Env":["PATH=/bin","A=b=c"],"Cmd":[],"Entrypoint":null,"User":"1000:100","WorkingDir":"/srv",
 "ExposedPorts":{"80/tcp":{}},"Volumes":{"/data":{}},"Labels":{"k":"v"},"StopSignal":"SIGQUIT","ArgsEscaped":true,
 "Healthcheck":{"Test":["CMD-SHELL","true"],"Interval":5000000000,"Retries":7},"OnBuild":["RUN x"],"Shell":["/bin/ash","-c"]},
"rootfs":{"type":"layers","diff_ids":["sha256:aaaa"]},
"history":[{"created_by":"ADD file","created":"2024-05-01T12:34:56Z"},{"created_by":"CMD","empty_layer":true}]})";

}  // namespace

TEST_CASE("a config is read whole", "[image][config]") {
    const ImageConfig config = parse_config(foreign);
    CHECK(config.architecture == "arm64");
    CHECK(config.variant == "v8");
    CHECK(config.env == std::vector<std::string>{"PATH=/bin", "A=b=c"});
    REQUIRE(config.cmd.has_value());
    CHECK(config.cmd->empty());
    CHECK_FALSE(config.entrypoint.has_value());
    CHECK(config.user == "1000:100");
    CHECK(config.working_dir == "/srv");
    CHECK(config.exposed_ports == std::set<std::string>{"80/tcp"});
    CHECK(config.volumes == std::set<std::string>{"/data"});
    CHECK(config.labels.at("k") == "v");
    CHECK(config.stop_signal == "SIGQUIT");
    REQUIRE(config.healthcheck);
    CHECK(config.healthcheck->test == std::vector<std::string>{"CMD-SHELL", "true"});
    CHECK(config.healthcheck->interval == std::chrono::seconds{5});
    CHECK(config.healthcheck->retries == 7);
    CHECK(config.on_build == std::vector<std::string>{"RUN x"});
    CHECK(config.shell == std::vector<std::string>{"/bin/ash", "-c"});
    REQUIRE(config.history.size() == 2);
    CHECK(config.history[1].empty_layer);
}

TEST_CASE("a changed config keeps the members that we do not know", "[image][config]") {
    ImageConfig config = parse_config(foreign);
    config.cmd.reset();
    config.entrypoint = {"/init"};
    const std::string written = write_config(config);
    CHECK_THAT(written, Catch::Contains(R"("x-vendor":{"a":[1,2]})"));
    CHECK_THAT(written, Catch::Contains(R"("ArgsEscaped":true)"));
    const ImageConfig again = parse_config(written);
    CHECK_FALSE(again.cmd.has_value());
    CHECK(again.entrypoint == std::vector<std::string>{"/init"});
    CHECK(again.history == config.history);
    CHECK(again.healthcheck == config.healthcheck);
}

TEST_CASE("the same config gives the same bytes", "[image][config]") {
    ImageConfig config;
    config.os = "linux";
    config.architecture = "amd64";
    config.labels = {{"b", "2"}, {"a", "1"}};
    config.diff_ids = {"sha256:1"};
    CHECK(write_config(config) == R"({"architecture":"amd64","config":{"Labels":{"a":"1","b":"2"}},"os":"linux",)"
                                  R"("rootfs":{"diff_ids":["sha256:1"],"type":"layers"}})");
    CHECK(write_config(config) == write_config(parse_config(write_config(config))));
}

TEST_CASE("what is no config is refused with a sentence", "[image][config]") {
    CHECK_THROWS_WITH(parse_config("{"), "image config: not valid JSON");
    CHECK_THROWS_WITH(parse_config("[]"), "image config: must be a JSON object");
    CHECK_THROWS_WITH(parse_config(R"({"config":{"Env":"x"}})"), "image config: 'Env' must be a list of strings");
    CHECK_THROWS_WITH(parse_config(R"({"config":{"Volumes":["/x"]}})"), "image config: 'Volumes' must be an object");
    CHECK_THROWS_WITH(parse_config(R"({"history":[1]})"), "image config: 'history' must be a list of objects");
}

TEST_CASE("platforms are written as the field does", "[image][platform]") {
    CHECK(to_string(parse_platform("linux/amd64")) == "linux/amd64");
    CHECK(to_string(parse_platform("linux/arm64")) == "linux/arm64/v8");
    CHECK(to_string(parse_platform("Linux/x86_64")) == "linux/amd64");
    CHECK(to_string(parse_platform("linux/arm/v6")) == "linux/arm/v6");
    CHECK(to_string(parse_platform("aarch64")) == "linux/arm64/v8");
    CHECK(parse_platform("linux") == host_platform());
    CHECK_THROWS_AS(parse_platform("linux//"), Error);
    CHECK_THROWS_AS(parse_platform("beos"), Error);
}
