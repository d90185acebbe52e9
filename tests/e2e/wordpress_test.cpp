// The example people meet first, from its Dockerfiles to a post that outlives what is killed and taken down. One test:
// its images are the costly part.
#include <atomic>
#include <csignal>
#include <filesystem>
#include <set>
#include <thread>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "browser.hpp"
#include "harness/eventually.hpp"
#include "harness/leftovers.hpp"
#include "harness/sandbox.hpp"
#include "support/text.hpp"

using namespace stack::testing;

namespace {

namespace fs = std::filesystem;

/// The numbers that stand between `before` and `after`, one a place.
std::multiset<int> numbers_in(std::string_view text, std::string_view before, std::string_view after) {
    std::multiset<int> numbers;
    for (size_t at = text.find(before); at != std::string_view::npos; at = text.find(before, at)) {
        at += before.size();
        const size_t end = text.find(after, at);
        const auto number = stack::parse_int(text.substr(at, end == std::string_view::npos ? end : end - at));
        if (number) {
            numbers.insert(static_cast<int>(*number));
        }
    }
    return numbers;
}

/// The line of a table that begins with `name`.
std::string row_of(const std::string& table, const std::string& name) {
    const size_t at = table.find("\n" + name + " ");
    return at == std::string::npos ? std::string{} : table.substr(at + 1, table.find('\n', at + 1) - at - 1);
}

bool says(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// The example's own files, with a port that nobody else has.
class Blog : public Sandbox {
public:
    Blog() : Sandbox{"blog"}, port_{free_port()} {
        fs::copy(fs::path{STACK_TESTS_DIR}.parent_path() / "examples/wordpress", project_dir(),
                 fs::copy_options::recursive);
        write("port.yaml", fmt::format("services:\n  wordpress:\n    ports: !override [\"127.0.0.1:{}:80\"]\n", port_));
    }

    std::vector<std::string> with_files(std::vector<std::string> words) const {
        words.insert(words.begin(), {"-f", "compose.yaml", "-f", "compose.debian.yaml", "-f", "port.yaml"});
        return words;
    }
    Result run(const std::vector<std::string>& words) const { return stack(with_files(words)); }
    void must(const std::vector<std::string>& words) const {
        const Result result = stack(with_files(words), image_patience);
        INFO(result.all());
        REQUIRE(result.exit_code == 0);
    }
    Browser browser() const { return Browser{port_}; }

    /// The page, once the site gives one that has `text`.
    bool shows(const std::string& path, const std::string& text) const {
        std::string last;
        const bool shown = eventually([&] {
            const Browser::Page page = browser().get(path);
            last = page.error + page.body;
            return page.status == 200 && says(page.body, text);
        });
        if (!shown) {
            WARN("the last answer to " << path << ": " << last);
            WARN(run({"logs", "--tail", "40"}).all());
        }
        return shown;
    }
    std::string started_at(const std::string& container) const {
        return docker({"inspect", "--format", "{{.State.StartedAt}} {{.State.Pid}}", container}).out;
    }

private:
    std::uint16_t port_;
};

constexpr const char* installation = "name=\"weblog_title\"";  // the first field of its form
constexpr const char* password = "a long passphrase, 42";

void install(const Blog& blog) {
    const Browser::Page done = blog.browser().post("/wp-admin/install.php?step=2", {{"weblog_title", "Mountains"},
                                                                                    {"user_name", "ada"},
                                                                                    {"admin_password", password},
                                                                                    {"admin_password2", password},
                                                                                    {"admin_email", "ada@example.org"},
                                                                                    {"blog_public", "1"},
                                                                                    {"language", ""}});
    INFO(done.error << done.body);
    REQUIRE(done.status == 200);
    REQUIRE(says(done.body, "WordPress has been installed"));
}

/// Publishes through the site's own interface, as its editor does. Returns the post's path.
std::string publish(const Blog& blog) {
    Browser browser = blog.browser();
    browser.get("/wp-login.php");
    const Browser::Page board = browser.post(
        "/wp-login.php", {{"log", "ada"}, {"pwd", password}, {"wp-submit", "Log In"}, {"testcookie", "1"}});
    INFO(board.error << board.body);
    REQUIRE(says(board.body, "Dashboard"));
    const std::string nonce = browser.get("/wp-admin/admin-ajax.php?action=rest-nonce").body;
    const Browser::Page made =
        browser.post("/index.php?rest_route=/wp/v2/posts",
                     {{"title", "The first ascent"}, {"content", "Snow until June."}, {"status", "publish"}},
                     {{"X-WP-Nonce", nonce}});
    INFO(made.error << made.body);
    REQUIRE(made.status == 201);
    const std::multiset<int> ids = numbers_in(made.body, "{\"id\":", ",");
    REQUIRE(ids.size() == 1);
    return fmt::format("/?p={}", *ids.begin());
}

/// Asks the site without a pause from several threads, each request with a number of its own.
class Readers {
public:
    Readers(const Blog& blog, const std::string& path) {
        for (int i = 0; i < 3; ++i) {
            threads_.emplace_back([this, &blog, path] {
                while (!stop_) {
                    const int number = ++asked_;
                    const Browser::Page page = blog.browser().get(fmt::format("{}&reader={}", path, number));
                    ++(page.status == 200 && says(page.body, "Snow until June.") ? good_ : bad_);
                }
            });
        }
    }
    ~Readers() { end(); }
    void end() {
        stop_ = true;
        for (std::thread& thread : threads_) {
            thread.join();
        }
        threads_.clear();
    }
    int asked() const { return asked_; }
    int good() const { return good_; }
    int bad() const { return bad_; }

private:
    std::atomic<bool> stop_{false};
    std::atomic<int> asked_{0}, good_{0}, bad_{0};
    std::vector<std::thread> threads_;
};

pid_t the_only(const Sandbox& box, const std::string& name) {
    const std::vector<pid_t> pids = box.processes(name);
    REQUIRE(pids.size() == 1);
    return pids.front();
}

void kill_worker_while_serving(const Blog& blog, const std::string& post) {
    const std::string database = blog.started_at("blog-db-1");
    const std::string site = blog.started_at("blog-wordpress-1");
    Readers readers{blog, post};
    for (int round = 0; round < 3; ++round) {
        const int served = readers.good();
        const pid_t worker = the_only(blog, "stack-worker");
        REQUIRE(::kill(worker, SIGKILL) == 0);
        REQUIRE(eventually([&] {
            const auto now = blog.processes("stack-worker");
            return now.size() == 1 && now.front() != worker;
        }));
        REQUIRE(eventually([&] { return readers.good() > served + 10; }));
    }
    readers.end();
    CHECK(readers.bad() == 0);
    CHECK(blog.started_at("blog-db-1") == database);
    CHECK(blog.started_at("blog-wordpress-1") == site);

    // Apache writes a line for each; none may be lost or doubled.
    std::multiset<int> logged;
    const auto count = [&] {
        const std::string log = blog.run({"logs", "--no-log-prefix", "--no-color", "wordpress"}).out;
        logged = numbers_in(log, "reader=", " HTTP");
        return logged.size();
    };
    CHECK(eventually([&] { return count() >= static_cast<size_t>(readers.asked()); }));
    std::multiset<int> expected;
    for (int i = 1; i <= readers.asked(); ++i) {
        expected.insert(i);
    }
    CHECK(logged == expected);
}

}  // namespace

TEST_CASE("WordPress and MariaDB are built, installed and written to, kept through down and kill -9, gone with down -v",
          "[wordpress]") {
    const Blog blog;
    blog.need_base("debian:bookworm-slim");
    blog.must({"up", "-d", "--build"});

    REQUIRE(blog.shows("/", installation));
    install(blog);
    const std::string post = publish(blog);
    REQUIRE(blog.shows(post, "Snow until June."));

    const Result ps = blog.run({"ps"});
    INFO(ps.all());
    CHECK(says(row_of(ps.out, "blog-db-1"), " Up "));
    CHECK(says(row_of(ps.out, "blog-db-1"), "3306/tcp"));
    CHECK(says(row_of(ps.out, "blog-wordpress-1"), " Up "));
    CHECK(says(row_of(ps.out, "blog-wordpress-1"), "->80/tcp"));
    Process logs = blog.start_tty(blog.with_files({"logs", "--tail", "5", "db"}));
    REQUIRE(logs.wait().exit_code == 0);
    INFO(logs.output());
    CHECK(says(logs.output(), "\x1b[36mdb-1  |\x1b[0m "));
    CHECK(says(logs.output(), "mariadbd"));

    kill_worker_while_serving(blog, post);

    const pid_t database = the_only(blog, "mariadbd");
    REQUIRE(::kill(database, SIGKILL) == 0);
    REQUIRE(eventually([&] {
        const auto now = blog.processes("mariadbd");
        return now.size() == 1 && now.front() != database;
    }));
    REQUIRE(blog.shows(post, "Snow until June."));

    blog.must({"down"});
    CHECK(settled_leftovers(blog.paths()).empty());
    blog.must({"up", "-d"});
    REQUIRE(blog.shows(post, "Snow until June."));

    blog.must({"down", "-v"});
    CHECK(settled_leftovers(blog.paths()).empty());
    blog.must({"up", "-d"});
    REQUIRE(blog.shows("/", installation));
    blog.must({"down", "-v"});
    CHECK(settled_leftovers(blog.paths()).empty());
}
