// A real web application from its Dockerfiles: developed with its source bound from the folder, run in production from
// its image. One test: its images are the costly part.
#include <filesystem>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "browser.hpp"
#include "harness/eventually.hpp"
#include "harness/sandbox.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

using namespace stack::testing;

namespace {

namespace fs = std::filesystem;

bool says(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// The example's own files, with ports that nobody else has.
class Identidock : public Sandbox {
public:
    Identidock() : Sandbox{"identidock"}, development_{free_port()}, production_{free_port()} {
        fs::copy(fs::path{STACK_TESTS_DIR}.parent_path() / "examples/identidock", project_dir(),
                 fs::copy_options::recursive);
        write("dev.port.yaml", ports(development_, 5000));
        write("prod.port.yaml", ports(production_, 9090));
    }

    Result dev(const std::vector<std::string>& words) const {
        return with({"-f", "compose.yaml", "-f", "dev.port.yaml"}, words);
    }
    Result prod(const std::vector<std::string>& words) const {
        return with({"-f", "compose.yaml", "-f", "compose.prod.yaml", "-f", "prod.port.yaml"}, words);
    }
    Browser development() const { return Browser{development_}; }
    Browser production() const { return Browser{production_}; }

    std::string id_of(const std::string& service) const { return dev({"ps", "-q", service}).out; }
    void edit(const std::string& file, const std::string& from, const std::string& to) const {
        const auto text = stack::read_file(project_dir() / file);
        REQUIRE(says(text, from));
        write(file, stack::replace_all(text, from, to));
    }

private:
    static std::string ports(std::uint16_t port, int inside) {
        return fmt::format("services:\n  identidock:\n    ports: !override [\"127.0.0.1:{}:{}\"]\n", port, inside);
    }
    Result with(std::vector<std::string> files, const std::vector<std::string>& words) const {
        files.insert(files.end(), words.begin(), words.end());
        return stack(files, image_patience);
    }
    std::uint16_t development_, production_;
};

void must(const Result& result) {
    INFO(result.all());
    REQUIRE(result.exit_code == 0);
}

bool shows(Browser&& browser, const std::string& path, const std::string& text) {
    std::string last;
    const bool shown = eventually([&] {
        const Browser::Page page = browser.get(path);
        last = page.error + page.body;
        return page.status == 200 && says(page.body, text);
    });
    if (!shown) {
        WARN("the last answer to " << path << ": " << last);
    }
    return shown;
}

}  // namespace

TEST_CASE("identidock: built, developed on while it runs, put into production, changed", "[e2e][identidock]") {
    const Identidock app;
    app.need_base("debian:bookworm-slim");

    must(app.dev({"up", "-d", "--build"}));
    REQUIRE(shows(app.development(), "/", "value=\"Joe Bloggs\""));
    CHECK(says(app.development().post("/", {{"name", "Ada <b>"}}).body, "value=\"Ada &lt;b&gt;\""));
    CHECK(shows(app.development(), "/monster/ada", "<svg "));  // made by identicon, kept in redis
    CHECK(says(app.dev({"exec", "redis", "redis-cli", "keys", "*"}).out, "ada"));
    CHECK(app.dev({"exec", "identidock", "whoami"}).out == "uwsgi\n");
    CHECK(says(app.dev({"logs", "identidock"}).out, "Running Development Server"));
    CHECK(app.dev({"exec", "identidock", "python3", "tests.py"}).exit_code == 0);

    const std::string before = app.id_of("identidock");
    const std::string redis = app.id_of("redis");
    const std::string identicon = app.id_of("identicon");
    app.edit("app/identidock.py", "Hello <input", "Good morning <input");
    CHECK(shows(app.development(), "/", "Good morning"));
    CHECK(app.id_of("identidock") == before);  // the running process read the folder: nothing was built

    app.edit("Dockerfile", "USER uwsgi", "ENV CHANGED=yes\nUSER uwsgi");
    must(app.dev({"up", "-d", "--build"}));
    CHECK(app.id_of("identidock") != before);
    CHECK(app.id_of("redis") == redis);
    CHECK(app.id_of("identicon") == identicon);
    CHECK(app.dev({"exec", "identidock", "printenv", "CHANGED"}).out == "yes\n");
    CHECK(shows(app.development(), "/", "Good morning"));

    must(app.prod({"up", "-d"}));
    CHECK(shows(app.production(), "/", "Good morning"));  // out of the image now
    CHECK(says(app.prod({"logs", "identidock"}).out, "Running Production Server"));
    CHECK(app.prod({"exec", "identidock", "whoami"}).out == "uwsgi\n");
    const Result statistics =
        app.prod({"exec", "identidock", "python3", "-c",
                  "import socket; print(socket.create_connection(('127.0.0.1', 9191)).makefile().read())"});
    CHECK(says(statistics.out, "\"workers\""));
    app.edit("app/identidock.py", "Good morning <input", "Good night <input");
    CHECK(says(app.production().get("/").body, "Good morning"));
    CHECK(app.id_of("redis") == redis);
    must(app.prod({"down", "-v"}));
}
