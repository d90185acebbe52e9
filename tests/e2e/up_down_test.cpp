#include <catch2/catch.hpp>

#include "harness/eventually.hpp"
#include "harness/leftovers.hpp"
#include "harness/sandbox.hpp"

using namespace stack::testing;

namespace {

/// Two services: one that serves a page and one that asks for it by name and logs what it got.
std::string web_and_client(std::uint16_t port) {
    return R"(version: '3'
services:
  web:
    image: busybox
    command: ["sh", "-c", "echo served > /tmp/index.html; trap 'exit 0' TERM; httpd -f -p 80 -h /tmp & wait"]
    ports: ["127.0.0.1:)" +
           std::to_string(port) + R"(:80"]
  client:
    image: busybox
    depends_on: [web]
    command: ["sh", "-c", "trap 'exit 0' TERM; wget -qO- http://web/; echo asked >&2; sleep 3600 & wait"]
)";
}

bool says(const Result& result, const std::string& text) {
    return result.all().find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("up -d brings services up in order, names work, ps and logs show them", "[up]") {
    const Sandbox box{"blog"};
    box.need_busybox();
    const std::uint16_t port = Sandbox::free_port();
    box.write("compose.yaml", web_and_client(port));

    const Result up = box.stack({"up", "-d"});
    INFO(up.all());
    REQUIRE(up.exit_code == 0);
    // What is odd about the file is told once, not by every command that looks at it.
    CHECK(says(up, "'version' is obsolete"));
    CHECK_FALSE(says(box.stack({"ps"}), "obsolete"));
    CHECK(says(up, "Container blog-web-1  Started"));
    CHECK(says(up, "Network blog_default  Created"));

    CHECK(eventually([&] { return http_get(port, "/index.html") == "served\n"; }));
    const Result ps = box.stack({"ps"});
    INFO(ps.all());
    CHECK(says(ps, "NAME"));
    CHECK(says(ps, "blog-web-1"));
    CHECK(says(ps, "127.0.0.1:" + std::to_string(port) + "->80/tcp"));
    CHECK(says(ps, "Up "));
    CHECK(box.stack({"ps", "--services"}).out == "client\nweb\n");

    CHECK(eventually([&] { return says(box.stack({"logs", "client"}), "asked"); }));
    CHECK(box.stack({"logs", "--no-color", "--tail", "1", "client"}).out == "client-1  | asked\n");
    CHECK(box.stack({"logs", "--no-log-prefix", "client"}).out == "served\nasked\n");

    const Result exec = box.stack({"exec", "web", "sh", "-c", "cat /tmp/index.html; exit 7"});
    CHECK(exec.out == "served\n");
    CHECK(exec.exit_code == 7);

    const Result again = box.stack({"up", "-d"});
    INFO(again.all());
    CHECK(again.exit_code == 0);
    CHECK(says(again, "Container blog-web-1  Running"));

    const Result down = box.stack({"down", "-v"});
    INFO(down.all());
    CHECK(down.exit_code == 0);
    CHECK(settled_leftovers(box.paths()).empty());
    CHECK(box.stack({"down"}).exit_code == 0);
}

TEST_CASE("up of one service leaves the containers of the others alone, and calls them no orphans", "[up]") {
    const Sandbox box{"several"};
    box.need_busybox();
    const std::string service = ": {image: busybox, network_mode: none, stop_grace_period: 0s, command: sleep 3600}\n";
    box.write("compose.yaml", "services:\n  one" + service + "  two" + service);
    REQUIRE(box.stack({"up", "-d"}).exit_code == 0);
    const Result up = box.stack({"up", "-d", "--remove-orphans", "one"});
    INFO(up.all());
    CHECK(up.exit_code == 0);
    CHECK_FALSE(says(up, "orphan"));
    CHECK(box.stack({"ps", "--services"}).out == "one\ntwo\n");
    CHECK(box.stack({"down"}).exit_code == 0);
    CHECK(settled_leftovers(box.paths()).empty());
}

TEST_CASE("stop, start and restart keep the containers", "[lifecycle]") {
    const Sandbox box{"life"};
    box.need_busybox();
    box.write("compose.yaml", R"(services:
  one:
    image: busybox
    command: ["sh", "-c", "trap 'echo bye; exit 3' TERM; echo hello; sleep 3600 & wait"]
)");
    REQUIRE(box.stack({"up", "-d"}).exit_code == 0);
    const std::string id = box.stack({"ps", "-q"}).out;
    REQUIRE(id.size() == 65);
    REQUIRE(eventually([&] { return says(box.stack({"logs"}), "hello"); }));

    CHECK(box.stack({"stop"}).exit_code == 0);
    CHECK(box.stack({"ps", "-q"}).out.empty());
    CHECK(says(box.stack({"ps", "-a"}), "Exited (3)"));
    CHECK(says(box.stack({"logs"}), "bye"));

    CHECK(box.stack({"start"}).exit_code == 0);
    CHECK(box.stack({"ps", "-q"}).out == id);
    CHECK(box.stack({"restart", "-t", "5"}).exit_code == 0);
    CHECK(box.stack({"ps", "-q"}).out == id);

    CHECK(box.stack({"kill"}).exit_code == 0);
    CHECK(eventually([&] { return says(box.stack({"ps", "-a"}), "Exited (137)"); }));
    CHECK(box.stack({"rm", "-f"}).exit_code == 0);
    CHECK(box.stack({"ps", "-aq"}).out.empty());
}

TEST_CASE("a terminal sees coloured prefixes", "[logs]") {
    const Sandbox box{"colours"};
    box.need_busybox();
    box.write("compose.yaml", R"(services:
  one:
    image: busybox
    command: ["echo", "hello"]
)");
    REQUIRE(box.stack({"up", "-d"}).exit_code == 0);
    REQUIRE(eventually([&] { return says(box.stack({"logs"}), "hello"); }));
    Process logs = box.start_tty({"logs", "--tail", "5", "one"});
    CHECK(logs.wait().out == "\x1b[36mone-1  |\x1b[0m hello\r\n");
}

TEST_CASE("a compose file may come from standard input", "[projects]") {
    const Sandbox box{"piped"};
    box.need_busybox();
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"up", "-d"}, {"create"}, {"run", "--rm", "-T", "web", "true"}}) {
        Command command = box.command("stack", {"-f", "-"});
        command.argv.insert(command.argv.end(), words.begin(), words.end());
        command.input = "services:\n  web:\n    image: busybox\n    command: sleep 1000\n    init: true\n";
        const Result result = run(command);
        INFO(result.all());
        CHECK(result.exit_code == 0);
    }
    CHECK(says(box.stack({"-p", "piped", "ps"}), "piped-web-1"));
    CHECK(box.stack({"-p", "piped", "down"}).exit_code == 0);
}

