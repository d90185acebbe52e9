#include "engine/logs/driver.hpp"

#include <algorithm>

#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "engine/logs/forwarder.hpp"
#include "engine/logs/targets.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

using namespace stack;
using namespace stack::engine::logs;

namespace {

using Json = nlohmann::json;

struct Fixture {
    Fixture() {
        origin.id = std::string(64, 'a');
        origin.name = "p-web-1";
        origin.image = "busybox";
        origin.labels = {{"tier", "front"}, {"other", "x"}};
        origin.environment = {{"REGION", "eu"}};
    }
    Forwarder forwarder(std::unique_ptr<Target> target) const {
        return {dir.path() / "logs", dir.path() / "cursor", std::move(target)};
    }
    std::unique_ptr<Target> json_target(const Options& options = {}) const {
        return open_json_file(file(), parse_driver("json-file", options), origin);
    }
    std::filesystem::path file() const { return dir.path() / "x-json.log"; }
    static std::vector<std::string> logged(const std::filesystem::path& file) {
        std::vector<std::string> texts;
        const std::string all = find_file(file).value_or("");
        for (const std::string_view line : split(all, '\n')) {
            if (!line.empty()) {
                texts.push_back(Json::parse(line).at("log"));
            }
        }
        return texts;
    }
    TempDir dir{"/var/tmp", "stack-driver-test"};
    Sequence sequence;
    Writer writer{dir.path() / "logs", {}, sequence};
    Origin origin;
};

using Lines = std::vector<std::string>;

/// Receives datagrams at a path.
class Listener {
public:
    explicit Listener(const std::filesystem::path& path) : fd_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)} {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.string().copy(address.sun_path, sizeof address.sun_path - 1);
        REQUIRE(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    }
    std::string next() const {
        std::string bytes(65536, '\0');
        const ssize_t got = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
        REQUIRE(got > 0);
        bytes.resize(static_cast<size_t>(got));
        return bytes;
    }

private:
    UniqueFd fd_;
};

}  // namespace

TEST_CASE("options of Docker's default driver choose it where none is named", "[logs][driver]") {
    CHECK(parse_driver("", {}).driver == Driver::local);
    CHECK(parse_driver("", {{"max-size", "1m"}, {"mode", "blocking"}}).driver == Driver::local);
    CHECK(parse_driver("", {{"max-size", "1m"}, {"tag", "{{.Name}}"}}).driver == Driver::json_file);
    CHECK(parse_driver("", {{"labels", "tier"}}).driver == Driver::json_file);
    CHECK_THROWS_WITH(parse_driver("local", {{"labels", "tier"}}),
                      "log driver local does not know the option 'labels'");
}

TEST_CASE("a log driver or an option that is not there is refused in a sentence", "[logs][driver]") {
    CHECK_THROWS_WITH(parse_driver("fluentd", {}), "log driver 'fluentd' is not supported");
    CHECK_THROWS_WITH(parse_driver("json-file", {{"max-sise", "1m"}}),
                      "log driver json-file does not know the option 'max-sise'");
    CHECK_THROWS_WITH(parse_driver("", {{"max-size", "big"}}), "invalid logging option max-size 'big'");
    CHECK_THROWS_WITH(parse_driver("local", {{"max-file", "0"}}), "invalid logging option max-file '0'");
    CHECK_THROWS_WITH(parse_driver("syslog", {{"syslog-address", "tcp+tls://a:1"}}),
                      "invalid logging option syslog-address 'tcp+tls://a:1'");
    CHECK_THROWS_WITH(parse_driver("syslog", {{"syslog-address", "udp://a:x"}}),
                      "invalid logging option syslog-address 'udp://a:x'");
    CHECK_THROWS_WITH(parse_driver("syslog", {{"syslog-facility", "kitchen"}}),
                      "invalid logging option syslog-facility 'kitchen'");
    CHECK_THROWS_WITH(parse_driver("syslog", {{"syslog-format", "xml"}}), "invalid logging option syslog-format 'xml'");
    CHECK_THROWS_WITH(parse_driver("journald", {{"tag", "{{.Nam}}"}}), "cannot read the logging option tag '{{.Nam}}'");
    CHECK_THROWS_WITH(parse_driver("json-file", {{"env-regex", "["}}),
                      Catch::StartsWith("invalid logging option env-regex '['"));
    CHECK(parse_driver("", {}).driver == Driver::local);
    CHECK(parse_driver("json-file", {{"max-size", "1k"}}).file_limits.max_files == 1);
    CHECK(parse_driver("json-file", {{"max-size", "1k"}, {"max-file", "3"}}).file_limits.max_files == 3);
    CHECK(parse_driver("json-file", {}).file_limits.max_bytes == 20 * 1024 * 1024);
}

