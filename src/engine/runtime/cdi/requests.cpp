#include "engine/runtime/cdi/requests.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::runtime::cdi {
namespace {

using desired::DeviceRequest;

constexpr const char* preferred_vendor = "nvidia.com/";

/// Only these are classes of devices; the others (utility, compute …) say which of a driver's libraries are wanted.
std::string class_of(const DeviceRequest& request) {
    const auto& words = request.capabilities;
    if (words.empty() || std::find(words.begin(), words.end(), "gpu") != words.end()) {
        return "gpu";
    }
    return words.front();
}

std::string kind_of(const DeviceRequest& request, const Registry& registry) {
    const std::string device_class = class_of(request);
    if (request.driver.find('/') != std::string::npos) {
        return request.driver;
    }
    std::vector<std::string> kinds = registry.kinds_of_class(device_class);
    if (!request.driver.empty()) {
        const std::string vendor =
            request.driver.find('.') == std::string::npos ? request.driver + ".com/" : request.driver + "/";
        std::erase_if(kinds, [&](const std::string& kind) { return !kind.starts_with(vendor); });
    }
    if (kinds.empty()) {
        const std::string driver = request.driver.empty() ? "" : fmt::format(" of driver '{}'", request.driver);
        throw Error(Errc::not_found,
                    fmt::format("no device of class '{}'{} can be given to the container: no CDI file describes one",
                                device_class, driver))
            .hint(registry.describe() + "; or name the device nodes under 'devices:'");
    }
    const auto preferred = std::find_if(kinds.begin(), kinds.end(),
                                        [](const std::string& kind) { return kind.starts_with(preferred_vendor); });
    if (preferred != kinds.end()) {
        return *preferred;
    }
    if (kinds.size() > 1) {
        throw Error(Errc::conflict, fmt::format("devices of class '{}' are there of several vendors: {}", device_class,
                                                join(kinds, ", ")))
            .hint("say which with 'driver', or name the device: vendor.com/class=name");
    }
    return kinds.front();
}

}  // namespace

std::vector<std::string> device_names(const std::vector<DeviceRequest>& requests, const Registry& registry) {
    std::vector<std::string> names;
    const auto add = [&](std::string name) {
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            names.push_back(std::move(name));
        }
    };
    for (const DeviceRequest& request : requests) {
        const auto is_full_name = [](const std::string& id) { return id.find('=') != std::string::npos; };
        if (!request.ids.empty() && std::all_of(request.ids.begin(), request.ids.end(), is_full_name)) {
            std::for_each(request.ids.begin(), request.ids.end(), add);
            continue;
        }
        const std::string kind = kind_of(request, registry);
        for (const std::string& id : request.ids) {
            add(is_full_name(id) ? id : kind + "=" + id);
        }
        if (request.ids.empty() && request.count <= 0) {
            add(kind + "=all");
        }
        for (int i = 0; request.ids.empty() && i < request.count; ++i) {
            add(fmt::format("{}={}", kind, i));
        }
    }
    return names;
}

}  // namespace stack::runtime::cdi
