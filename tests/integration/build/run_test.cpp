#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/leftovers.hpp"
#include "support/error.hpp"
#include "workshop.hpp"

using namespace stack;
using testing::Workshop;

TEST_CASE("a RUN's files become a layer, and its output is told", "[build][run]") {
    Workshop shop;
    const auto id = shop.build("FROM busybox\nRUN echo hello; echo content > /made; rm /bin/yes\n");
    CHECK(shop.output() == "hello\n");
    CHECK(shop.file(id, "/made") == "content\n");
    CHECK(shop.describe(id, "/bin/yes") == "(none)");
    CHECK(shop.image(id).chain_ids.size() == 2);
}

TEST_CASE("a RUN leaves no mount points of ours in the image", "[build][run]") {
    Workshop shop;
    const auto id = shop.build("FROM busybox\nRUN cat /etc/hosts /etc/resolv.conf > /seen\n");
    CHECK(shop.file(id, "/seen").find("localhost") != std::string::npos);
    for (const auto* path : {"/etc/hosts", "/etc/resolv.conf", "/etc/hostname", "/sys", "/dev/shm"}) {
        CAPTURE(path);
        CHECK(shop.describe(id, path) == Workshop{}.describe("busybox", path));
    }
}

TEST_CASE("the same build again comes from the cache and gives the same image", "[build][run][cache]") {
    Workshop shop;
    const std::string dockerfile = "FROM busybox\nENV A=1\nRUN echo $A > /a\nCMD [\"cat\", \"/a\"]\n";
    const auto first = shop.build(dockerfile);
    CHECK(shop.was_run("RUN echo"));
    const auto second = shop.build(dockerfile);
    CHECK(shop.was_cached("RUN echo"));
    CHECK(first == second);
    CHECK(shop.image(second).config.cmd == std::vector<std::string>{"cat", "/a"});
}

TEST_CASE("another value of a variable runs the step anew", "[build][run][cache]") {
    Workshop shop;
    const std::string dockerfile = "FROM busybox\nARG WHO=world\nRUN echo hello $WHO > /greeting\n";
    CHECK(shop.file(shop.build(dockerfile), "/greeting") == "hello world\n");
    shop.request.args["WHO"] = "you";
    CHECK(shop.file(shop.build(dockerfile), "/greeting") == "hello you\n");
    CHECK(shop.was_run("RUN"));
}

TEST_CASE("a failing RUN tells step, place, neighbours, last output and exit code", "[build][run]") {
    Workshop shop;
    try {
        shop.build("FROM busybox\n\nRUN echo before; \\\n  echo oh no >&2; exit 7\nCMD x\n");
        FAIL("no error");
    } catch (const build::StepFailed& failed) {
        CHECK(failed.exit_code == 7);
        CHECK(failed.step == "[2/2] RUN echo before;   echo oh no >&2; exit 7");
        REQUIRE(failed.pos());
        CHECK(failed.pos()->line == 3);
        CHECK(failed.last_output == std::vector<std::string>{"before", "oh no"});
        CHECK(failed.excerpt == std::vector<std::string>{"   1 |     FROM busybox", "   2 |     ",
                                                         "   3 | >>> RUN echo before; \\",
                                                         "   4 | >>>   echo oh no >&2; exit 7", "   5 |     CMD x"});
    }
}

TEST_CASE("a command that is not there is 127", "[build][run]") {
    Workshop shop;
    try {
        shop.build("FROM busybox\nRUN [\"/no/such\"]\n");
        FAIL("no error");
    } catch (const build::StepFailed& failed) {
        CHECK(failed.exit_code == 127);
    }
}

TEST_CASE("USER, WORKDIR, SHELL and ENV hold for later RUNs", "[build][run]") {
    Workshop shop;
    const auto id = shop.build(
        "FROM busybox\n"
        "RUN echo 'app:x:1234:1234::/home/app:/bin/sh' >> /etc/passwd && mkdir -p /srv && chmod 777 /srv\n"
        "WORKDIR /srv\n"
        "USER app\n"
        "ENV GREETING=\"hello there\"\n"
        "SHELL [\"/bin/sh\", \"-ec\"]\n"
        "RUN pwd > out; id -u >> out; echo $GREETING >> out; echo $0 >> out\n");
    CHECK(shop.file(id, "/srv/out") == "/srv\n1234\nhello there\n/bin/sh\n");
    CHECK(shop.describe(id, "/srv/out") == "0644 1234:1234 file");
}

