// Images come from registries by themselves, when and only when they are wanted.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <future>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "harness/eventually.hpp"
#include "harness/registry.hpp"
#include "harness/sandbox.hpp"
#include "harness/scripted_server.hpp"
#include "support/digest.hpp"
#include "support/files.hpp"

using namespace stack::testing;

namespace {

bool says(const Result& result, const std::string& text) {
    return result.all().find(text) != std::string::npos;
}

size_t count(const std::string& text, const std::string& part) {
    size_t found = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++found;
    }
    return found;
}

/// Of a layer that never comes.
const std::string no_layer(64, '0');

std::string manifest_of(const std::string& config) {
    return fmt::format(
        R"({{"schemaVersion":2,"config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:{}",)"
        R"("size":{}}},"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:{}",)"
        R"("size":5}}]}})",
        stack::sha256_hex(config), config.size(), no_layer);
}

/// A sandbox whose images are in a registry and not here.
struct World {
    Sandbox box{"shop"};
    Registry registry{box.dir()};

    std::string name(const std::string& image) const { return registry.address() + "/" + image; }

    explicit World(const std::vector<std::string>& images) {
        box.need_busybox();
        for (const std::string& image : images) {
            push(image);
            REQUIRE(box.docker({"rmi", name(image)}).exit_code == 0);
        }
        REQUIRE(box.docker({"rmi", "busybox"}).exit_code == 0);
    }
    void push(const std::string& image) const {
        REQUIRE(box.docker({"tag", "busybox", name(image)}).exit_code == 0);
        const Result pushed = box.docker({"push", "-q", name(image)});
        INFO(pushed.all());
        REQUIRE(pushed.exit_code == 0);
    }
    /// How often the registry was asked for a layer or config.
    size_t blobs_fetched() const {
        const std::string log = registry.log();
        return count(log, "\"GET /v2/one/blobs/") + count(log, "\"GET /v2/two/blobs/");
    }
};

}  // namespace

TEST_CASE("docker run gets an image that is not here, once", "[pull][docker]") {
    const World world{{"one:1"}};
    const Result first = world.box.docker({"run", "--rm", world.name("one:1"), "echo", "hi"});
    INFO(first.all());
    CHECK(first.exit_code == 0);
    CHECK(first.out == "hi\n");  // what goes on beside it is told on standard error
    CHECK(says(first, "Unable to find image '" + world.name("one:1") + "' locally"));
    CHECK(says(first, "Status: Downloaded newer image for " + world.name("one:1")));

    const Result second = world.box.docker({"run", "--rm", world.name("one:1"), "true"});
    CHECK(second.exit_code == 0);
    CHECK(second.err.empty());
    const Result fresh = world.box.docker({"run", "--rm", "--pull", "always", world.name("one:1"), "true"});
    CHECK(says(fresh, "Status: Image is up to date"));
    const Result never = world.box.docker({"run", "--rm", "--pull", "never", world.name("two:1"), "true"});
    CHECK(never.exit_code == 125);
    CHECK(says(never, "no such image"));
    const Result quiet = world.box.docker({"create", "-q", world.name("nix:1")});
    CHECK(quiet.exit_code == 1);
    CHECK(says(quiet, "has no image 'nix:1'"));
}

TEST_CASE("docker pull -a gets all tags of a repository", "[pull][docker]") {
    const World world{{"one:1", "one:2", "two:1"}};
    const Result pulled = world.box.docker({"pull", "-a", world.name("one")});
    INFO(pulled.all());
    CHECK(pulled.exit_code == 0);
    CHECK(says(pulled, "1: Pulling from one"));
    CHECK(says(pulled, "2: Pulling from one"));
    CHECK(world.box.docker({"image", "inspect", world.name("one:1"), world.name("one:2")}).exit_code == 0);
    CHECK(world.box.docker({"image", "inspect", world.name("two:1")}).exit_code == 1);
    CHECK(says(world.box.docker({"pull", "-a", world.name("one:1")}), "cannot be used with --all-tags"));
    CHECK(says(world.box.docker({"pull", "-a", world.name("none")}), "has no repository 'none'"));
}

