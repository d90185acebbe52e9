// The classic builder's ways, platforms, entitlements.
#include <algorithm>

#include <catch2/catch.hpp>

#include "build/changes.hpp"
#include "support/error.hpp"
#include "workshop.hpp"

using namespace stack;
using namespace stack::build;
using stack::testing::Workshop;

TEST_CASE("changes below a volume stay, but not in the classic way", "[build][classic]") {
    const std::string dockerfile =
        "FROM busybox\nRUN mkdir -p /v /w && echo old > /v/kept\nVOLUME /v\n"
        "RUN echo new > /v/new && rm /v/kept && echo x > /w/x\n";
    Workshop shop;
    const auto modern = shop.build(dockerfile);
    CHECK(shop.file(modern, "/v/new") == "new\n");
    CHECK(shop.file(modern, "/v/kept") == "(none)");

    shop.request.classic = true;
    const auto classic = shop.build(dockerfile);
    CHECK(shop.file(classic, "/v/new") == "(none)");
    CHECK(shop.file(classic, "/v/kept") == "old\n");
    CHECK(shop.file(classic, "/w/x") == "x\n");

    using Kind = BuildEvent::Kind;
    std::vector<std::string> told;
    for (const auto& event : shop.events) {
        if (event.kind == Kind::instruction) {
            told.push_back(std::to_string(event.step) + "/" + event.text + " " + event.name.substr(0, 6));
        }
    }
    CHECK(told == std::vector<std::string>{"1/4 FROM b", "2/4 RUN mk", "3/4 VOLUME", "4/4 RUN ec"});
    CHECK(std::ranges::count(shop.events, Kind::became, &BuildEvent::kind) == 4);
}

TEST_CASE("a link in the way of a discarded volume leads nowhere", "[build][classic]") {
    Workshop shop;
    const auto precious = shop.root.dir() / "precious/v";
    std::filesystem::create_directories(precious);
    write_file(precious / "file", "x");
    shop.request.classic = true;
    shop.build("FROM busybox\nVOLUME /l/v\nRUN ln -s " + precious.parent_path().string() + " /l\n");
    CHECK(std::filesystem::exists(precious / "file"));
}

TEST_CASE("a platform decides what FROM means, and TARGETARCH with it", "[build][platform]") {
    Workshop shop;
    shop.request.platform = "linux/arm64";
    const auto id = shop.build("FROM scratch\nARG TARGETARCH\nLABEL arch=$TARGETARCH\n");
    CHECK(shop.image(id).architecture == "arm64");
    CHECK(shop.image(id).config.labels.at("arch") == "arm64");
    CHECK_THROWS_WITH(shop.build("FROM busybox\n"), Catch::Contains("not for linux/arm64"));
}

TEST_CASE("RUN --security=insecure has to be allowed", "[build][run]") {
    Workshop shop;
    const std::string dockerfile = "FROM busybox\nRUN --security=insecure mount -t tmpfs none /tmp\n";
    CHECK_THROWS_WITH(shop.build(dockerfile), Catch::Contains("was not allowed"));
    shop.request.entitlements = {"security.insecure"};
    shop.build(dockerfile);
}

TEST_CASE("RUN has the memory it was given", "[build][run]") {
    Workshop shop;
    shop.request.resources.memory = 64 << 20;
    shop.build(
        "FROM busybox\nRUN cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || "
        "true\n");
    CHECK(shop.output().find("67108864") != std::string::npos);
}

TEST_CASE("change lines are applied to a config without making layers", "[build][change]") {
    Workshop shop;
    image::ImageConfig config;
    config.env = {"A=1"};
    config.history = {{"", "before", "", "", true}};
    const auto changed = apply_changes(shop.paths, config,
                                       {"ENV B=$A-2", "CMD [\"sh\", \"-c\", \"true\"]", "WORKDIR /not/there",
                                        "EXPOSE 80", "LABEL x=y", "USER nobody", "VOLUME /data", "ENTRYPOINT top"});
    CHECK(changed.env == std::vector<std::string>{"A=1", "B=1-2"});
    CHECK(changed.working_dir == "/not/there");
    CHECK(changed.exposed_ports.contains("80/tcp"));
    CHECK(changed.labels.at("x") == "y");
    CHECK(changed.user == "nobody");
    CHECK(changed.volumes.contains("/data"));
    CHECK(changed.entrypoint == std::vector<std::string>{"/bin/sh", "-c", "top"});
    CHECK(changed.history.size() == 1);
    CHECK(changed.diff_ids.empty());
    CHECK_THROWS_WITH(apply_changes(shop.paths, config, {"RUN true"}),
                      Catch::Contains("--change cannot be 'RUN true'"));
    CHECK_THROWS_AS(apply_changes(shop.paths, config, {"FROM busybox"}), Error);
    CHECK_THROWS_AS(apply_changes(shop.paths, config, {"EXPOSE x"}), Error);
}