TEST_CASE("stages: only what the target needs is built, and files come over", "[build][stages]") {
    Workshop shop;
    const auto id = shop.build(
        "FROM busybox AS one\nRUN echo one > /one\n"
        "FROM busybox AS unused\nRUN exit 1\n"
        "FROM busybox AS two\nRUN mkdir /d && echo two > /d/two && chown 5:6 /d/two\n"
        "FROM busybox\nCOPY --from=one /one /got/\nCOPY --from=2 /d /got\nRUN cat /got/one /got/two > /both\n");
    CHECK(shop.file(id, "/both") == "one\ntwo\n");
    CHECK(shop.describe(id, "/got/two") == "0644 5:6 file");
    CHECK_FALSE(shop.was_run("unused"));
    shop.request.target = "one";
    const auto one = shop.build("FROM busybox AS one\nRUN echo 1 > /one\nFROM one\nRUN exit 1\n");
    CHECK(shop.file(one, "/one") == "1\n");
}

TEST_CASE("here-documents are scripts, programs with #! and input", "[build][run][heredoc]") {
    Workshop shop;
    const auto id = shop.build(
        "FROM busybox\n"
        "RUN <<EOF\necho script > /a\necho more >> /a\nEOF\n"
        "RUN cat <<one <<-two > /b\nignored\none\n\ttabs\n\ttwo\n"
        "RUN <<EOF\n#!/bin/busybox ash\necho $0 > /c\nEOF\n");
    CHECK(shop.file(id, "/a") == "script\nmore\n");
    CHECK(shop.file(id, "/b") == "tabs\n");
    CHECK(shop.file(id, "/c") == "/dev/pipes/EOF\n");
    CHECK(shop.describe(id, "/dev/pipes") == "(none)");
}

TEST_CASE("RUN --mount: cache lives on, secret leaves nothing, bind is read-only, tmpfs is gone",
          "[build][run][mount]") {
    Workshop shop;
    shop.write("input", "from context");
    shop.request.secrets["token"] = {"s3cret"};
    const auto id = shop.build(
        "FROM busybox\n"
        "RUN --mount=type=cache,target=/cache echo kept > /cache/file\n"
        "RUN --mount=type=cache,target=/cache cat /cache/file > /from-cache\n"
        "RUN --mount=type=secret,id=token cat /run/secrets/token | wc -c > /size\n"
        "RUN --mount=type=bind,source=input,target=/in cat /in > /copied; if echo x > /in; then exit 1; fi\n"
        "RUN --mount=type=tmpfs,target=/scratch echo x > /scratch/file\n");
    CHECK(shop.file(id, "/from-cache") == "kept\n");
    CHECK(shop.file(id, "/size") == "6\n");
    CHECK(shop.describe(id, "/run/secrets/token") == "(none)");
    CHECK(shop.file(id, "/copied") == "from context");
    CHECK(shop.describe(id, "/scratch/file") == "(none)");
    CHECK(shop.describe(id, "/cache/file") == "(none)");
}