TEST_CASE("up gets what its services need, several at once, nothing twice", "[pull][up]") {
    const World world{{"one:1", "two:1"}};
    world.box.write("compose.yaml",
                    "services:\n"
                    "  a: {image: '" +
                        world.name("one:1") +
                        "', command: sleep 3600, init: true}\n"
                        "  b: {image: '" +
                        world.name("one:1") +
                        "', command: sleep 3600, init: true}\n"
                        "  c: {image: '" +
                        world.name("two:1") + "', command: sleep 3600, init: true}\n");
    const Result up = world.box.stack({"up", "-d"});
    INFO(up.all());
    REQUIRE(up.exit_code == 0);
    CHECK(count(up.err, "one:1  Pulling") == 1);
    CHECK(count(up.err, "  Pulled\n") + count(up.err, "  Up to date\n") == 2);
    CHECK(world.box.stack({"ps", "--services"}).out == "a\nb\nc\n");

    const size_t fetched = world.blobs_fetched();
    CHECK(fetched <= 3);  // a config each, and the one layer that both have
    CHECK_FALSE(says(world.box.stack({"up", "-d"}), "Pulling"));
    const Result always = world.box.stack({"up", "-d", "--pull", "always"});
    CHECK(says(always, "one:1  Up to date"));
    CHECK(world.blobs_fetched() == fetched);
    CHECK(says(world.box.stack({"up", "-d", "--pull", "sometimes"}), "invalid value 'sometimes' for --pull"));
}

TEST_CASE("each pull policy asks the registry when it says so", "[pull][up]") {
    const World world{{"one:1"}};
    const auto up = [&](const std::string& policy) {
        world.box.write("compose.yaml", "services:\n  a: {image: '" + world.name("one:1") +
                                            "', command: 'true', pull_policy: " + policy + "}\n");
        return world.box.stack({"create"});
    };
    const Result never = up("never");
    CHECK(never.exit_code == 1);
    CHECK(says(never, "no such image"));
    CHECK(says(never, "compose.yaml:2:"));
    CHECK(says(up("daily"), "one:1  Pulled"));
    CHECK_FALSE(says(up("daily"), "Pulling"));
    CHECK_FALSE(says(up("every_2w"), "Pulling"));
    CHECK_FALSE(says(up("missing"), "Pulling"));
    CHECK(says(up("every_0s"), "one:1  Up to date"));
    CHECK(says(up("always"), "one:1  Up to date"));
}

TEST_CASE("a service that cannot be pulled is built", "[pull][up][build]") {
    const World world{{"one:1"}};
    world.box.write("Dockerfile", "FROM " + world.name("one:1") + "\nCMD [\"true\"]\n");
    world.box.write("compose.yaml", "services:\n  a: {image: '" + world.name("mine:1") +
                                        "', build: .}\n"
                                        "  b: {build: .}\n");
    const Result up = world.box.stack({"up", "-d"});
    INFO(up.all());
    CHECK(up.exit_code == 0);
    CHECK(says(up, "mine:1  Error"));
    CHECK(says(up, "one:1  Pulled"));  // the base image of both, once
    CHECK(count(up.err, "one:1  Pulling") == 1);
    const Result no_build = world.box.stack({"-p", "other", "up", "-d", "--no-build", "b"});
    CHECK(no_build.exit_code == 1);
    CHECK(says(no_build, "leave out --no-build"));
}

