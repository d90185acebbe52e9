#include <cstdlib>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "harness/eventually.hpp"
#include "harness/sandbox.hpp"
#include "support/text.hpp"

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

TEST_CASE("names that cannot be names, and containers that are not there", "[docker]") {
    const Sandbox box{"docker"};
    box.need_busybox();
    for (const char* name : {"bad name", "-bad", "a/b", "\xc3\xa9", "bad\nname"}) {
        INFO(name);
        const auto refused = box.docker({"create", "--name", name, "busybox"});
        CHECK(refused.exit_code == 1);
        CHECK(refused.err.find("cannot be the name of a container") != std::string::npos);
    }
    REQUIRE(box.docker({"create", "--name", "good", "busybox"}).exit_code == 0);
    CHECK(box.docker({"rename", "good", ""}).exit_code == 1);
    CHECK(box.docker({"rename", "good", "not good"}).exit_code == 1);
    CHECK(box.docker({"create", "--name", "good", "busybox"}).exit_code == 1);
    CHECK(box.docker({"run", "--name", "good", "busybox"}).exit_code == 125);
    CHECK(box.docker({"rm", "nobody"}).exit_code == 1);
    const auto forced = box.docker({"rm", "-f", "nobody", "good"});
    CHECK(forced.exit_code == 0);
    CHECK(forced.out == "good\n");
    CHECK(forced.err.find("no such container: nobody") != std::string::npos);
}

TEST_CASE("docker info counts containers and names the host", "[docker]") {
    const Sandbox box{"docker"};
    box.need_busybox();
    REQUIRE(box.docker({"create", "busybox"}).exit_code == 0);
    CHECK(
        box.docker({"info", "-f", "{{.Containers}} {{.ContainersStopped}} {{.Images}} {{.Driver}} {{.OSType}}"}).out ==
        "1 1 1 overlay2 linux\n");
    const auto shown = box.docker({"info"});
    CHECK(shown.exit_code == 0);
    CHECK(shown.out.find("\n Containers: 1\n") != std::string::npos);
    const auto whole = nlohmann::json::parse(box.docker({"system", "info", "--format", "json"}).out);
    CHECK(whole.at("NCPU").get<int>() > 0);
}

TEST_CASE("a created container is started with what is written to it, a paused one is not", "[docker]") {
    const Sandbox box{"docker"};
    box.need_busybox();
    REQUIRE(box.docker({"create", "-i", "--name", "cat", "--network", "none", "busybox", "cat"}).exit_code == 0);
    for (const char* text : {"once\n", "and again\n"}) {
        Command wish = box.command("docker", {"start", "-a", "-i", "cat"});
        wish.input = text;
        const auto fed = run(wish);
        CHECK(fed.exit_code == 0);
        CHECK(fed.out == text);
    }
    REQUIRE(box.docker({"run", "-d", "--name", "still", "--network", "none", "busybox", "sleep", "1000"}).exit_code ==
            0);
    REQUIRE(box.docker({"pause", "still"}).exit_code == 0);
    const auto refused = box.docker({"start", "still"});
    CHECK(refused.exit_code == 1);
    CHECK(refused.out.empty());
    CHECK(box.docker({"rename", "still", "still"}).exit_code == 1);
    CHECK(box.docker({"unpause", "still"}).exit_code == 0);
    CHECK(box.docker({"exec", "-w", "/nowhere", "still", "pwd"}).exit_code == 126);
    CHECK(box.docker({"exec", "-u", "nobody-knows", "still", "id"}).exit_code == 126);
}

TEST_CASE("exit codes of wrong command lines are those of the docker CLI", "[docker]") {
    const Sandbox box{"docker"};
    CHECK(box.docker({"run"}).exit_code == 1);
    CHECK(box.docker({"wait"}).exit_code == 1);
    CHECK(box.docker({"run", "--pull", "sometimes", "busybox"}).exit_code == 125);
    CHECK(box.docker({"create", "--pull", "sometimes", "busybox"}).exit_code == 1);
    CHECK(box.docker({"ps", "--no-such-flag"}).exit_code == 125);
    CHECK(box.docker({"ps", "--filter", "no-such=thing"}).exit_code == 1);
    CHECK(box.docker({"update", "nobody"}).exit_code == 1);
}