TEST_CASE("a RUN gets a secret as variable and the sockets of agents, and the image keeps none of it",
          "[build][run][mount]") {
    Workshop shop;
    const auto socket = shop.root.dir() / "agent";
    const UniqueFd listener{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket.string().copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    shop.request.ssh = {{"default", socket}, {"second", socket}};
    shop.request.secrets["token"] = {"s3cret"};
    const std::string_view text =
        "FROM busybox\n"
        "RUN --mount=type=secret,id=token,env=TOKEN [ ${#TOKEN} = 6 ] && ! [ -e /run/secrets/token ]\n"
        "RUN --mount=type=ssh --mount=type=ssh,id=second echo $SSH_AUTH_SOCK > /first; ls /run/buildkit >> /first; "
        "[ -S $SSH_AUTH_SOCK ]\n"
        "RUN --mount=type=ssh,target=/agent echo $SSH_AUTH_SOCK > /second\n";
    const auto id = shop.build(text);
    CHECK(shop.file(id, "/first") == "/run/buildkit/ssh_agent.0\nssh_agent.0\nssh_agent.1\n");
    CHECK(shop.file(id, "/second") == "/agent\n");
    for (const auto& step : shop.image(id).config.history) {
        CHECK(step.created_by.find("s3cret") == std::string::npos);
        CHECK(step.created_by.find("SSH_AUTH_SOCK=") == std::string::npos);
    }
    shop.request.secrets["token"] = {"another"};
    shop.build(text);
    CHECK_FALSE(shop.was_run("TOKEN"));

    // The socket is the agent's own: nobody else's owner or mode can be had, and that is said.
    REQUIRE(::chmod(socket.c_str(), 0600) == 0);
    for (const char* wish : {"uid=1000", "mode=0666"}) {
        CHECK_THROWS_WITH(shop.build(fmt::format("FROM busybox\nRUN --mount=type=ssh,{} true\n", wish)),
                          Catch::Contains("mode 0600") && Catch::Contains("cannot give it another owner or mode"));
    }
    REQUIRE(::chmod(socket.c_str(), 0666) == 0);
    CHECK_NOTHROW(shop.build("FROM busybox\nRUN --mount=type=ssh,uid=1000,mode=0666 [ -S $SSH_AUTH_SOCK ]\n"));
}

TEST_CASE("a context bound by RUN does not show what is ignored", "[build][run][mount]") {
    Workshop shop;
    shop.write("app/main", "m");
    shop.write("app/.env", "secret");
    shop.write("app/deep/kept", "k");
    shop.write("app/deep/gone", "g");
    shop.write("key", "secret");
    shop.write("out/a", "a");
    shop.request.ignore_text = "key\n**/.env\nout\napp/deep\n!app/deep/kept\n";
    const auto id = shop.build(
        "FROM busybox\n"
        "RUN --mount=target=/in cd /in && find . -type f | sort > /whole; ls -d /in/out >> /whole; true\n"
        "RUN --mount=source=app,target=/in cd /in && find . | sort > /part && cat deep/kept >> /part\n"
        "RUN --mount=source=app,target=/in stat -c %a /in > /mode; if echo x > /in/new; then exit 1; fi\n"
        "RUN --mount=source=app,target=/in,rw find /in -type f | sort > /written && echo x > /in/new\n");
    CHECK(shop.file(id, "/whole") == "./app/deep/kept\n./app/main\n");
    CHECK(shop.file(id, "/part") == ".\n./deep\n./deep/kept\n./main\nk");
    CHECK(shop.file(id, "/mode") == "755\n");
    CHECK(shop.file(id, "/written") == "/in/deep/kept\n/in/main\n");
    shop.write("app/deep/gone", "changed");
    shop.build(
        "FROM busybox\nRUN --mount=target=/in cd /in && find . -type f | sort > /whole; ls -d /in/out >> /whole; "
        "true\n");
    CHECK_FALSE(shop.was_run("find . -type f"));
}

TEST_CASE("a required secret that was not given is an error with its mend", "[build][run][mount]") {
    Workshop shop;
    try {
        shop.build("FROM busybox\nRUN --mount=type=secret,id=key,required=true true\n");
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(std::string{error.what()} == "secret 'key' was not given");
        CHECK(error.hint() == "pass --secret id=key,src=FILE");
        CHECK(error.pos()->line == 2);
    }
}

TEST_CASE("ONBUILD waits for the next build", "[build][onbuild]") {
    Workshop shop;
    shop.request.tags = {"base"};
    shop.build("FROM busybox\nONBUILD RUN echo triggered > /t\n");
    shop.request.tags = {};
    const auto id = shop.build("FROM base\n");
    CHECK(shop.file(id, "/t") == "triggered\n");
    CHECK(shop.image(id).config.on_build.empty());
}

TEST_CASE("a Dockerfile gets the host's network only where that was allowed", "[build][run][network]") {
    Workshop shop;
    const std::string_view text = "FROM busybox\nRUN --network=host ip -o link | wc -l > /links\n";
    CHECK_THROWS_WITH(shop.build(text), "RUN --network=host was not allowed for this build");
    shop.request.entitlements = {"network.host"};
    CHECK_NOTHROW(shop.build(text));
    shop.request.entitlements.clear();
    shop.request.network = "host";
    CHECK_NOTHROW(shop.build(text));
}

TEST_CASE("a RUN reaches out only where its network lets it", "[build][run][network]") {
    Workshop shop;
    const auto id =
        shop.build("FROM busybox\nRUN ip -o link | wc -l > /default\nRUN --network=none ip -o link | wc -l > /none\n");
    CHECK(shop.file(id, "/default") == "2\n");
    CHECK(shop.file(id, "/none") == "1\n");
}

TEST_CASE("what a killed build left is cleaned up by the next one", "[build][run][crash]") {
    Workshop shop;
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        shop.request.dockerfile = "FROM busybox\nRUN echo started; exec sleep 100000\n";
        build::build_image(shop.paths, shop.request, [&](const build::BuildEvent& event) {
            if (event.kind == build::BuildEvent::Kind::output) {
                (void)!::write(ready[1], "x", 1);
            }
        });
        ::_exit(1);
    }
    char byte = 0;
    REQUIRE(::read(ready[0], &byte, 1) == 1);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(ready[0]);
    ::close(ready[1]);
    CHECK_FALSE(testing::leftovers(shop.paths).empty());  // the orphan sleeps on
    CHECK(shop.file(shop.build("FROM busybox\nRUN echo works > /out\n"), "/out") == "works\n");
    CHECK(std::filesystem::is_empty(shop.paths.temporary()));
    CHECK(testing::settled_leftovers(shop.paths).empty());
}