TEST_CASE("pull and push move the images of services", "[pull]") {
    const World world{{"one:1"}};
    world.box.write("Dockerfile", "FROM " + world.name("one:1") + "\nLABEL mine=yes\n");
    world.box.write("compose.yaml", "services:\n  a: {image: '" + world.name("one:1") +
                                        "'}\n"
                                        "  b: {image: '" +
                                        world.name("mine:1") +
                                        "', build: .}\n"
                                        "  c: {build: .}\n"
                                        "  d: {image: '" +
                                        world.name("nix:1") + "'}\n");
    const Result pulled = world.box.stack({"pull", "a", "b", "c"});
    INFO(pulled.all());
    CHECK(pulled.exit_code == 0);
    CHECK(says(pulled, "one:1  Pulled"));
    CHECK(says(pulled, "have to be built from source: stack build b"));
    CHECK(says(pulled, "Service c  Skipped"));
    const Result missing = world.box.stack({"pull"});
    CHECK(missing.exit_code == 1);
    CHECK(says(missing, "has no image 'nix:1'"));
    CHECK(world.box.stack({"pull", "--ignore-pull-failures", "-q"}).exit_code == 0);
    CHECK_FALSE(says(world.box.stack({"pull", "--policy", "missing", "a"}), "Pulling"));

    const Result built = world.box.stack({"build", "--push", "b"});
    INFO(built.all());
    CHECK(built.exit_code == 0);
    CHECK(says(built, "mine:1  Pushed  sha256:"));
    CHECK(says(world.box.stack({"push", "b"}), "mine:1  Pushed  sha256:"));
    CHECK(world.box.stack({"push", "nobody"}).exit_code != 0);
    CHECK(says(world.box.stack({"pull", "b"}), "mine:1  Up to date"));
}

TEST_CASE("login keeps a password in Docker's file, with a warning, or with a credential helper", "[login][docker]") {
    const Sandbox box{"login"};
    const Result password = run({.argv = {"htpasswd", "-Bbn", "ann", "secret"}});
    REQUIRE(password.exit_code == 0);
    box.write("htpasswd", password.out);
    const Registry registry{box.dir(), fmt::format("auth:\n  htpasswd:\n    realm: test\n    path: {}/htpasswd\n",
                                                   box.project_dir().string())};
    const auto file = box.project_dir() / "config.json";
    const auto docker = [&](const std::vector<std::string>& words, const std::string& input = "") {
        Command command = box.command("docker", words);
        command.env["DOCKER_CONFIG"] = box.project_dir();
        command.env["PATH"] = box.project_dir().string() + ":" + std::getenv("PATH");
        command.input = input;
        return run(command);
    };
    const Result wrong = docker({"login", "-u", "ann", "-p", "wrong", registry.address()});
    CHECK(wrong.exit_code == 1);
    CHECK(says(wrong, "refuses this user name and password"));
    CHECK_FALSE(std::filesystem::exists(file));
    const Result plain = docker({"login", "-u", "ann", "-p", "secret", registry.address()});
    CHECK(plain.exit_code == 0);
    CHECK(plain.out == "Login Succeeded\n");
    CHECK(says(plain, "WARNING! Using --password via the CLI is insecure. Use --password-stdin."));
    CHECK(says(plain, "WARNING! Your password will be stored unencrypted in " + file.string()));
    const Result again = docker({"login", registry.address()});
    CHECK(again.all() == "Authenticating with existing credentials...\nLogin Succeeded\n");
    CHECK(docker({"logout", registry.address()}).exit_code == 0);
    CHECK(stack::read_file(file).find("ann") == std::string::npos);

    box.write("docker-credential-box",
              "#!/bin/sh\ncase $1 in\nstore) cat > kept ;;\nget) cat kept || exit 1 ;;\nerase) rm kept ;;\nesac\n");
    std::filesystem::permissions(box.project_dir() / "docker-credential-box", std::filesystem::perms{0755});
    for (const std::string& setting :
         {std::string{R"({"credsStore": "box"})"}, R"({"credHelpers": {")" + registry.address() + R"(": "box"}})"}) {
        box.write("config.json", setting);
        const Result kept = docker({"login", "-u", "ann", "--password-stdin", registry.address()}, "secret\n");
        CHECK(kept.all() == "Login Succeeded\n");
        CHECK(stack::read_file(box.project_dir() / "kept").find(R"("Secret":"secret")") != std::string::npos);
        CHECK(stack::read_file(file).find("auth\"") == std::string::npos);
        CHECK(says(docker({"pull", registry.address() + "/none:1"}), "has no image"));
        CHECK(docker({"logout", registry.address()}).exit_code == 0);
        CHECK_FALSE(std::filesystem::exists(box.project_dir() / "kept"));
        CHECK(says(docker({"pull", registry.address() + "/none:1"}), "log in first"));
    }
    box.write("config.json", R"({"credsStore": "nobody"})");
    const Result absent = docker({"pull", registry.address() + "/none:1"});
    CHECK(says(absent, "the program 'docker-credential-nobody' is not installed"));
    CHECK(says(absent, "config.json names it as a credential helper"));
}

