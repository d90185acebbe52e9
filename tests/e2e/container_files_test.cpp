#include <csignal>

#include <catch2/catch.hpp>

#include "harness/eventually.hpp"
#include "harness/sandbox.hpp"
#include "support/files.hpp"

using namespace stack;
using namespace stack::testing;

TEST_CASE("docker cp follows Docker's rules for where things end up, both ways", "[docker][cp]") {
    const Sandbox box{"cp"};
    box.need_busybox();
    REQUIRE(box.docker({"run", "-d", "--name", "c", "-v", "data:/data", "busybox", "sleep", "1000"}).exit_code == 0);
    box.write("one.txt", "one\n");
    std::filesystem::create_directories(box.project_dir() / "tree/sub");
    box.write("tree/sub/deep.txt", "deep\n");
    const auto read = [&](const std::string& path) { return box.docker({"exec", "c", "cat", path}).out; };
    const auto cp = [&](const std::string& from, const std::string& to) {
        const Result result = box.docker({"cp", from, to});
        INFO(result.all());
        CHECK(result.exit_code == 0);
    };
    cp("one.txt", "c:/tmp");
    CHECK(read("/tmp/one.txt") == "one\n");
    cp("one.txt", "c:/tmp/two.txt");
    CHECK(read("/tmp/two.txt") == "one\n");
    cp("tree", "c:/tmp");
    CHECK(read("/tmp/tree/sub/deep.txt") == "deep\n");
    cp("tree", "c:/tmp/fresh");
    CHECK(read("/tmp/fresh/sub/deep.txt") == "deep\n");
    cp("tree/.", "c:/data");
    CHECK(read("/data/sub/deep.txt") == "deep\n");
    cp("c:/tmp/tree", "back");
    CHECK(read_file(box.project_dir() / "back/sub/deep.txt") == "deep\n");
    cp("c:/tmp/two.txt", "renamed");
    CHECK(read_file(box.project_dir() / "renamed") == "one\n");
    CHECK(box.docker({"cp", "c:/tmp/tree", "one.txt"}).exit_code == 1);
    CHECK(box.docker({"cp", "c:/none", "."}).exit_code == 1);
    CHECK(box.docker({"cp", "one.txt", "c:/no/such/folder/x"}).exit_code == 1);
    // Through a tar, and into a stopped container, whose volume is there all the same.
    const Result tar = box.docker({"cp", "c:/tmp/one.txt", "-"});
    REQUIRE(tar.exit_code == 0);
    REQUIRE(box.docker({"kill", "c"}).exit_code == 0);
    CHECK(box.docker({"wait", "c"}).out == "137\n");
    Command in = box.command("docker", {"cp", "-", "c:/data"});
    in.input = tar.out;
    const Result unpacked = run(in);
    INFO(unpacked.all());
    CHECK(unpacked.exit_code == 0);
    cp("one.txt", "c:/etc/late.txt");
    REQUIRE(box.docker({"start", "c"}).exit_code == 0);
    CHECK(read("/data/one.txt") == "one\n");
    CHECK(read("/etc/late.txt") == "one\n");
}

TEST_CASE("docker diff, commit and export tell of a container's own layer", "[docker][commit]") {
    const Sandbox box{"commit"};
    box.need_busybox();
    REQUIRE(box.docker({"run", "--name", "c", "-e", "A=1", "busybox", "sh", "-c",
                        "echo new > /new.txt; mkdir /dir; ln -s ../new.txt /dir/link; rm /bin/vi"})
                .exit_code == 0);
    const Result diff = box.docker({"diff", "c"});
    INFO(diff.all());
    CHECK(diff.out == "C /bin\nD /bin/vi\nA /dir\nA /dir/link\nA /new.txt\n");
    const Result commit =
        box.docker({"commit", "-a", "me", "-m", "why", "-c", "CMD [\"cat\", \"/dir/link\"]", "c", "mine:1"});
    INFO(commit.all());
    REQUIRE(commit.exit_code == 0);
    CHECK(box.docker({"run", "--rm", "mine:1"}).out == "new\n");
    CHECK(box.docker({"run", "--rm", "mine:1", "sh", "-c", "echo $A; test -e /bin/vi || echo gone"}).out ==
          "1\ngone\n");
    const auto refused = box.docker({"commit", "-c", "RUN true", "c"});
    CHECK(refused.exit_code == 1);
    CHECK(refused.err.find("--change cannot be 'RUN true'") != std::string::npos);
    const Result exported = box.docker({"export", "-o", "all.tar", "c"});
    INFO(exported.all());
    CHECK(exported.exit_code == 0);
    Command list;
    list.argv = {"tar", "-tf", box.project_dir() / "all.tar"};
    const std::string names = run(list).out;
    CHECK(names.find("\nnew.txt\n") != std::string::npos);
    CHECK(names.starts_with("bin/\n"));
    CHECK(names.find("bin/vi\n") == std::string::npos);
}

