#include <filesystem>

#include <catch2/catch.hpp>

#include "image/registry/settings.hpp"
#include "support/error.hpp"
#include "support/files.hpp"

using namespace stack;
using stack::image::registry::Settings;

namespace {

struct Files {
    TempDir dir{std::filesystem::temp_directory_path(), "registry-settings-"};
    Files& write(const std::string& name, const std::string& text) {
        std::filesystem::create_directories((dir.path() / name).parent_path());
        write_file(dir.path() / name, text);
        return *this;
    }
    Settings settings() const { return Settings{dir.path() / "docker", {dir.path() / "registries.json"}}; }
};

}  // namespace

TEST_CASE("what Docker's daemon.json says of registries counts", "[image][registry]") {
    Files files;
    files.write(
        "docker/daemon.json",
        R"({"insecure-registries": ["old.example:5000", "10.0.0.0/8", "fd00::/8"], "registry-mirrors": ["https://m"]})");
    const auto settings = files.settings();
    CHECK(settings.of("old.example:5000").insecure);
    CHECK_FALSE(settings.of("old.example").insecure);
    CHECK(settings.of("10.200.1.1:5000").insecure);
    CHECK(settings.of("10.1.1.1").insecure);
    CHECK_FALSE(settings.of("11.1.1.1:5000").insecure);
    CHECK_FALSE(settings.of("ten.example:5000").insecure);
    CHECK(settings.of("[fd00::1]:5000").insecure);
    CHECK_FALSE(settings.of("[fe80::1]:5000").insecure);
    CHECK(settings.of("127.0.0.1:5000").insecure);
    CHECK(settings.of("docker.io").mirrors == std::vector<std::string>{"https://m"});
}

TEST_CASE("certificates lie where Docker looks for them", "[image][registry]") {
    Files files;
    files.write("docker/certs.d/a:1/mine.crt", "")
        .write("docker/certs.d/a:1/me.cert", "")
        .write("docker/certs.d/a:1/me.key", "");
    files.write("docker/certs.d/b/other.crt", "").write("docker/certs.d/b/ca.crt", "");
    files.write("docker/certs.d/c/me.cert", "");
    const auto settings = files.settings();
    CHECK(settings.of("a:1").ca_file.ends_with("mine.crt"));
    CHECK(settings.of("a:1").client_certificate.ends_with("me.cert"));
    CHECK(settings.of("a:1").client_key.ends_with("me.key"));
    CHECK(settings.of("b").ca_file.ends_with("ca.crt"));
    CHECK_THROWS_WITH(settings.of("c"), Catch::Contains("me.key' is missing"));
}

TEST_CASE("registries.json is checked", "[image][registry]") {
    const auto message = [](const std::string& text) -> std::string {
        Files files;
        files.write("registries.json", text);
        try {
            (void)files.settings();
            return "";
        } catch (const Error& error) {
            return error.what();
        }
    };
    CHECK(message(R"({"registries": {"a": {"insecure": true, "mirrors": ["https://m"]}}})").empty());
    CHECK(message("[]").find("not a JSON object") != std::string::npos);
    CHECK(message(R"({"registries": {"a": {"insecrue": true}}})").find("'insecrue' of 'a' is unknown") !=
          std::string::npos);
    CHECK(message(R"({"registries": {"a": {"ca": 1}}})").find("wrong type") != std::string::npos);
    CHECK(message(R"({"registries": {"a": {"mirrors": ["ftp://m"]}}})").find("must begin with http") !=
          std::string::npos);
    CHECK(message(R"({"registrys": {}})").find("'registrys' is unknown") != std::string::npos);
}