TEST_CASE("json-file writes Docker's lines", "[logs][driver]") {
    Fixture box;
    box.writer.append("one\ntwo \"quoted\"\n", Stream::out);
    box.writer.append("bad\xff byte\n", Stream::err);
    box.writer.append("unfinished", Stream::out);
    auto forwarder = box.forwarder(box.json_target({{"labels", "tier"}, {"env-regex", "^REG"}, {"tag", "{{.Name}}"}}));
    CHECK(forwarder.advance(false) == Forwarder::Done::all);
    const auto line = Json::parse(read_file(box.file()).substr(0, read_file(box.file()).find('\n')));
    CHECK(line["log"] == "one\n");
    CHECK(line["stream"] == "stdout");
    CHECK(line["time"].get<std::string>().ends_with("Z"));
    const std::map<std::string, std::string> attributes{{"tier", "front"}, {"REGION", "eu"}, {"tag", "p-web-1"}};
    CHECK(line["attrs"].get<std::map<std::string, std::string>>() == attributes);
    CHECK(Fixture::logged(box.file()) == Lines{"one\n", "two \"quoted\"\n", "bad\xef\xbf\xbd byte\n"});
    forwarder.advance(true);
    CHECK(Fixture::logged(box.file()).back() == "unfinished\n");
}

TEST_CASE("a line longer than 16 KiB comes in parts", "[logs][driver]") {
    Fixture box;
    const std::string line(40000, 'x');
    box.writer.append(line.substr(0, 10000), Stream::out);
    box.writer.append(line.substr(10000) + "\nnext\n", Stream::out);
    box.forwarder(box.json_target()).advance(false);
    const Lines parts = Fixture::logged(box.file());
    REQUIRE(parts.size() == 4);
    CHECK(parts[0].size() == 16384);
    CHECK(parts[1].size() == 16384);
    CHECK(parts[0] + parts[1] + parts[2] == line + "\n");
    CHECK(parts[3] == "next\n");
}

TEST_CASE("json-file keeps each line exactly once, wherever the one before was killed", "[logs][driver]") {
    Fixture box;
    Lines expected;
    for (int i = 0; i < 50; ++i) {
        expected.push_back("line " + std::to_string(i) + "\n");
    }
    const auto append = [&](int from, int to) {
        for (int i = from; i < to; ++i) {
            box.writer.append(expected[static_cast<size_t>(i)], i % 2 == 0 ? Stream::out : Stream::err);
        }
    };
    append(0, 20);
    box.writer.append("half ", Stream::out);
    box.forwarder(box.json_target()).advance(false);
    const std::string cursor = read_file(box.dir.path() / "cursor");
    append(20, 21);
    expected[20] = "half " + expected[20];
    append(21, 40);
    // This one writes and dies before it can say how far it came.
    box.forwarder(box.json_target()).advance(false);
    write_file(box.dir.path() / "cursor", cursor);
    append(40, 50);
    box.forwarder(box.json_target()).advance(false);
    CHECK(Fixture::logged(box.file()) == expected);
}

TEST_CASE("json-file rotates, and a rotation that nobody wrote down is taken back", "[logs][driver]") {
    Fixture box;
    const Options options{{"max-size", "1k"}, {"max-file", "3"}};
    const auto append = [&](int from, int to) {
        for (int i = from; i < to; ++i) {
            box.writer.append("line " + std::to_string(i) + "\n", Stream::out);
        }
    };
    append(0, 10);
    box.forwarder(box.json_target(options)).advance(false);
    const std::string cursor = read_file(box.dir.path() / "cursor");
    REQUIRE_FALSE(std::filesystem::exists(box.file().string() + ".1"));
    append(10, 15);
    box.forwarder(box.json_target(options)).advance(false);  // and it dies after its rotation
    REQUIRE(std::filesystem::exists(box.file().string() + ".1"));
    write_file(box.dir.path() / "cursor", cursor);
    append(15, 20);
    box.forwarder(box.json_target(options)).advance(false);
    Lines all = Fixture::logged(box.file().string() + ".1");
    const Lines rest = Fixture::logged(box.file());
    all.insert(all.end(), rest.begin(), rest.end());
    Lines expected;
    for (int i = 0; i < 20; ++i) {
        expected.push_back("line " + std::to_string(i) + "\n");
    }
    CHECK(all == expected);
    append(20, 200);
    box.forwarder(box.json_target(options)).advance(false);
    CHECK(std::filesystem::exists(box.file().string() + ".2"));
    CHECK_FALSE(std::filesystem::exists(box.file().string() + ".3"));
    CHECK(std::filesystem::file_size(box.file()) <= 1024);
    CHECK(Fixture::logged(box.file()).back() == "line 199\n");
}

