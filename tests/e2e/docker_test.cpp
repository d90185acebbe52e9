#include <catch2/catch.hpp>

#include "harness/eventually.hpp"
#include "harness/sandbox.hpp"

using namespace stack::testing;

TEST_CASE("docker run runs a command, shows its output and ends with its code", "[docker]") {
    const Sandbox box{"run"};
    box.need_busybox();
    const Result run = box.docker({"run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; exit 5"});
    INFO(run.all());
    CHECK(run.exit_code == 5);
    CHECK(run.out == "out\n");
    CHECK(run.err == "err\n");
    CHECK(box.docker({"ps", "-aq"}).out.empty());
}

TEST_CASE("a container that is removed at its end can be restarted before", "[docker]") {
    const Sandbox box{"again"};
    box.need_busybox();
    REQUIRE(box.docker({"run", "-d", "--rm", "--init", "--name", "again", "busybox", "sleep", "1000"}).exit_code == 0);
    REQUIRE(box.docker({"exec", "again", "touch", "/kept"}).exit_code == 0);
    CHECK(box.docker({"restart", "again"}).all() == "again\n");
    CHECK(box.docker({"exec", "again", "ls", "/kept"}).out == "/kept\n");
    CHECK(box.docker({"rm", "-f", "again"}).exit_code == 0);
}

TEST_CASE("docker run hands standard input on until its end", "[docker]") {
    const Sandbox box{"run"};
    box.need_busybox();
    Command cat = box.command("docker", {"run", "--rm", "-i", "busybox", "cat"});
    cat.input = "one\ntwo\n";
    const Result result = run(cat);
    INFO(result.all());
    CHECK(result.out == "one\ntwo\n");
    CHECK(result.exit_code == 0);
}

TEST_CASE("docker run shows what the program says while it runs, also a line without its end", "[docker]") {
    const Sandbox box{"run"};
    box.need_busybox();
    Command wish =
        box.command("docker", {"run", "--rm", "-i", "busybox", "sh", "-c", "printf 'name? '; read x; exit 3"});
    wish.keep_stdin = true;
    Process asking{wish};
    REQUIRE(asking.wait_for("name? "));
    asking.write("boris\n");
    CHECK(asking.wait().exit_code == 3);
}

TEST_CASE("annotations of a container are told by inspect", "[docker]") {
    const Sandbox box{"docker"};
    box.need_busybox();
    REQUIRE(box.docker({"create", "--name", "noted", "--annotation", "org.example.team=blue", "busybox", "true"})
                .exit_code == 0);
    CHECK(box.docker({"inspect", "-f", "{{json .HostConfig.Annotations}}", "noted"}).out ==
          "{\"org.example.team\":\"blue\"}\n");
}

TEST_CASE("docker run -d, ps, exec, logs, inspect, stop, start, rm", "[docker]") {
    const Sandbox box{"run"};
    box.need_busybox();
    const Result started = box.docker(
        {"run", "-d", "--name", "boris", "busybox", "sh", "-c", "trap 'exit 0' TERM; echo ready; sleep 3600 & wait"});
    INFO(started.all());
    REQUIRE(started.exit_code == 0);
    REQUIRE(started.out.size() == 65);
    const std::string id = started.out.substr(0, 64);

    CHECK(box.docker({"ps", "-q"}).out == id.substr(0, 12) + "\n");
    CHECK(box.docker({"ps", "--format", "{{.Names}} {{.State}}"}).out == "boris running\n");
    CHECK(eventually([&] { return box.docker({"logs", "boris"}).out == "ready\n"; }));
    CHECK(box.docker({"exec", "boris", "hostname"}).out == id.substr(0, 12) + "\n");
    CHECK(box.docker({"exec", "boris", "nothing-here"}).exit_code == 127);
    CHECK(box.docker({"inspect", "-f", "{{.Name}} {{.State.Running}}", "boris"}).out == "/boris true\n");

    const Result taken = box.docker({"run", "--name", "boris", "busybox", "true"});
    CHECK(taken.exit_code == 125);
    CHECK(taken.err.find("boris") != std::string::npos);

    CHECK(box.docker({"rm", "boris"}).exit_code == 1);
    CHECK(box.docker({"stop", "boris"}).out == "boris\n");
    CHECK(box.docker({"ps", "-q"}).out.empty());
    CHECK(box.docker({"start", "boris"}).out == "boris\n");
    CHECK(box.docker({"rm", "-f", "boris"}).out == "boris\n");
    CHECK(box.docker({"ps", "-aq"}).out.empty());
}

TEST_CASE("docker's exit codes: 125 the engine, 126 not executable, 127 not found", "[docker]") {
    const Sandbox box{"run"};
    box.need_busybox();
    CHECK(box.docker({"run", "--rm", "no-such-image", "true"}).exit_code == 125);
    CHECK(box.docker({"run", "--rm", "busybox", "/etc"}).exit_code == 126);
    CHECK(box.docker({"run", "--rm", "busybox", "/no/such/thing"}).exit_code == 127);
    CHECK(box.docker({"run", "--rm", "-d", "busybox", "/no/such/thing"}).exit_code == 127);
    CHECK(eventually([&] { return box.docker({"ps", "-aq"}).out.empty(); }));
    CHECK(box.docker({"create", "--name", "bad", "busybox", "/no/such/thing"}).exit_code == 0);
    CHECK(box.docker({"start", "-a", "bad"}).exit_code == 1);
    CHECK(box.docker({"run", "--no-such-flag", "busybox"}).exit_code == 125);
}

TEST_CASE("run -it has a terminal, exec -it another, Ctrl-P Ctrl-Q leaves", "[docker][tty]") {
    const Sandbox box{"run"};
    box.need_busybox();
    Command wish = box.command("docker", {"run", "-it", "--name", "shell", "busybox", "sh"});
    wish.tty = true;
    Process shell{wish};
    REQUIRE(shell.wait_for("# "));
    shell.write("test -t 0 && echo a-$((40 + 2))-terminal\n");
    REQUIRE(shell.wait_for("a-42-terminal"));
    shell.write("\x10\x11");
    CHECK(shell.wait().exit_code == 0);
    CHECK(box.docker({"ps", "--format", "{{.Names}}"}).out == "shell\n");

    Command exec = box.command("docker", {"exec", "-it", "shell", "sh"});
    exec.tty = true;
    Process second{exec};
    REQUIRE(second.wait_for("# "));
    second.write("exit 6\n");
    CHECK(second.wait().exit_code == 6);
    CHECK(box.docker({"rm", "-f", "shell"}).exit_code == 0);
}
