#include <cstdio>

#include <fmt/format.h>

#include "cli/build_sources.hpp"
#include "cli/build_view.hpp"
#include "cli/verbs.hpp"
#include "engine/runtime/launch.hpp"
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

build::BuildRequest request_from(const Flags& flags) {
    build::BuildRequest request;
    read_build_folder(request, flags.words().at(0), flags.value_or("file", ""));
    read_common_flags(request, flags);
    for (const auto& text : flags.values("secret")) {
        add_secret(request, text);
    }
    for (const auto& text : flags.values("build-context")) {
        const auto equals = text.find('=');
        if (equals == std::string::npos) {
            throw UsageError{fmt::format("invalid value '{}' for --build-context: expected name=value", text)};
        }
        add_context(request, text.substr(0, equals), text.substr(equals + 1));
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
    request.tags = flags.values("tag");
    request.target = flags.value_or("target", "");
    request.network = flags.value_or("network", "");
    request.extra_hosts = flags.values("add-host");
    request.no_cache_stages = flags.values("no-cache-filter");
    return request;
}

}  // namespace

int image_build(Context& context, const Flags& flags) {
    runtime::ensure_sealed_program(context.argv);
    auto request = request_from(flags);
    if (flags.on("check")) {
        return check_dockerfile(request);
    }
    context.progress = build_progress(flags, context.progress);
    const auto id = build_and_show(context, std::move(request), {}, flags.on("quiet"));
    if (const auto file = flags.value("iidfile")) {
        replace_file(*file, id);
    }
    if (flags.on("quiet")) {
        fmt::print("{}\n", id);
    }
    return 0;
}

}  // namespace stack::cli
