#include "harness/registry.hpp"

#include <cstdlib>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "harness/image_fixture.hpp"
#include "harness/scripted_server.hpp"
#include "image/bootstrap.hpp"
#include "image/pull.hpp"
#include "image/registry/client.hpp"
#include "support/error.hpp"
#include "support/process.hpp"

using namespace stack;
using namespace stack::image;
using stack::testing::free_port;
using stack::testing::ImageRoot;
using stack::testing::Registry;

namespace {

/// A fresh folder for the registry's files and for Docker's config.json; environment of this process.
struct World {
    TempDir folder{"/var/tmp", "stack-registry-"};
    ImageRoot here, there;
    World() {
        ::setenv("DOCKER_CONFIG", (folder.path() / "docker").c_str(), 1);
        ::unsetenv("STACK_REGISTRIES");
    }
    std::string pushed(const std::string& address) {
        bootstrap_image(here.store, "busybox");
        const auto name = parse_reference(address + "/team/busybox:1");
        here.store.tag(here.store.get("busybox").id, name);
        return push_image(here.store, name).digest;
    }
};

}  // namespace

TEST_CASE("push, pull, push again: always the same digests", "[image][registry]") {
    World world;
    const Registry registry{world.folder.path()};
    const std::string digest = world.pushed(registry.address());
    const auto name = parse_reference(registry.address() + "/team/busybox:1");

    const PullResult pulled = pull_image(world.there.store, name);
    CHECK(pulled.digest == digest);
    CHECK(pulled.changed);
    const Image image = world.there.store.get(name.familiar());
    CHECK(image.id == world.here.store.get("busybox").id);
    CHECK(image.repo_digests == std::vector{registry.address() + "/team/busybox@" + digest});
    CHECK(std::filesystem::exists(world.there.store.layer_dirs(image)[0] / "bin/sh"));
    CHECK(std::filesystem::is_empty(world.there.paths.temporary()));
    CHECK_FALSE(pull_image(world.there.store, name).changed);
    CHECK(world.there.store.get(registry.address() + "/team/busybox@" + digest).id == image.id);

    const auto other = parse_reference(registry.address() + "/other:2");
    world.there.store.tag(image.id, other);
    std::vector<std::string> said;
    CHECK(push_image(world.there.store, other, [&](const Progress& event) { said.push_back(event.text); }).digest ==
          digest);
    CHECK(std::find(said.begin(), said.end(), "Mounted from another repository") != said.end());
}

TEST_CASE("skopeo reads what we pushed, and we pull what skopeo pushed", "[image][registry][skopeo]") {
    World world;
    const Registry registry{world.folder.path()};
    const std::string digest = world.pushed(registry.address());
    const std::string from = "docker://" + registry.address() + "/team/busybox:1";
    const auto inspected = run_process(
        {.argv = {"skopeo", "inspect", "--tls-verify=false", "-f", "{{.Digest}}", from}, .capture_output = true});
    CHECK(inspected.output == digest + "\n");
    for (const std::string format : {"v2s2", "oci"}) {
        const std::string to = registry.address() + "/skopeo:" + format;
        const auto copied = run_process({.argv = {"skopeo", "--insecure-policy", "copy", "-q", "--src-tls-verify=false",
                                                  "--dest-tls-verify=false", "-f", format, "--dest-compress-format",
                                                  format == "oci" ? "zstd" : "gzip", from, "docker://" + to},
                                         .capture_output = true});
        INFO(copied.last_errors);
        REQUIRE(copied.exit_code == 0);
        ImageRoot root;
        pull_image(root.store, parse_reference(to));
        CHECK(root.store.get(to).chain_ids == world.here.store.get("busybox").chain_ids);
    }
}

TEST_CASE("an image whose layers were here in another form goes out with the digest that it came with",
          "[image][registry][skopeo]") {
    World world;
    const Registry registry{world.folder.path()};
    world.pushed(registry.address());
    const std::string from = registry.address() + "/skopeo:1";
    const auto copied = run_process({.argv = {"skopeo", "--insecure-policy", "copy", "-q", "--src-tls-verify=false",
                                              "--dest-tls-verify=false", "-f", "oci", "--dest-compress-format", "zstd",
                                              "docker://" + registry.address() + "/team/busybox:1", "docker://" + from},
                                     .capture_output = true});
    INFO(copied.last_errors);
    REQUIRE(copied.exit_code == 0);

    bootstrap_image(world.there.store, "busybox");  // the layer is here, but never was compressed
    const auto pulled = pull_image(world.there.store, parse_reference(from));
    const auto id = world.there.store.get(from).id;
    TempDir second{"/var/tmp", "stack-registry-"};
    const Registry elsewhere{second.path()};
    for (const auto& address : {registry.address(), elsewhere.address()}) {
        const auto name = parse_reference(address + "/back:1");
        world.there.store.tag(id, name);
        CHECK(push_image(world.there.store, name).digest == pulled.digest);
    }
    CHECK(std::filesystem::is_empty(world.there.paths.temporary()));
}

