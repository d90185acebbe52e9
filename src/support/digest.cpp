#include "support/digest.hpp"

#include <array>

// The functions on SHA256_CTX, not EVP: the first use of EVP reads openssl.cnf, loads the providers and enters every
// algorithm that OpenSSL knows into tables, which was two fifths of what a build whose steps are all cached computes.
// They are the same code with the processor's SHA instructions; deprecated since 3.0, not removed.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

namespace stack {

std::string to_hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    hex.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        hex += digits[byte >> 4U];
        hex += digits[byte & 15U];
    }
    return hex;
}

struct Sha256::Context {
    SHA256_CTX sha{};
};

Sha256::Sha256() : context_{std::make_unique<Context>()} {
    SHA256_Init(&context_->sha);
}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(std::string_view bytes) {
    SHA256_Update(&context_->sha, bytes.data(), bytes.size());
}

std::string Sha256::finish_hex() {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> raw{};
    SHA256_Final(raw.data(), &context_->sha);
    return to_hex({reinterpret_cast<const char*>(raw.data()), raw.size()});
}

std::string sha256_hex(std::string_view bytes) {
    Sha256 sha;
    sha.update(bytes);
    return sha.finish_hex();
}

}  // namespace stack
