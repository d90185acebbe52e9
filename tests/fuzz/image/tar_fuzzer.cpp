// Layer tars: any bytes give entries or a sentence; every byte is seen once, no content is longer than its entry says.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "image/tar/reader.hpp"
#include "support/error.hpp"

using namespace stack;
using namespace stack::image::tar;

namespace {

/// Gives the bytes in pieces whose length the input itself decides: headers are cut everywhere.
class Pieces final : public Input {
public:
    explicit Pieces(std::string_view bytes) : bytes_{bytes}, step_{bytes.empty() ? 1U : 1U + (bytes.back() & 0xffU)} {}
    std::string_view next() override {
        const auto piece = bytes_.substr(0, step_);
        bytes_.remove_prefix(piece.size());
        return piece;
    }

private:
    std::string_view bytes_;
    size_t step_;
};

class Counter final : public Sink {
public:
    void raw(std::string_view bytes) override { seen += bytes.size(); }
    void begin_payload(const std::string&, std::int64_t) override {}
    void payload(std::string_view bytes) override { seen += bytes.size(); }
    size_t seen{0};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    Pieces input{bytes};
    Counter counter;
    Reader reader{input, &counter};
    try {
        for (int number = 0; auto entry = reader.next(); ++number) {
            std::int64_t got = 0;
            if (number % 2 == 0) {
                reader.content([&](std::string_view piece) { got += static_cast<std::int64_t>(piece.size()); });
            }
            if (got > entry->stored_size || entry->size < 0 || entry->path.size() > size) {
                std::abort();
            }
        }
        if (counter.seen != size) {
            std::abort();
        }
    } catch (const Error& error) {
        if (error.code() != Errc::invalid_input || counter.seen > size) {
            std::abort();
        }
    }
    return 0;
}