TEST_CASE("a registry with passwords wants the right one", "[image][registry]") {
    World world;
    const auto password = run_process({.argv = {"htpasswd", "-Bbn", "ann", "secret"}, .capture_output = true});
    REQUIRE(password.exit_code == 0);
    write_file(world.folder.path() / "htpasswd", password.output);
    const Registry registry{
        world.folder.path(),
        fmt::format("auth:\n  htpasswd:\n    realm: test\n    path: {}/htpasswd\n", world.folder.path().string())};
    CHECK_THROWS_WITH(world.pushed(registry.address()), Catch::Contains("refuses access"));

    const auto store = registry::CredentialStore::from_environment();
    store.save(registry.address(), {"ann", "wrong", ""});
    CHECK_THROWS_WITH(registry::make_client(registry.address()).check_access(),
                      Catch::Contains("refuses this user name and password"));
    store.save(registry.address(), {"ann", "secret", ""});
    registry::make_client(registry.address()).check_access();
    const std::string digest = world.pushed(registry.address());
    const auto name = parse_reference(registry.address() + "/team/busybox:1");
    CHECK(pull_image(world.there.store, name).digest == digest);
    CHECK(store.remove(registry.address()));
    CHECK_FALSE(store.remove(registry.address()));
}

TEST_CASE("a registry with a certificate of its own authority is trusted when told so", "[image][registry]") {
    World world;
    const auto cert = (world.folder.path() / "cert.pem").string();
    const auto key = (world.folder.path() / "key.pem").string();
    const auto made =
        run_process({.argv = {"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                              "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert},
                     .capture_output = true});
    REQUIRE(made.exit_code == 0);
    const Registry registry{world.folder.path(), fmt::format("  tls:\n    certificate: {}\n    key: {}\n", cert, key)};
    const auto settings = world.folder.path() / "registries.json";
    write_file(settings, fmt::format(R"({{"registries": {{"{}": {{"ca": "{}"}}}}}})", registry.address(), cert));
    ::setenv("STACK_REGISTRIES", settings.c_str(), 1);
    const std::string digest = world.pushed(registry.address());
    CHECK(pull_image(world.there.store, parse_reference(registry.address() + "/team/busybox:1")).digest == digest);

    // Another authority: not trusted, and no way around it by plain HTTP.
    const auto wrong = (world.folder.path() / "wrong.pem").string();
    run_process({.argv = {"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                          "/CN=other", "-keyout", (world.folder.path() / "k2").string(), "-out", wrong},
                 .capture_output = true});
    write_file(settings, fmt::format(R"({{"registries": {{"{}": {{"ca": "{}"}}}}}})", registry.address(), wrong));
    ImageRoot root;
    CHECK_THROWS_AS(pull_image(root.store, parse_reference(registry.address() + "/team/busybox:1")), Error);
    CHECK(root.store.list().empty());
}

TEST_CASE("a mirror is asked first, and the registry if the mirror does not have it", "[image][registry]") {
    World world;
    const Registry registry{world.folder.path()};
    world.pushed(registry.address());
    const int nobody = free_port();
    const auto settings = world.folder.path() / "registries.json";
    write_file(
        settings,
        fmt::format(R"({{"registries": {{"unreachable.test": {{"mirrors": ["http://127.0.0.1:{}", "http://{}"]}}}}}})",
                    nobody, registry.address()));
    ::setenv("STACK_REGISTRIES", settings.c_str(), 1);
    pull_image(world.there.store, parse_reference("unreachable.test/team/busybox:1"));
    CHECK(world.there.store.find("unreachable.test/team/busybox:1"));
}

TEST_CASE("what a registry does not have is said so", "[image][registry]") {
    World world;
    const Registry registry{world.folder.path()};
    CHECK_THROWS_WITH(pull_image(world.there.store, parse_reference(registry.address() + "/no/such:tag")),
                      Catch::Contains("has no image 'no/such:tag'"));
    CHECK_THROWS_WITH(push_image(world.there.store, parse_reference(registry.address() + "/no/such:tag")),
                      Catch::Contains("no such image"));
}
