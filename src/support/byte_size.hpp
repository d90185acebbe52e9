#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stack {

/// A number of bytes. A type of its own, so that a size is never taken for a count.
struct Bytes {
    std::int64_t count{0};
    friend auto operator<=>(const Bytes&, const Bytes&) = default;
};

/// "64m", "1.5 GiB", "512", "2gb": units are powers of 1024, any case, `b`/`ib` optional
/// (compose-spec 11-extension "Specifying byte values"). nullopt on anything else and out of range.
std::optional<Bytes> parse_byte_size(std::string_view text);

/// Decimal units with at most three digits, as `docker images` prints them: "1.09GB", "77.8MB", "13.3kB", "0B".
std::string format_decimal_size(Bytes size);
/// Binary units as `docker stats` prints them: "15.63GiB", "7.6MiB".
std::string format_binary_size(Bytes size);

}  // namespace stack
