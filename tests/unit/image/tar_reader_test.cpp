#include <vector>

#include <catch2/catch.hpp>

#include "harness/tar_builder.hpp"
#include "image/tar/reader.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/process.hpp"

using namespace stack;
using namespace stack::image::tar;
using stack::testing::MemoryInput;
using stack::testing::TarBuilder;

namespace {

struct Read {
    Entry entry;
    std::string content;
};

std::vector<Read> read_all_entries(const std::string& tar, size_t step = 1000) {
    MemoryInput input{tar, step};
    Reader reader{input};
    std::vector<Read> all;
    while (auto entry = reader.next()) {
        Read& read = all.emplace_back(Read{*entry, ""});
        reader.content([&](std::string_view bytes) { read.content += bytes; });
    }
    return all;
}

// What GNU tar or another program of the host makes of a folder.
std::string packed_by(std::vector<std::string> argv, const std::filesystem::path& folder) {
    const auto result = run_process({.argv = std::move(argv), .working_dir = folder, .capture_output = true});
    REQUIRE(result.exit_code == 0);
    return result.output;
}

}  // namespace

TEST_CASE("what the header writer writes, the reader reads", "[image][tar]") {
    Entry entry;
    entry.path = "folder/" + std::string(300, 'n') + "/ümläut";
    entry.type = EntryType::file;
    entry.mode = 04755;
    entry.uid = 3'000'000'000;
    entry.gid = 7;
    entry.mtime = 1'714'566'896;
    entry.size = 5;
    entry.xattrs = {{"security.capability", std::string("\x01\0\0\x02\n=", 6)}, {"user.x", ""}};
    const size_t step = GENERATE(1, 511, 512, 513, 100'000);
    const auto all = read_all_entries(
        TarBuilder{}.entry(entry, "hello").folder("d").symlink("s", std::string(200, 't')).end(), step);
    REQUIRE(all.size() == 3);
    CHECK(all[0].entry.path == entry.path);
    CHECK(all[0].entry.mode == entry.mode);
    CHECK(all[0].entry.uid == entry.uid);
    CHECK(all[0].entry.gid == 7);
    CHECK(all[0].entry.mtime == entry.mtime);
    CHECK(all[0].entry.xattrs == entry.xattrs);
    CHECK(all[0].content == "hello");
    CHECK(all[1].entry.type == EntryType::directory);
    CHECK(all[1].entry.path == "d");
    CHECK(all[2].entry.link_target == std::string(200, 't'));
}

TEST_CASE("a name of 255 bytes fits the ustar prefix, a longer one takes a pax header", "[image][tar]") {
    Entry entry;
    entry.path = std::string(155, 'a') + '/' + std::string(100, 'b');
    CHECK(encode_header(entry).size() == block_size);
    CHECK(read_all_entries(TarBuilder{}.entry(entry).end())[0].entry.path == entry.path);
    entry.path += 'c';
    CHECK(encode_header(entry).size() == 3 * block_size);
    CHECK(read_all_entries(TarBuilder{}.entry(entry).end())[0].entry.path == entry.path);
}

TEST_CASE("tars of the host's tar are read in each of its formats", "[image][tar]") {
    const TempDir dir{std::filesystem::temp_directory_path(), "stack-tar-"};
    const std::string long_name(180, 'l');
    write_file(dir.path() / long_name, "long");
    write_file(dir.path() / "a", std::string(100'000, 'x'));
    std::filesystem::create_hard_link(dir.path() / "a", dir.path() / "b");
    std::filesystem::create_symlink(long_name, dir.path() / "c");
    const std::string format = GENERATE("gnu", "pax", "v7", "oldgnu", "ustar");
    if (format == "v7" || format == "ustar") {
        std::filesystem::remove(dir.path() / long_name);
        std::filesystem::remove(dir.path() / "c");
    }
    const auto all =
        read_all_entries(packed_by({"tar", "--format=" + format, "--sort=name", "-cf", "-", "."}, dir.path()));
    REQUIRE(all.size() >= 3);
    CHECK(all[0].entry.type == EntryType::directory);
    CHECK(all[1].entry.path == "./a");
    CHECK(all[1].content == std::string(100'000, 'x'));
    CHECK(all[2].entry.type == EntryType::hard_link);
    CHECK(all[2].entry.link_target == "./a");
    if (all.size() > 3) {
        CHECK(all[3].entry.type == EntryType::symlink);
        CHECK(all[3].entry.link_target == long_name);
        CHECK(all[4].entry.path == "./" + long_name);
    }
}

TEST_CASE("sparse files are read in each of GNU tar's formats", "[image][tar]") {
    const TempDir dir{std::filesystem::temp_directory_path(), "stack-tar-"};
    write_file(dir.path() / "s", "begin");
    std::filesystem::resize_file(dir.path() / "s", 10 << 20);
    const std::string version = GENERATE("gnu", "0.0", "0.1", "1.0");
    std::vector<std::string> argv = {"tar", "-S", "-cf", "-"};
    if (version == "gnu") {
        argv.emplace_back("--format=gnu");
    } else {
        argv.insert(argv.end(), {"--format=pax", "--sparse-version=" + version});
    }
    argv.emplace_back("s");
    const auto all = read_all_entries(packed_by(argv, dir.path()));
    REQUIRE(all.size() == 1);
    CHECK(all[0].entry.path == "s");
    CHECK(all[0].entry.size == 10 << 20);
    REQUIRE_FALSE(all[0].entry.sparse.empty());
    CHECK(all[0].entry.sparse[0].offset == 0);
    CHECK(all[0].content.substr(0, 5) == "begin");
    CHECK(all[0].content.size() < 100'000);
}

TEST_CASE("an observer sees every byte once, contents apart", "[image][tar]") {
    struct Observer final : Sink {
        std::string all;
        std::vector<std::string> payloads;
        void raw(std::string_view bytes) override { all += bytes; }
        void begin_payload(const std::string& path, std::int64_t) override { payloads.push_back(path); }
        void payload(std::string_view bytes) override { all += bytes; }
    };
    const std::string tar =
        TarBuilder{}.file("a", "one").folder("d").file("d/b", std::string(5000, 'z')).end() + std::string(4096, '\0');
    MemoryInput input{tar, 700};
    Observer observer;
    Reader reader{input, &observer};
    while (reader.next()) {
    }
    CHECK(observer.all == tar);
    CHECK(observer.payloads == std::vector<std::string>{"a", "d/b"});
}

TEST_CASE("a broken tar is refused with a sentence", "[image][tar]") {
    const std::string good = TarBuilder{}.file("a", std::string(600, 'x')).end();
    CHECK_THROWS_WITH(read_all_entries("no tar at all" + std::string(1000, 'x')), Catch::Contains("no tar"));
    CHECK_THROWS_WITH(read_all_entries(good.substr(0, 100)), "the tar ends too early");
    CHECK_THROWS_WITH(read_all_entries(good.substr(0, 700)), "the tar ends too early, at 'a'");
    std::string damaged = good;
    damaged[0] = 'b';
    CHECK_THROWS_WITH(read_all_entries(damaged), Catch::Contains("damaged header"));

    Entry entry;
    entry.path = "x";
    entry.type = static_cast<EntryType>('Q');
    CHECK_THROWS_WITH(read_all_entries(TarBuilder{}.entry(entry).end()), Catch::Contains("unknown type 0x51"));

    entry.type = static_cast<EntryType>('x');
    entry.size = 1 << 30;
    CHECK_THROWS_WITH(read_all_entries(TarBuilder{}.entry(entry).end()),
                      Catch::Contains("pax header of 1073741824 bytes"));
    entry.size = 6;
    CHECK_THROWS_WITH(read_all_entries(TarBuilder{}.entry(entry, "99 a=b").end()),
                      Catch::Contains("broken pax header"));
    CHECK_THROWS_WITH(read_all_entries(TarBuilder{}.entry(entry, "0 a=b\n").end()),
                      Catch::Contains("broken pax header"));
    entry.size = 13;
    CHECK_THROWS_WITH(read_all_entries(TarBuilder{}.entry(entry, "13 size=-999\n").end()),
                      Catch::Contains("wrong size"));

    TarBuilder many;
    entry.size = 6;
    for (int i = 0; i < 100; ++i) {
        many.entry(entry, "6 a=b\n");
    }
    CHECK_THROWS_WITH(read_all_entries(many.end()), Catch::Contains("too many extension headers"));
}
