#include "build/run_mounts.hpp"

#include <array>
#include <filesystem>

#include <fmt/format.h>

#include "support/byte_size.hpp"
#include "support/text.hpp"

namespace stack::build {
namespace {

using Type = RunMount::Type;

bool truth(const std::string& key, const std::string& value) {
    if (value.empty() || value == "true" || value == "1") {
        return true;
    }
    if (value == "false" || value == "0") {
        return false;
    }
    throw Error(Errc::invalid_input, fmt::format("'{}' of --mount is true or false, not '{}'", key, value));
}

std::uint32_t number(const std::string& key, const std::string& value, int base) {
    const auto parsed = parse_uint(value, base);
    if (!parsed || *parsed > UINT32_MAX) {
        throw Error(Errc::invalid_input, fmt::format("'{}' of --mount needs a number, not '{}'", key, value));
    }
    return static_cast<std::uint32_t>(*parsed);
}

Type type_of(const std::string& name) {
    constexpr std::array<std::pair<std::string_view, Type>, 5> types{{{"bind", Type::bind},
                                                                      {"cache", Type::cache},
                                                                      {"tmpfs", Type::tmpfs},
                                                                      {"secret", Type::secret},
                                                                      {"ssh", Type::ssh}}};
    for (const auto& [word, type] : types) {
        if (word == name) {
            return type;
        }
    }
    throw Error(Errc::invalid_input, fmt::format("unknown type '{}' of --mount", name))
        .hint("one of bind, cache, tmpfs, secret, ssh");
}

void set_option(RunMount& mount, const std::string& key, const std::string& value) {
    constexpr int octal = 8;
    constexpr int decimal = 10;
    if (key == "type") {
        mount.type = type_of(value);
    } else if (key == "target" || key == "dst" || key == "destination") {
        mount.target = value;
    } else if (key == "source" || key == "src") {
        mount.source = value;
    } else if (key == "from") {
        mount.from = value;
    } else if (key == "id") {
        mount.id = value;
    } else if (key == "readonly" || key == "ro") {
        mount.read_only = truth(key, value);
    } else if (key == "readwrite" || key == "rw") {
        mount.read_only = !truth(key, value);
    } else if (key == "required") {
        mount.required = truth(key, value);
    } else if (key == "sharing") {
        mount.sharing = value;
    } else if (key == "mode") {
        mount.mode = number(key, value, octal);
    } else if (key == "uid") {
        mount.uid = number(key, value, decimal);
    } else if (key == "gid") {
        mount.gid = number(key, value, decimal);
    } else if (key == "env") {
        mount.env = value;
    } else if (key == "size") {
        const auto size = parse_byte_size(value);
        if (!size) {
            throw Error(Errc::invalid_input, fmt::format("'{}' is not a size", value));
        }
        mount.size = size->count;
    } else {
        throw Error(Errc::invalid_input, fmt::format("unknown option '{}' of --mount", key));
    }
}

void fill_defaults(RunMount& mount) {
    if (mount.type == Type::secret) {
        if (mount.id.empty()) {
            mount.id = std::filesystem::path{mount.target.empty() ? mount.source : mount.target}.filename();
        }
        if (mount.target.empty() && mount.env.empty()) {
            mount.target = "/run/secrets/" + mount.id;
        }
        return;
    }
    if (mount.type == Type::ssh) {
        mount.id = mount.id.empty() ? "default" : mount.id;
        return;
    }
    if (mount.target.empty()) {
        throw Error(Errc::invalid_input, "--mount needs a target");
    }
    if (mount.type == Type::cache && mount.id.empty()) {
        mount.id = std::filesystem::path{mount.target}.lexically_normal().string();
    }
    if (mount.type == Type::cache && mount.sharing != "shared" && mount.sharing != "private" &&
        mount.sharing != "locked") {
        throw Error(Errc::invalid_input, fmt::format("unknown sharing '{}' of --mount", mount.sharing))
            .hint("one of shared, private, locked");
    }
}

RunMount read_mount(const std::string& text, const WordExpander* expand) {
    RunMount mount;
    // bind is the default, and read-only unless `rw` is said.
    std::string type = "bind";
    for (const auto field : split(text, ',')) {
        if (field.starts_with("type=")) {
            type = field.substr(5);
        }
    }
    mount.read_only = type == "bind";
    for (const auto field : split(text, ',')) {
        const auto equals = field.find('=');
        const auto key = to_lower(trim(field.substr(0, equals)));
        std::string value{equals == std::string_view::npos ? std::string_view{} : field.substr(equals + 1)};
        set_option(mount, key, expand != nullptr ? expand->word(value) : value);
    }
    fill_defaults(mount);
    return mount;
}

}  // namespace

std::vector<RunMount> read_run_mounts(const Instruction& run, const WordExpander* expand) {
    std::vector<RunMount> mounts;
    for (const auto& flag : run.flags) {
        if (flag.name != "mount") {
            continue;
        }
        try {
            mounts.push_back(read_mount(flag.value.value_or(""), expand));
        } catch (Error& error) {
            throw Error{error}.at(run.pos);
        }
    }
    return mounts;
}

}  // namespace stack::build
