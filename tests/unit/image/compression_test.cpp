#include "image/compression.hpp"

#include <catch2/catch.hpp>

#include "support/error.hpp"
#include "support/process.hpp"

using namespace stack;
using namespace stack::image;

namespace {

std::string decompress(const std::string& bytes, size_t step = 100) {
    const auto decompressor = Decompressor::make(detect_compression(bytes));
    std::string out;
    for (size_t at = 0; at < bytes.size(); at += step) {
        decompressor->feed(std::string_view{bytes}.substr(at, step), [&](std::string_view some) { out += some; });
    }
    decompressor->finish();
    return out;
}

std::string compressed_by(const std::string& program, const std::string& text) {
    return run_process({.argv = {program, "-c"}, .input = text, .capture_output = true}).output;
}

std::string long_text() {
    std::string text;
    for (int i = 0; i < 100'000; ++i) {
        text += std::to_string(i * 7919) + '\n';
    }
    return text;
}

}  // namespace

TEST_CASE("what the host's programs compress is decompressed", "[image][compression]") {
    const std::string program = GENERATE("gzip", "zstd", "xz", "bzip2");
    const size_t step = GENERATE(1'000, 1'000'000);
    const std::string text = long_text();
    const std::string compressed = compressed_by(program, text);
    CHECK(detect_compression(compressed) != Compression::none);
    CHECK(decompress(compressed, step) == text);
    CHECK(decompress(compressed + compressed, step) == text + text);
    CHECK_THROWS_AS(decompress(compressed.substr(0, compressed.size() / 2), step), Error);
    std::string damaged = compressed;
    damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x55);
    damaged[damaged.size() / 2 + 1] = static_cast<char>(damaged[damaged.size() / 2 + 1] ^ 0x55);
    CHECK_THROWS_AS(decompress(damaged, step), Error);
}

TEST_CASE("nothing is nothing in each format", "[image][compression]") {
    const std::string program = GENERATE("gzip", "zstd", "xz", "bzip2");
    CHECK(decompress(compressed_by(program, "")).empty());
}

TEST_CASE("what we compress comes back, and always as the same bytes", "[image][compression]") {
    const Compression format = GENERATE(Compression::gzip, Compression::zstd);
    const std::string text = long_text();
    const auto compress = [&] {
        const auto compressor = Compressor::make(format);
        std::string out;
        const auto take = [&](std::string_view some) { out += some; };
        compressor->feed(text, take);
        compressor->finish(take);
        return out;
    };
    CHECK(detect_compression(compress()) == format);
    CHECK(decompress(compress()) == text);
    CHECK(compress() == compress());
}
