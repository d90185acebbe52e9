#include "cli/build_annotations.hpp"

#include <fmt/format.h>

#include "cli/flags.hpp"
#include "image/config.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::cli {
namespace {

/// "manifest[linux/amd64]" without its platform; false if that is not the one that is built.
bool take_platform(const build::BuildRequest& request, std::string& type) {
    const auto bracket = type.find('[');
    if (bracket == std::string::npos) {
        return true;
    }
    if (!type.ends_with(']')) {
        throw UsageError{fmt::format("invalid annotation type '{}': expected TYPE or TYPE[PLATFORM]", type)};
    }
    const auto wanted = image::parse_platform(type.substr(bracket + 1, type.size() - bracket - 2));
    type.resize(bracket);
    const auto built = request.platform.empty() ? image::host_platform() : image::parse_platform(request.platform);
    return to_string(wanted) == to_string(built);
}

void add_one(build::BuildRequest& request, std::string type, const std::string& key, const std::string& value) {
    const bool counts = take_platform(request, type);
    if (type == "index" || type == "index-descriptor") {
        throw Error{Errc::unsupported,
                    fmt::format("annotation '{}' has no place: an image here is for one platform and "
                                "has no {}",
                                key, type)}
            .hint("write manifest:KEY=VALUE, or manifest-descriptor:KEY=VALUE");
    }
    if (type != "manifest" && type != "manifest-descriptor") {
        throw UsageError{fmt::format("unknown annotation type '{}': there are manifest and manifest-descriptor", type)};
    }
    if (counts) {
        auto& annotations = request.annotations;
        (type == "manifest" ? annotations.manifest : annotations.descriptor)[key] = value;
    }
}

}  // namespace

void add_annotation(build::BuildRequest& request, const std::string& text) {
    const auto equals = text.find('=');
    const auto colon = text.substr(0, equals).find(':');
    const auto key = text.substr(0, equals).substr(colon == std::string::npos ? 0 : colon + 1);
    if (equals == std::string::npos || key.empty()) {
        throw UsageError{fmt::format("invalid annotation '{}': expected KEY=VALUE", text)};
    }
    const auto types = colon == std::string::npos ? "manifest" : text.substr(0, colon);
    for (const auto type : split(types, ',')) {
        add_one(request, std::string{type}, key, text.substr(equals + 1));
    }
}

void add_output_annotation(build::BuildRequest& request, const std::string& key, const std::string& value) {
    const auto dot = key.find('.');
    const auto dash = key.find('-');
    const auto type = dash < dot ? key.substr(dash + 1, dot - dash - 1) : "manifest";
    if (dot == std::string::npos || dot + 1 == key.size()) {
        throw UsageError{fmt::format("invalid key '{}' in --output: expected annotation.KEY=VALUE", key)};
    }
    add_one(request, type, key.substr(dot + 1), value);
}

}  // namespace stack::cli
