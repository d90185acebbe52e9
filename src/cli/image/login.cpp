#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include "cli/image/login_domain.hpp"
#include "cli/verbs.hpp"
#include "image/registry/client.hpp"
#include "image/registry/settings.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

namespace stack::cli {
namespace {

/// Keys are not shown while this lives.
class NoEcho {
public:
    NoEcho() {
        ::tcgetattr(STDIN_FILENO, &old_);
        termios quiet = old_;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    NoEcho(const NoEcho&) = delete;
    NoEcho& operator=(const NoEcho&) = delete;
    ~NoEcho() { ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &old_); }

private:
    termios old_{};
};

std::string ask(const char* question) {
    if (::isatty(STDIN_FILENO) != 1) {
        throw UsageError{"standard input is no terminal: use --username and --password-stdin"};
    }
    fmt::print("{}", question);
    std::fflush(stdout);
    std::string answer;
    char* line = nullptr;
    size_t room = 0;
    const ssize_t length = ::getline(&line, &room, stdin);
    if (length > 0) {
        answer.assign(line, static_cast<size_t>(line[length - 1] == '\n' ? length - 1 : length));
    }
    std::free(line);
    return answer;
}

std::string ask_password() {
    const NoEcho quiet;
    std::string password = ask("Password: ");
    fmt::print("\n");
    return password;
}

std::string read_password(const Flags& flags) {
    if (flags.on("password-stdin")) {
        if (flags.given("password")) {
            throw UsageError{"--password and --password-stdin exclude each other"};
        }
        std::string password = read_all(STDIN_FILENO, "standard input", 1 << 20);
        while (password.ends_with('\n') || password.ends_with('\r')) {
            password.pop_back();
        }
        return password;
    }
    if (!flags.given("password")) {
        return ask_password();
    }
    fmt::print(stderr, "WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
    return flags.value_or("password", "");
}

void check(const std::string& domain, const image::registry::Credentials& credentials) {
    const auto settings = image::registry::Settings::from_environment().of(domain);
    image::registry::Client{domain, settings, credentials}.check_access();
}

/// Who is logged in already is not asked again, as long as the registry takes it.
bool known_are_good(const image::registry::CredentialStore& store, const std::string& domain) {
    const auto known = store.find(domain);
    if (!known) {
        return false;
    }
    fmt::print("Authenticating with existing credentials...\n");
    try {
        check(domain, *known);
        return true;
    } catch (const Error& error) {
        if (error.code() != Errc::permission) {
            throw;
        }
        fmt::print(stderr, "Login did not succeed, error: {}\n", error.what());
        return false;
    }
}

}  // namespace

int login(Context& /*context*/, const Flags& flags) {
    const std::string domain = login_domain(flags);
    if (flags.on("password-stdin") && !flags.given("username")) {
        throw UsageError{"--password-stdin needs --username"};
    }
    const auto store = image::registry::CredentialStore::from_environment();
    const bool asks = !flags.given("username") && !flags.given("password");
    if (!asks || !known_are_good(store, domain)) {
        image::registry::Credentials credentials;
        credentials.user = flags.given("username") ? flags.value_or("username", "") : ask("Username: ");
        credentials.password = read_password(flags);
        check(domain, credentials);
        if (store.save(domain, credentials) == image::registry::Kept::in_the_file) {
            fmt::print(stderr,
                       "WARNING! Your password will be stored unencrypted in {}.\n"
                       "Configure a credential helper (credsStore, credHelpers) to remove this warning.\n",
                       store.file().string());
        }
    }
    fmt::print("Login Succeeded\n");
    return 0;
}

}  // namespace stack::cli
