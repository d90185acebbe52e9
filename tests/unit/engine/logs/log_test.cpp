#include <catch2/catch.hpp>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "engine/logs/reader.hpp"
#include "engine/logs/writer.hpp"
#include "support/files.hpp"

using namespace stack;
using namespace stack::engine::logs;

namespace {

class Fixture {
public:
    std::filesystem::path folder(const std::string& name = "logs") const { return dir.path() / name; }
    std::vector<std::string> lines(ReadOptions options = {}, const std::string& name = "logs") const {
        std::vector<std::string> found;
        Reader reader{{folder(name)}, options};
        reader.read([&](const Line& line) {
            found.emplace_back(line.text);
            return true;
        });
        return found;
    }
    TempDir dir{"/var/tmp", "stack-log-test"};
    Sequence sequence;
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("bytes taken from a pipe are read back as lines", "[logs]") {
    const Fixture fixture;
    Sequence sequence;
    Writer writer{fixture.folder(), {}, sequence};
    Pipe pipe = make_pipe(O_NONBLOCK);
    REQUIRE(writer.take(pipe.read.get(), Stream::out) == Writer::Taken::nothing);
    write_all(pipe.write.get(), "one\ntwo\nthr", "pipe");
    REQUIRE(writer.take(pipe.read.get(), Stream::out) == Writer::Taken::some);
    write_all(pipe.write.get(), "ee\nrest", "pipe");
    REQUIRE(writer.take(pipe.read.get(), Stream::out) == Writer::Taken::some);
    CHECK(fixture.lines() == Lines{"one", "two", "three", "rest"});
    pipe.write.reset();
    CHECK(writer.take(pipe.read.get(), Stream::out) == Writer::Taken::end);
}

TEST_CASE("bytes that a killed writer left without an index record get one", "[logs]") {
    const Fixture fixture;
    Sequence sequence;
    Writer{fixture.folder(), {}, sequence}.append("indexed\n", Stream::out);
    {
        // What splice(2) moved just before the writer was killed.
        const UniqueFd data{::open((fixture.folder() / "stdout.1").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC)};
        write_all(data.get(), "lost\n", "data");
        // A record that the kernel cut short.
        const UniqueFd index{::open((fixture.folder() / "index.1").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC)};
        write_all(index.get(), "half", "index");
    }
    Sequence after;
    Writer writer{fixture.folder(), {}, after};
    writer.append("new\n", Stream::out);
    CHECK(fixture.lines() == Lines{"indexed", "lost", "new"});
    CHECK(after.next() == 4);
}

TEST_CASE("full generations rotate and the oldest go", "[logs]") {
    const Fixture fixture;
    Sequence sequence;
    Writer writer{fixture.folder(), {100, 3}, sequence};
    for (int i = 0; i < 20; ++i) {
        writer.append("line " + std::to_string(i) + "\n", Stream::out);
    }
    // A record is 32 bytes, so that three lines fill a generation.
    CHECK(generations(fixture.folder()).size() == 3);
    const auto lines = fixture.lines();
    CHECK(lines.back() == "line 19");
    CHECK(lines.front() != "line 0");
}

TEST_CASE("full generations are packed, read as before, and kept while they fit", "[logs]") {
    const Fixture fixture;
    Sequence sequence;
    Lines written;
    const auto write = [&](Writer& writer, int lines) {
        for (int i = 0; i < lines; ++i) {
            written.push_back("line " + std::to_string(written.size()) + " " + std::string(500, 'x'));
            writer.append(written.back() + "\n", Stream::out);
        }
    };
    const Limits limits{.max_bytes = 64 * 1024, .max_files = 3, .pack = true};
    Writer writer{fixture.folder(), limits, sequence};
    write(writer, 1000);  // half a megabyte
    while (writer.pack_some()) {
    }
    CHECK(generations(fixture.folder()).size() > 3);
    CHECK(std::filesystem::exists(fixture.folder() / "stdout.1.zst"));
    CHECK_FALSE(std::filesystem::exists(fixture.folder() / "stdout.1"));
    CHECK_FALSE(std::filesystem::exists(fixture.folder() / "index.1"));
    CHECK(fixture.lines() == written);

    // What does not shrink is not kept for longer than the limits allow.
    for (int i = 0; i < 1000; ++i) {
        std::string noise;
        for (std::uint64_t state = static_cast<std::uint64_t>(i) + 1; noise.size() < 1000;) {
            state = state * 6364136223846793005U + 1442695040888963407U;
            noise += static_cast<char>('!' + (state >> 33U) % 90);
        }
        writer.append(noise + "\n", Stream::err);
    }
    std::uint64_t bytes = 0;
    for (const std::uint64_t one : generations(fixture.folder())) {
        bytes += disk_usage(fixture.folder(), one);
    }
    CHECK(bytes <= 3 * 64 * 1024 + 4096);
    CHECK(fixture.lines().size() < 1000);
    CHECK_FALSE(fixture.lines().empty());
}

TEST_CASE("a packer that was killed is gone on with", "[logs]") {
    const Fixture fixture;
    Sequence sequence;
    const Limits limits{.max_bytes = 1000, .max_files = 100, .pack = true};
    {
        Writer writer{fixture.folder(), limits, sequence};
        for (int i = 0; i < 100; ++i) {
            writer.append("line " + std::to_string(i) + "\n", Stream::out);
        }
    }
    // Killed between the renaming and the removal, and while it wrote.
    std::filesystem::copy_file(fixture.folder() / "stdout.1", fixture.folder() / "stdout.1.zst");
    write_file(fixture.folder() / "stdout.2.part", "half");
    CHECK(fixture.lines().size() == 100);
    Writer writer{fixture.folder(), limits, sequence};
    while (writer.pack_some()) {
    }
    CHECK(fixture.lines().size() == 100);
    CHECK_FALSE(std::filesystem::exists(fixture.folder() / "stdout.1"));
    CHECK_FALSE(std::filesystem::exists(fixture.folder() / "stdout.2.part"));
}

TEST_CASE("tail gives the last lines over generations and streams", "[logs]") {
    const Fixture fixture;
    Sequence sequence;
    Writer writer{fixture.folder(), {100, 10}, sequence};
    for (int i = 0; i < 10; ++i) {
        writer.append("out " + std::to_string(i) + "\nerr", Stream::out);
        writer.append("err " + std::to_string(i) + "\n", Stream::err);
    }
    ReadOptions options;
    options.tail = 3;
    options.err = false;
    CHECK(fixture.lines(options) == Lines{"errout 8", "errout 9", "err"});
    options.tail = 0;
    CHECK(fixture.lines(options).empty());
}

TEST_CASE("several logs are merged in true order, and followed", "[logs]") {
    const Fixture fixture;
    Sequence sequence;
    Writer a{fixture.folder("a"), {}, sequence};
    Writer b{fixture.folder("b"), {}, sequence};
    a.append("1\n", Stream::out);
    b.append("2\n", Stream::err);
    b.append("3\n", Stream::out);
    a.append("4\n", Stream::out);
    Lines found;
    const Reader::Sink sink = [&](const Line& line) {
        found.push_back(std::to_string(line.source) + ":" + std::string{line.text});
        return true;
    };
    Reader reader{{fixture.folder("a"), fixture.folder("b")}, {}};
    const int watch = reader.watch_fd();
    CHECK(reader.read(sink));
    CHECK(found == Lines{"0:1", "1:2", "1:3", "0:4"});
    b.append("5\n", Stream::out);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(watch, &set);
    REQUIRE(::select(watch + 1, &set, nullptr, nullptr, nullptr) == 1);
    reader.acknowledge();
    CHECK(reader.read(sink));
    CHECK(found.back() == "1:5");
}

TEST_CASE("a log that comes after the watch is watched from the next read on", "[logs]") {
    const Fixture fixture;
    Sequence sequence;
    std::string found;
    const Reader::Sink sink = [&](const Line& line) {
        found += line.text;
        return true;
    };
    Reader reader{{fixture.folder("late")}, {}};
    const int watch = reader.watch_fd();
    CHECK(reader.read(sink));
    Writer late{fixture.folder("late"), {}, sequence};
    CHECK(reader.read(sink));
    reader.acknowledge();
    late.append("1\n", Stream::out);
    pollfd ready{watch, POLLIN, 0};
    REQUIRE(::poll(&ready, 1, 10'000) == 1);
    CHECK(reader.read(sink));
    CHECK(found == "1");
}