TEST_CASE("journald gets its fields, and one datagram per line", "[logs][driver]") {
    Fixture box;
    const auto path = box.dir.path() / "journal";
    const Listener listener{path};
    box.writer.append("hello\n", Stream::err);
    box.forwarder(open_journald(path, {{"labels", "tier"}}, box.origin)).advance(false);
    const std::string datagram = listener.next();
    for (const char* field : {"MESSAGE=hello\n", "PRIORITY=3\n", "CONTAINER_NAME=p-web-1\n", "IMAGE_NAME=busybox\n",
                              "CONTAINER_ID=aaaaaaaaaaaa\n", "SYSLOG_IDENTIFIER=aaaaaaaaaaaa\n", "TIER=front\n"}) {
        INFO(field);
        CHECK(datagram.find(field) != std::string::npos);
    }
    CHECK_THROWS_WITH(open_journald(box.dir.path() / "none", {}, box.origin), Catch::Contains("ENOENT"));
}

TEST_CASE("syslog goes to a socket of this machine in the format that was asked for", "[logs][driver]") {
    Fixture box;
    const auto path = box.dir.path() / "log";
    const Listener listener{path};
    const std::string address = "unixgram://" + path.string();
    box.writer.append("hello\n", Stream::out);
    box.forwarder(open_syslog({{"syslog-address", address}, {"tag", "{{.Name}}"}}, box.origin)).advance(false);
    const std::string first = listener.next();
    INFO(first);
    CHECK(first.starts_with("<30>"));
    CHECK(first.ends_with(" p-web-1[" + std::to_string(::getpid()) + "]: hello\n"));
    box.writer.append("bad\n", Stream::err);
    const Options modern{{"syslog-address", address}, {"syslog-format", "rfc5424"}, {"syslog-facility", "local0"}};
    box.forwarder(open_syslog(modern, box.origin)).advance(false);
    const std::string second = listener.next();
    INFO(second);
    CHECK(second.starts_with("<131>1 20"));
    CHECK(second.ends_with(" - bad\n"));
}

TEST_CASE("syslog over TCP waits for a slow server and then goes on", "[logs][driver]") {
    Fixture box;
    const UniqueFd server{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    REQUIRE(::bind(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(server.get(), 1) == 0);
    REQUIRE(::getsockname(server.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
    const Options options{{"syslog-address", "tcp://127.0.0.1:" + std::to_string(ntohs(address.sin_port))}};
    auto forwarder = box.forwarder(open_syslog(options, box.origin));
    const UniqueFd peer{::accept(server.get(), nullptr, nullptr)};
    const std::string filler(10000, 'x');
    size_t lines = 0;
    auto done = Forwarder::Done::all;
    while (done == Forwarder::Done::all) {  // until the kernel's buffers are full
        box.writer.append(std::to_string(lines++) + filler + "\n", Stream::out);
        done = forwarder.advance(false);
    }
    std::string got;
    std::string piece(65536, '\0');
    const auto newlines = [&] { return static_cast<size_t>(std::count(got.begin(), got.end(), '\n')); };
    while (newlines() < lines) {
        const ssize_t count = ::recv(peer.get(), piece.data(), piece.size(), MSG_DONTWAIT);
        if (count > 0) {
            got.append(piece, 0, static_cast<size_t>(count));
        }
        forwarder.advance(false);
    }
    size_t number = 0;
    for (const std::string_view line : split(got, '\n')) {
        if (!line.empty()) {
            CHECK(line.find("]: " + std::to_string(number++) + "x") != std::string_view::npos);
        }
    }
    CHECK(number == lines);
}
