#include <cstdio>
#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "cli/build_annotations.hpp"
#include "cli/build_context.hpp"
#include "cli/build_output.hpp"
#include "cli/build_sources.hpp"
#include "cli/build_view.hpp"
#include "cli/verbs.hpp"
#include "engine/runtime/launch.hpp"
#include "image/reference.hpp"
#include "support/byte_size.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

namespace stack::cli {
namespace {

void add_ulimit(build::BuildRequest& request, const std::string& text) {
    const auto equals = text.find('=');
    const auto colon = text.find(':', equals);
    const auto soft =
        equals == std::string::npos ? std::nullopt : parse_int(text.substr(equals + 1, colon - equals - 1));
    const auto hard = colon == std::string::npos ? soft : parse_int(text.substr(colon + 1));
    if (!soft || !hard) {
        throw UsageError{fmt::format("invalid value '{}' for --ulimit: expected name=soft[:hard]", text)};
    }
    request.ulimits.push_back({text.substr(0, equals), *soft, *hard});
}

/// Flags that would change the image or the build, and that nothing here does.
void check_refused(const Flags& flags) {
    if (flags.on("squash")) {
        throw Error{Errc::unsupported, "--squash is not supported"}.hint(
            "copy what you need into a last stage FROM it");
    }
    for (const char* name : {"attest", "cgroup-parent", "security-opt"}) {
        if (flags.given(name)) {
            throw Error{Errc::unsupported, fmt::format("--{} is not supported", name)};
        }
    }
    for (const char* name : {"provenance", "sbom"}) {
        const auto wish = flags.value_or(name, "false");
        if (wish != "false" && wish != "0" && wish != "disabled=true") {
            fmt::print(stderr, "warning: --{}: no attestation is made\n", name);
        }
    }
    const auto isolation = flags.value_or("isolation", "default");
    if (isolation != "default" && !isolation.empty()) {
        throw Error{Errc::unsupported, fmt::format("--isolation {} is for Windows containers", isolation)};
    }
}

void read_limits(build::BuildRequest& request, const Flags& flags) {
    const auto whole = [&](const char* name) { return std::int64_t{flags.number(name).value_or(0)}; };
    auto& limits = request.resources;
    limits.cpu_shares = whole("cpu-shares");
    limits.cpu_period_us = whole("cpu-period");
    limits.cpu_quota_us = whole("cpu-quota");
    limits.cpuset_cpus = flags.value_or("cpuset-cpus", "");
    limits.cpuset_mems = flags.value_or("cpuset-mems", "");
    if (const auto swap = flags.value("memory-swap")) {
        const auto bytes = parse_byte_size(*swap);
        if (!bytes && *swap != "-1") {
            throw UsageError{fmt::format("invalid value '{}' for --memory-swap", *swap)};
        }
        limits.memory_swap = bytes ? bytes->count : -1;
    }
}

/// --file counts from the working directory, as with docker; what is not there is looked for in the context.
std::string dockerfile_of(const Flags& flags) {
    const auto file = flags.value_or("file", "");
    const bool found = !file.empty() && file != "-" && std::filesystem::is_directory(flags.words().at(0)) &&
                       std::filesystem::exists(file);
    return found ? std::filesystem::absolute(file).string() : file;
}

build::BuildRequest request_from(const Context& context, const Flags& flags) {
    build::BuildRequest request;
    check_refused(flags);
    read_build_context(context.paths, request, flags.words().at(0), dockerfile_of(flags));
    read_common_flags(request, flags);
    request.platform = one_platform(flags.values("platform"));  // contexts are for it, too
    for (const auto& text : flags.values("secret")) {
        add_secret(request, text);
    }
    for (const auto& text : flags.values("build-context")) {
        const auto equals = text.find('=');
        if (equals == std::string::npos) {
            throw UsageError{fmt::format("invalid value '{}' for --build-context: expected name=value", text)};
        }
        add_context(context.paths, request, text.substr(0, equals), text.substr(equals + 1));
    }
    for (const auto& text : flags.values("label")) {
        const auto equals = text.find('=');
        request.labels[text.substr(0, equals)] = equals == std::string::npos ? "" : text.substr(equals + 1);
    }
    for (const auto& text : flags.values("ulimit")) {
        add_ulimit(request, text);
    }
    if (const auto size = flags.value("shm-size")) {
        const auto bytes = parse_byte_size(*size);
        if (!bytes) {
            throw UsageError{fmt::format("invalid value '{}' for --shm-size", *size)};
        }
        request.shm_size = bytes->count;
    }
    for (const auto& text : flags.values("annotation")) {
        add_annotation(request, text);
    }
    request.tags = flags.values("tag");
    request.target = flags.value_or("target", "");
    request.network = flags.value_or("network", "");
    request.extra_hosts = flags.values("add-host");
    request.no_cache_stages = flags.values("no-cache-filter");
    request.shell_on_error = flags.on("shell-on-error");
    if (request.shell_on_error && ::isatty(STDIN_FILENO) != 1) {
        throw UsageError{"--shell-on-error needs a terminal"};
    }
    for (const auto& text : flags.values("allow")) {
        add_entitlement(request, text);
    }
    read_limits(request, flags);
    return request;
}

/// What `docker buildx build` tells of an image that its own store has: there, too, its digest is its id.
std::string metadata_of(const std::string& id, const std::vector<std::string>& tags) {
    nlohmann::json metadata{{"containerimage.config.digest", id}, {"containerimage.digest", id}};
    if (!tags.empty()) {
        std::vector<std::string> names;
        for (const auto& tag : tags) {
            names.push_back(image::parse_reference(tag).with_default_tag().canonical());
        }
        metadata["image.name"] = join(names, ",");
    }
    return metadata.dump(2) + "\n";
}

}  // namespace

int image_build(Context& context, const Flags& flags) {
    runtime::ensure_sealed_program(context.argv);
    auto request = request_from(context, flags);
    if (flags.on("check")) {
        return check_dockerfile(context, request);
    }
    context.progress = build_progress(flags, context.progress);
    const bool quiet = flags.on("quiet");
    import_build_cache(context, flags.values("cache-from"), quiet);
    add_cache_export(context, request, flags.values("cache-to"));
    const auto outputs = build_outputs(request, flags);
    const auto tags = request.tags;
    const auto id = build_and_show(context, std::move(request), {}, quiet);
    write_outputs(context, outputs, id, tags, quiet);
    if (const auto file = flags.value("iidfile")) {
        replace_file(*file, id);
    }
    if (const auto file = flags.value("metadata-file")) {
        replace_file(*file, metadata_of(id, tags));
    }
    if (quiet) {
        fmt::print("{}\n", id);
    }
    return 0;
}

}  // namespace stack::cli
