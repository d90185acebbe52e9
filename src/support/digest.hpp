#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace stack {

std::string to_hex(std::string_view bytes);

/// SHA-256, fed in pieces.
class Sha256 {
public:
    Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    ~Sha256();
    void update(std::string_view bytes);
    /// 64 hex digits. The object is used up.
    std::string finish_hex();

private:
    struct Context;
    std::unique_ptr<Context> context_;
};

/// 64 hex digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace stack
