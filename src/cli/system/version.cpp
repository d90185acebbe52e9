#include "cli/version.hpp"

#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/utsname.h>

#include "cli/template.hpp"
#include "cli/verbs.hpp"

namespace stack::cli {

std::string docker_architecture(std::string_view machine) {
    if (machine == "x86_64") {
        return "amd64";
    }
    return std::string{machine == "aarch64" ? "arm64" : machine};
}

namespace {

/// `docker version` shows two programs; here both are this one.
void print_both_sides(const utsname& host) {
    for (const char* side : {"Client", "Server"}) {
        fmt::print("{}: stack\n Version:    {}\n Compiler:   {}\n OS/Arch:    linux/{}\n Kernel:     {}\n", side,
                   version, compiler, docker_architecture(host.machine), host.release);
    }
}

/// The fields that scripts read: `docker version --format '{{.Server.Version}}'`.
nlohmann::json both_sides(const utsname& host) {
    nlohmann::json side{{"Platform", {{"Name", "stack"}}},
                        {"Version", version},
                        {"Os", "linux"},
                        {"Arch", docker_architecture(host.machine)}};
    nlohmann::json server = side;
    server["KernelVersion"] = host.release;
    side["Context"] = "default";
    return {{"Client", side}, {"Server", server}};
}

std::string one_line(const Context& context) {
    switch (context.persona) {
        case Persona::docker:
            return fmt::format("Docker version {}, build stack", version);
        case Persona::docker_compose:
            return fmt::format("Docker Compose version v{}", version);
        case Persona::stack:
            break;
    }
    return fmt::format("stack version {}", version);
}

}  // namespace

int print_version_line(const Context& context) {
    fmt::print("{}\n", one_line(context));
    return 0;
}

int print_version(Context& context, const Flags& flags) {
    const std::string format = flags.value_or("format", "pretty");
    if (flags.on("short")) {
        fmt::print("{}\n", version);
    } else if (context.persona == Persona::docker && format != "pretty") {
        utsname host{};
        check(uname(&host), [] { return std::string{"uname"}; });
        fmt::print("{}\n", render_template(format == "json" ? "{{json .}}" : format, both_sides(host)));
    } else if (format == "json") {
        fmt::print("{{\"version\":\"v{}\"}}\n", version);
    } else if (format != "pretty") {
        throw Error{Errc::invalid_input,
                    fmt::format("invalid value '{}' for --format: expected pretty or json", format)};
    } else if (context.persona == Persona::docker) {
        utsname host{};
        check(uname(&host), [] { return std::string{"uname"}; });
        print_both_sides(host);
    } else {
        print_version_line(context);
    }
    return 0;
}

}  // namespace stack::cli