TEST_CASE("docker top, stats and update look at a running container and change it", "[docker][stats]") {
    const Sandbox box{"stats"};
    box.need_busybox();
    REQUIRE(box.docker({"run", "-d", "--name", "c", "-m", "64m", "busybox", "sleep", "1234"}).exit_code == 0);
    CHECK(box.docker({"top", "c"}).out.find("sleep 1234") != std::string::npos);
    CHECK(box.docker({"top", "c", "-o", "pid,comm"}).out.starts_with("PID"));
    CHECK(box.docker({"top", "c", "-o", "nonsense"}).exit_code != 0);
    const std::string format = "{{.Name}} {{.PIDs}} {{.MemUsage}}";
    const Result stats = box.docker({"stats", "--no-stream", "--format", format, "c"});
    INFO(stats.all());
    CHECK(stats.out.starts_with("c 1 "));
    CHECK(stats.out.find("/ 64MiB") != std::string::npos);
    const Result update = box.docker({"update", "-m", "32m", "--memory-swap", "32m", "--restart", "always", "c"});
    INFO(update.all());
    CHECK(update.out == "c\n");
    CHECK(box.docker({"stats", "--no-stream", "--format", format, "c"}).out.find("/ 32MiB") != std::string::npos);
    CHECK(box.docker({"inspect", "-f", "{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.Memory}}", "c"}).out ==
          "always 33554432\n");
    CHECK(box.docker({"update", "c"}).exit_code != 0);
}

TEST_CASE("docker events tells what happened, and what happens", "[docker][events]") {
    const Sandbox box{"events"};
    box.need_busybox();
    Process live{
        box.command("docker", {"events", "--filter", "event=die", "--format", "{{.Actor.Attributes.exitCode}}"})};
    REQUIRE(box.docker({"run", "--rm", "--name", "first", "busybox", "sh", "-c", "exit 3"}).exit_code == 3);
    // It may have begun to watch after that; then the second one is its first.
    REQUIRE(eventually([&] {
        box.docker({"run", "--rm", "busybox", "sh", "-c", "exit 4"});
        return live.output().find("4\n") != std::string::npos || live.wait_for("4\n", std::chrono::seconds{1});
    }));
    const Result past = box.docker(
        {"events", "--since", "10m", "--until", "0s", "--filter", "container=first", "--format", "{{.Action}}"});
    INFO(past.all());
    CHECK(past.out == "create\nstart\ndie\ndestroy\n");
    constexpr int ctrl_c = SIGINT;
    live.signal(ctrl_c);
    CHECK(live.wait().exit_code == 130);
}

TEST_CASE("docker container prune removes what does not run, and says how much", "[docker][prune]") {
    const Sandbox box{"prune"};
    box.need_busybox();
    REQUIRE(box.docker({"run", "-d", "--name", "up", "busybox", "sleep", "1000"}).exit_code == 0);
    REQUIRE(box.docker({"run", "--name", "old", "busybox", "true"}).exit_code == 0);
    const Result pruned = box.docker({"container", "prune", "-f"});
    INFO(pruned.all());
    CHECK(pruned.out.starts_with("Deleted Containers:\n"));
    CHECK(pruned.out.find("Total reclaimed space: ") != std::string::npos);
    CHECK(box.docker({"ps", "-a", "--format", "{{.Names}}"}).out == "up\n");
}

TEST_CASE("compose run makes a container of its own beside the service's", "[compose][run]") {
    const Sandbox box{"oneoff"};
    box.need_busybox();
    box.write("compose.yaml",
              "services:\n"
              "  db:\n"
              "    image: busybox\n"
              "    command: sleep 1000\n"
              "  web:\n"
              "    image: busybox\n"
              "    command: sleep 1000\n"
              "    environment: {A: '1'}\n"
              "    depends_on: [db]\n");
    const Result run = box.stack({"run", "--rm", "-T", "-e", "B=2", "web", "sh", "-c", "echo $A$B; exit 7"});
    INFO(run.all());
    CHECK(run.exit_code == 7);
    CHECK(run.out == "12\n");
    // What it depends on was started and stays; the service itself was not.
    CHECK(box.stack({"ps", "--format", "{{.Service}}"}).out == "db\n");
    CHECK(box.stack({"run", "--no-deps", "-d", "--name", "side", "web"}).exit_code == 0);
    CHECK(box.docker({"inspect", "-f", "{{index .Config.Labels \"com.docker.compose.oneoff\"}}", "side"}).out ==
          "True\n");
    CHECK(box.stack({"scale", "web=2"}).exit_code == 0);
    const Result top = box.stack({"top", "web"});
    INFO(top.all());
    CHECK(top.out.find("oneoff-web-2") != std::string::npos);
    box.write("x.txt", "x\n");
    CHECK(box.stack({"cp", "x.txt", "web:/tmp/x.txt"}).exit_code == 0);
    CHECK(box.stack({"exec", "-T", "web", "cat", "/tmp/x.txt"}).out == "x\n");
    const Result events = box.stack({"events", "--since", "10m", "--until", "0s", "--json", "db"});
    INFO(events.all());
    CHECK(events.out.find("\"action\":\"start\"") != std::string::npos);
    CHECK(box.stack({"stats", "--no-stream", "--format", "{{.Name}}", "db"}).out == "oneoff-db-1\n");
}
