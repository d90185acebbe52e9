#include <cstdio>

#include <fmt/format.h>

#include "cli/image/login_domain.hpp"
#include "cli/verbs.hpp"
#include "image/registry/auth.hpp"

namespace stack::cli {

int logout(Context& /*context*/, const Flags& flags) {
    const std::string domain = login_domain(flags);
    if (image::registry::CredentialStore::from_environment().remove(domain)) {
        fmt::print("Removing login credentials for {}\n", domain);
    } else {
        fmt::print("Not logged in to {}\n", domain);
    }
    return 0;
}

}  // namespace stack::cli