TEST_CASE("what a container was asked to be is told by inspect in Docker's fields", "[docker]") {
    const Sandbox box{"docker"};
    box.need_busybox();
    const auto created = box.docker({"create",
                                     "--name",
                                     "asked",
                                     "--network",
                                     "none",
                                     "--memory",
                                     "64m",
                                     "--cpus",
                                     "1.5",
                                     "--pids-limit",
                                     "50",
                                     "--blkio-weight",
                                     "300",
                                     "--device",
                                     "/dev/null:/dev/nothing:rw",
                                     "--device-cgroup-rule",
                                     "c 1:3 rwm",
                                     "--ulimit",
                                     "nofile=100:200",
                                     "--cgroup-parent",
                                     "some-parent",
                                     "--tmpfs",
                                     "/t:size=1m",
                                     "-v",
                                     "/tmp:/a:ro",
                                     "-v",
                                     "/anonymous",
                                     "--expose",
                                     "90/udp",
                                     "--stop-timeout",
                                     "5",
                                     "--memory-swappiness",
                                     "7",
                                     "busybox"});
    REQUIRE(created.exit_code == 0);
    const auto it = nlohmann::json::parse(box.docker({"inspect", "asked"}).out).at(0);
    const auto& host = it.at("HostConfig");
    CHECK(host.at("Memory") == 64 << 20);
    CHECK(host.at("MemorySwap") == 128 << 20);
    CHECK(host.at("MemorySwappiness") == 7);
    CHECK(host.at("NanoCpus") == 1'500'000'000);
    CHECK(host.at("PidsLimit") == 50);
    CHECK(host.at("BlkioWeight") == 300);
    CHECK(host.at("Devices").dump() ==
          R"([{"CgroupPermissions":"rw","PathInContainer":"/dev/nothing","PathOnHost":"/dev/null"}])");
    CHECK(host.at("DeviceCgroupRules").dump() == R"(["c 1:3 rwm"])");
    CHECK(host.at("Ulimits").dump() == R"([{"Hard":200,"Name":"nofile","Soft":100}])");
    CHECK(host.at("CgroupParent") == "some-parent");
    CHECK(host.at("Binds").dump() == R"(["/tmp:/a:ro"])");
    CHECK(host.at("Tmpfs").contains("/t"));
    CHECK(host.at("ReadonlyPaths").dump().find("\"/proc/sys\"") != std::string::npos);
    CHECK(host.at("MaskedPaths").dump().find("\"/proc/kcore\"") != std::string::npos);
    for (const char* name : {"BlkioWeightDevice", "BlkioDeviceReadBps", "Links", "DeviceRequests", "CapAdd"}) {
        INFO(name);
        CHECK(host.at(name).empty());
    }
    const auto& config = it.at("Config");
    CHECK(config.at("ExposedPorts").dump() == R"({"90/udp":{}})");
    CHECK(config.at("Volumes").dump() == R"({"/anonymous":{}})");
    CHECK(config.at("StopTimeout") == 5);
    CHECK(it.at("NetworkSettings").at("Networks").contains("none"));
    CHECK(it.at("GraphDriver").at("Data").at("UpperDir").get<std::string>().find(it.at("Id").get<std::string>()) !=
          std::string::npos);
}

TEST_CASE("the healthcheck of a container is told by inspect, over the image's", "[docker]") {
    const Sandbox box{"health"};
    box.need_busybox();
    const auto told = [&](const std::string& name) {
        return box.docker({"inspect", "-f", "{{json .Config.Healthcheck}}", name}).out;
    };
    REQUIRE(box.docker({"create", "--name", "own", "--health-cmd", "true", "--health-interval", "2s",
                        "--health-retries", "7", "busybox"})
                .exit_code == 0);
    CHECK(told("own") == "{\"Interval\":2000000000,\"Retries\":7,\"Test\":[\"CMD-SHELL\",\"true\"]}\n");
    REQUIRE(box.docker({"create", "--name", "none", "--no-healthcheck", "busybox"}).exit_code == 0);
    CHECK(told("none") == "{\"Test\":[\"NONE\"]}\n");
    REQUIRE(box.docker({"create", "--name", "silent", "busybox"}).exit_code == 0);
    CHECK(told("silent") == "null\n");
}

TEST_CASE("logs --details begins lines with what the logging options name", "[docker]") {
    const Sandbox box{"details"};
    box.need_busybox();
    REQUIRE(box.docker({"run", "--name", "told", "--label", "tier=front", "--label", "other=1", "-e", "STAGE=test",
                        "--log-opt", "labels=tier", "--log-opt", "env=STAGE", "busybox", "echo", "hello"})
                .exit_code == 0);
    CHECK(box.docker({"logs", "--details", "told"}).out == "STAGE=test,tier=front hello\n");
    CHECK(box.docker({"logs", "told"}).out == "hello\n");
    REQUIRE(box.docker({"run", "--name", "plain", "busybox", "echo", "hello"}).exit_code == 0);
    CHECK(box.docker({"logs", "--details", "plain"}).out == " hello\n");
}

TEST_CASE("ps and inspect tell what a container has written, inspect finds networks and volumes", "[docker]") {
    const Sandbox box{"size"};
    box.need_busybox();
    const auto made =
        box.docker({"run", "--name", "writer", "busybox", "dd", "if=/dev/zero", "of=/f", "bs=1000", "count=2000"});
    INFO(made.all());
    REQUIRE(made.exit_code == 0);
    CHECK(box.docker({"ps", "-as"}).out.find("2MB (virtual ") != std::string::npos);
    CHECK(box.docker({"ps", "-a", "--format", "{{.Size}}"}).out.starts_with("2MB (virtual "));
    CHECK(box.docker({"inspect", "-s", "-f", "{{.SizeRw}}", "writer"}).out == "2000000\n");
    CHECK(box.docker({"inspect", "writer"}).out.find("SizeRw") == std::string::npos);

    CHECK(box.docker({"volume", "create", "some"}).exit_code == 0);
    CHECK(box.docker({"network", "create", "some"}).exit_code == 0);
    CHECK(box.docker({"inspect", "-f", "{{.Name}} {{.Scope}} {{len .Containers}}", "some"}).out == "some local 0\n");
    CHECK(box.docker({"inspect", "--type", "volume", "-f", "{{.Driver}}", "some"}).out == "local\n");
    const auto other = box.docker({"inspect", "--type", "image", "writer"});
    CHECK(other.exit_code == 1);
    CHECK(other.err.find("no such image: writer") != std::string::npos);
    CHECK(box.docker({"inspect", "--type", "plugin", "some"}).err.find("one of container, image, network, volume") !=
          std::string::npos);
    box.docker({"rm", "writer"});
    box.docker({"network", "rm", "some"});
    box.docker({"volume", "rm", "some"});
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

TEST_CASE("devices of a CDI file are given by --gpus, --device and a Compose file", "[docker][cdi]") {
    const Sandbox box{"cdi"};
    box.need_busybox();
    box.write("cdi/vendor.yaml",
              "cdiVersion: \"0.6.0\"\n"
              "kind: vendor.com/gpu\n"
              "containerEdits: {env: [VENDOR=yes]}\n"
              "devices:\n"
              "  - name: all\n"
              "    containerEdits:\n"
              "      deviceNodes: [{path: /dev/gpu0, hostPath: /dev/full, permissions: rw, fileMode: 0640, gid: 44}]\n"
              "      mounts: [{hostPath: /etc/hostname, containerPath: /vendor/file, options: [ro, bind]}]\n"
              "      additionalGids: [44]\n");
    const std::string look =
        "echo $VENDOR; stat -c %a:%g:%t:%T /dev/gpu0; echo x > /dev/gpu0 || echo full; "
        "echo x > /vendor/file || echo read-only; id -G | grep -ow 44";
    const std::string seen = "yes\n640:44:1:7\nfull\nread-only\n44\n";
    const auto with_files = [&](const std::string& program, const std::vector<std::string>& args) {
        Command command = box.command(program, args);
        command.env["STACK_CDI_DIRS"] = box.project_dir() / "cdi";
        return run(command);
    };
    for (const auto& flag : {std::vector<std::string>{"--gpus", "all"}, {"--device", "vendor.com/gpu=all"}}) {
        const Result result =
            with_files("docker", {"run", "--rm", flag[0], flag[1], "--network", "none", "busybox", "sh", "-c", look});
        INFO(result.all());
        CHECK(result.out == seen);
    }
    box.write("compose.yaml",
              "services:\n"
              "  one: {image: busybox, network_mode: none, gpus: all, command: [cat, /proc/mounts]}\n"
              "  two:\n"
              "    image: busybox\n"
              "    network_mode: none\n"
              "    command: [cat, /proc/mounts]\n"
              "    deploy: {resources: {reservations: {devices: [{capabilities: [gpu], count: all}]}}}\n"
              "  three: {image: busybox, network_mode: none, devices: [vendor.com/gpu=nope], command: 'true'}\n");
    REQUIRE(with_files("stack", {"up", "-d", "one", "two"}).exit_code == 0);
    for (const char* service : {"one", "two"}) {
        INFO(service);
        CHECK(eventually([&] {
            return box.stack({"logs", "--no-log-prefix", service}).out.find(" /vendor/file ") != std::string::npos;
        }));
    }
    const Result refused = with_files("stack", {"up", "-d", "three"});
    INFO(refused.all());
    CHECK(refused.exit_code == 1);
    CHECK(refused.err.find("this host has no CDI device 'vendor.com/gpu=nope'") != std::string::npos);
    CHECK(refused.err.find("have vendor.com/gpu=all") != std::string::npos);
}

// Hidden: a file system with project quotas is needed (tests/vm).
TEST_CASE("a container's size is limited over restarts until it is removed", "[.quota]") {
    const char* file_systems = std::getenv("STACK_TEST_QUOTAS");
    REQUIRE(file_systems != nullptr);
    const std::string first{stack::split(file_systems, ':').front()};
    ::setenv("STACK_TEST_DIR", first.c_str(), 1);
    const Sandbox box{"size"};
    ::unsetenv("STACK_TEST_DIR");
    box.need_busybox();
    REQUIRE(box.docker({"create", "--name", "one", "--storage-opt", "size=8m", "busybox", "sleep", "1000"}).exit_code ==
            0);
    box.write("three", std::string(3 << 20, 'x'));
    CHECK(box.docker({"cp", "three", "one:/three"}).exit_code == 0);  // counts, though it was never started
    REQUIRE(box.docker({"start", "one"}).exit_code == 0);
    const std::vector<std::string> write{"exec", "one", "dd", "if=/dev/zero", "of=/more", "bs=1M", "count=7"};
    CHECK_THAT(box.docker(write).err, Catch::Contains("No space left on device"));
    REQUIRE(box.docker({"restart", "-t", "0", "one"}).exit_code == 0);
    CHECK_THAT(box.docker(write).err, Catch::Contains("No space left on device"));
    CHECK(box.docker({"inspect", "-f", "{{.HostConfig.StorageOpt.size}}", "one"}).out == "8m\n");
    CHECK_THAT(box.docker({"exec", "one", "df", "-k", "/"}).out, Catch::Contains(" 8192 "));
    box.write("compose.yaml",
              "services:\n  web:\n    image: busybox\n    command: dd if=/dev/zero of=/x bs=1M count=9\n"
              "    storage_opt: {size: 8m}\n");
    CHECK_THAT(box.stack({"up"}).out, Catch::Contains("No space left on device"));
    CHECK(box.docker({"rm", "-f", "one"}).exit_code == 0);
}

TEST_CASE("docker run limits block devices and refuses what it cannot do", "[docker]") {
    const Sandbox box{"limits"};
    box.need_busybox();
    const auto refused = [&](const std::vector<std::string>& flags) {
        std::vector<std::string> args{"run", "--rm"};
        args.insert(args.end(), flags.begin(), flags.end());
        args.insert(args.end(), {"busybox", "true"});
        const Result result = box.docker(args);
        CHECK(result.exit_code == 125);
        return result.err;
    };
    CHECK_THAT(refused({"--device-read-bps", "/dev/null:1mb"}), Catch::Contains("'/dev/null' is not a block device"));
    CHECK_THAT(refused({"--device-write-iops", "/dev/null"}), Catch::Contains("expected /dev/sda:100"));
    CHECK_THAT(refused({"--gpus", "many"}), Catch::Contains("'many' is neither a number nor all"));
    CHECK_THAT(refused({"--volume-driver", "nfs"}), Catch::Contains("no volume driver 'nfs'"));
    CHECK_THAT(refused({"--kernel-memory", "1g"}), Catch::Contains("--kernel-memory has no effect"));
    CHECK_THAT(refused({"--storage-opt", "size=1g"}), Catch::Contains("storage_opt 'size' is not possible here"));
    CHECK_THAT(refused({"--storage-opt", "size=0"}), Catch::Contains("storage_opt 'size': '0' is no size"));
    CHECK_THAT(refused({"--storage-opt", "inodes=5"}), Catch::Contains("storage_opt 'inodes' is not known"));
    CHECK_THAT(refused({"--userns", "keep-id"}), Catch::Contains("userns_mode 'keep-id'"));
    CHECK(box.docker({"run", "--rm", "--userns", "host", "--disable-content-trust", "busybox", "true"}).exit_code == 0);
}

TEST_CASE("docker run refuses names, devices, checks and variables that cannot be meant", "[docker]") {
    const Sandbox box{"refuse"};
    box.need_busybox();
    const auto refused = [&](std::vector<std::string> flags) {
        std::vector<std::string> words{"create", "--network", "none"};
        words.insert(words.end(), flags.begin(), flags.end());
        words.insert(words.end(), {"busybox", "true"});
        const Result result = box.docker(words);
        INFO(result.all());
        CHECK(result.exit_code != 0);
        return result.err;
    };
    CHECK(refused({"--name", "a/b"}).find("cannot be the name of a container") != std::string::npos);
    CHECK(refused({"--name", "../b"}).find("cannot be the name of a container") != std::string::npos);
    CHECK(refused({"--name=-x"}).find("cannot be the name of a container") != std::string::npos);
    CHECK(refused({"--device", "/dev/null:/dev/x:q"}).find("invalid device") != std::string::npos);
    CHECK(refused({"--no-healthcheck", "--health-cmd", "true"}).find("conflicting options") != std::string::npos);
    CHECK(refused({"-e", "=x"}).find("a variable needs a name") != std::string::npos);
    REQUIRE(box.docker({"create", "--name", "good", "--network", "none", "busybox", "true"}).exit_code == 0);
    CHECK(box.docker({"rename", "good", "no good"}).err.find("cannot be the name of a container") != std::string::npos);
    CHECK(box.docker({"ps", "-a", "--format", "{{.Names}}"}).out == "good\n");
    CHECK(box.docker({"rm", "good"}).exit_code == 0);
}

TEST_CASE("docker version answers templates", "[docker]") {
    const Sandbox box{"version"};
    const std::string number = box.docker({"version", "--format", "{{.Server.Version}}"}).out;
    CHECK(number == box.docker({"version", "-f", "{{.Client.Version}}"}).out);
    const auto told = nlohmann::json::parse(box.docker({"version", "--format", "json"}).out);
    CHECK(told["Server"]["Version"].get<std::string>() + "\n" == number);
    CHECK(told["Client"]["Os"] == "linux");
    CHECK(told["Server"]["Arch"].is_string());
}

TEST_CASE("docker system df counts and docker system prune removes what nothing uses", "[docker][prune]") {
    const Sandbox box{"sysprune"};
    box.need_busybox();
    REQUIRE(box.docker({"run", "-d", "--init", "--network", "none", "--name", "lives", "-v", "/anonymous", "-v",
                        "named:/n", "busybox", "sleep", "1000"})
                .exit_code == 0);
    REQUIRE(box.docker({"run", "--network", "none", "--name", "dead", "-v", "/gone", "busybox", "sh", "-c",
                        "echo content > /file"})
                .exit_code == 0);
    REQUIRE(box.docker({"volume", "create", "alone"}).exit_code == 0);
    const std::string line = "{{.Type}} {{.TotalCount}} {{.Active}}";
    CHECK(box.docker({"system", "df", "--format", line}).out ==
          "Images 1 1\nContainers 2 1\nLocal Volumes 4 3\nBuild Cache 0 0\n");
    CHECK(box.docker({"system", "df"}).out.starts_with("TYPE "));
    CHECK(box.docker({"system", "df", "-v"}).out.find("alone") != std::string::npos);

    Command asks = box.command("docker", {"system", "prune", "--volumes"});
    asks.input = "n\n";
    CHECK(run(asks).out.find("  - all stopped containers\n") != std::string::npos);
    CHECK(box.docker({"system", "prune", "-f", "--filter", "x=1"}).err.find("invalid filter 'x=1'") !=
          std::string::npos);
    CHECK(box.docker({"system", "prune", "-f", "--volumes", "--filter", "until=1h"}).exit_code != 0);
    box.docker({"system", "prune", "-f", "--filter", "until=1h"});
    CHECK(box.docker({"system", "df", "--format", line}).out.find("Containers 2 1\n") != std::string::npos);

    const Result pruned = box.docker({"system", "prune", "-af", "--volumes"});
    INFO(pruned.all());
    CHECK(pruned.exit_code == 0);
    CHECK(pruned.out.find("Deleted Containers:\n") != std::string::npos);
    CHECK(pruned.out.find("Total reclaimed space: ") != std::string::npos);
    CHECK(box.docker({"system", "df", "--format", line}).out ==
          "Images 1 1\nContainers 1 1\nLocal Volumes 3 2\nBuild Cache 0 0\n");  // a named volume is never pruned
    CHECK(box.docker({"rm", "-fv", "lives"}).exit_code == 0);
    CHECK(box.docker({"volume", "rm", "alone", "named"}).exit_code == 0);
}