TEST_CASE("two projects side by side know nothing of each other", "[projects]") {
    const Sandbox box{"left"};
    box.need_busybox();
    const std::string file = R"(services:
  web:
    image: busybox
    command: ["sh", "-c", "trap 'exit 0' TERM; echo I am $$PROJECT; sleep 3600 & wait"]
    environment: {PROJECT: "${COMPOSE_PROJECT_NAME}"}
)";
    box.write("compose.yaml", file);
    box.write("../right/compose.yaml", file);
    const auto right = [&](std::vector<std::string> args) {
        args.insert(args.begin(), {"-f", (box.dir() / "right" / "compose.yaml").string()});
        return box.stack(args);
    };
    REQUIRE(box.stack({"up", "-d"}).exit_code == 0);
    REQUIRE(right({"up", "-d"}).exit_code == 0);
    CHECK(eventually([&] { return says(box.stack({"logs"}), "I am left"); }));
    CHECK(eventually([&] { return says(right({"logs"}), "I am right"); }));
    CHECK(says(box.stack({"ls"}), "left"));
    CHECK(says(box.stack({"ls"}), "right"));
    CHECK(box.stack({"down"}).exit_code == 0);
    CHECK(says(right({"ps"}), "right-web-1"));
    CHECK(right({"down"}).exit_code == 0);
}

TEST_CASE("two up of one project at the same moment: the second waits and says so", "[projects]") {
    const Sandbox box{"twice"};
    box.need_busybox();
    box.write("compose.yaml", R"(services:
  first:
    image: busybox
    command: ["sh", "-c", "trap 'exit 0' TERM; sleep 3600 & wait"]
    healthcheck: {test: ["CMD", "test", "-e", "/tmp/go"], interval: 200ms, retries: 1000, start_period: 100s}
  second:
    image: busybox
    command: ["sh", "-c", "trap 'exit 0' TERM; sleep 3600 & wait"]
    depends_on: {first: {condition: service_healthy}}
)");
    Process one = box.start({"up", "-d"});
    REQUIRE(one.wait_for("twice-first-1  Started"));
    Process two = box.start({"up", "-d"});
    REQUIRE(two.wait_for("Waiting"));
    REQUIRE(box.stack({"exec", "first", "touch", "/tmp/go"}).exit_code == 0);
    const Result first = one.wait();
    INFO(first.all());
    CHECK(first.exit_code == 0);
    const Result second = two.wait();
    INFO(second.all());
    CHECK(second.exit_code == 0);
    CHECK(box.stack({"ps", "--services"}).out == "first\nsecond\n");
}