TEST_CASE("search shows what a registry finds", "[search]") {
    const Sandbox box{"search"};
    const ScriptedServer server{[](const ScriptedServer::Request& request) {
        if (!request.path.starts_with("/v1/search?q=web%20server&n=")) {
            return http_answer(404, "");
        }
        return http_answer(200, R"({"results": [
            {"name": "httpd", "description": "The\u001b[31m server", "star_count": 40, "is_official": true},
            {"name": "someone/httpd", "description": "another", "star_count": 2}]})");
    }};
    const Result found = box.docker({"search", server.address() + "/web server"});
    INFO(found.all());
    REQUIRE(found.exit_code == 0);
    CHECK(says(found, "httpd"));
    CHECK(says(found, "[OK]"));
    CHECK(found.out.find('\x1b') == std::string::npos);
    const Result filtered = box.docker(
        {"search", "-f", "stars=10", "--format", "{{.Name}} {{.StarCount}}", server.address() + "/web server"});
    CHECK(filtered.out == "httpd 40\n");
    CHECK(says(box.docker({"search", server.address() + "/other"}), "cannot search (it answered 404)"));
    CHECK(box.docker({"search", "--limit", "0", "x"}).exit_code != 0);
}

TEST_CASE("what a killed pull left goes with the next load or build, and not while it lives", "[pull][crash]") {
    const Sandbox box{"killed"};
    box.need_busybox();
    REQUIRE(box.docker({"save", "-o", "busybox.tar", "busybox"}).exit_code == 0);
    const std::string config = R"({"os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:)" + no_layer + R"("]}})";
    std::promise<void> go_on;
    const auto may_go_on = go_on.get_future().share();
    const ScriptedServer server{[&](const ScriptedServer::Request& request) {
        if (request.path.find("/manifests/") != std::string::npos) {
            return http_answer(200, manifest_of(config), {"Content-Type: application/vnd.oci.image.manifest.v1+json"});
        }
        if (request.path.ends_with(stack::sha256_hex(config))) {
            return http_answer(200, config);
        }
        may_go_on.wait();
        return std::string{};
    }};
    const auto half_made = [&] {
        const std::filesystem::directory_iterator all{box.paths().temporary()};
        return std::count_if(begin(all), end(all), [](const auto& item) { return item.is_directory(); });
    };
    Process pull = box.start({"image", "pull", server.address() + "/slow:1"});
    CHECK(eventually([&] { return half_made() > 0; }));
    REQUIRE(box.docker({"load", "-i", "busybox.tar"}).exit_code == 0);
    CHECK(half_made() == 1);
    ::kill(pull.pid(), SIGKILL);
    pull.wait();
    go_on.set_value();
    CHECK(half_made() == 1);
    const Result loaded = box.docker({"load", "-i", "busybox.tar"});
    INFO(loaded.all());
    CHECK(loaded.exit_code == 0);
    CHECK(half_made() == 0);
}
