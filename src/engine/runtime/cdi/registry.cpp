#include "engine/runtime/cdi/registry.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>

#include <fmt/format.h>

#include "engine/runtime/cdi/document.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

namespace stack::runtime::cdi {
namespace {

namespace fs = std::filesystem;

constexpr size_t most_files = 1000;     // of one folder
constexpr size_t most_names_told = 10;  // in one message

}  // namespace

std::vector<fs::path> folders() {
    const char* given = std::getenv("STACK_CDI_DIRS");
    if (given == nullptr || *given == '\0') {
        return {"/etc/cdi", "/var/run/cdi"};
    }
    std::vector<fs::path> out;
    for (const std::string_view folder : split(given, ':')) {
        if (!folder.empty()) {
            out.emplace_back(folder);
        }
    }
    return out;
}

Registry::Registry(const std::vector<fs::path>& folders) : folders_{folders} {
    for (const fs::path& folder : folders_) {
        read_folder(folder);
    }
}

void Registry::read_folder(const fs::path& folder) {
    std::vector<Spec>& specs = specs_.emplace_back();
    std::vector<fs::path> files;
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(folder, missing)) {
        const std::string extension = entry.path().extension();
        if (files.size() < most_files && (extension == ".json" || extension == ".yaml") && entry.is_regular_file()) {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
        try {
            specs.push_back(parse_spec(read_file(file, most_bytes), file));
        } catch (const Error& error) {
            problems_.emplace_back(error.what());
        }
    }
}

Registry::Found Registry::device(std::string_view name) const {
    const size_t equals = name.find('=');
    if (equals == std::string_view::npos || name.find('/') >= equals) {
        throw Error(Errc::invalid_input, fmt::format("'{}' is no CDI device", abbreviate(std::string{name}, 100)))
            .hint("write vendor.com/class=name");
    }
    for (auto specs = specs_.rbegin(); specs != specs_.rend(); ++specs) {
        Found found;
        for (const Spec& spec : *specs) {
            const Device* device = spec.kind == name.substr(0, equals) ? spec.find(name.substr(equals + 1)) : nullptr;
            if (device != nullptr && found.device != nullptr) {
                throw Error(Errc::conflict, fmt::format("the CDI device '{}' stands in '{}' and in '{}'", name,
                                                        found.spec->file, spec.file))
                    .hint("remove one of these files");
            }
            if (device != nullptr) {
                found = {&spec, device};
            }
        }
        if (found.device != nullptr) {
            return found;
        }
    }
    throw Error(Errc::not_found, fmt::format("this host has no CDI device '{}'", abbreviate(std::string{name}, 100)))
        .hint(describe());
}

std::vector<std::string> Registry::kinds_of_class(std::string_view device_class) const {
    std::set<std::string> kinds;
    for (const auto& specs : specs_) {
        for (const Spec& spec : specs) {
            if (spec.device_class() == device_class) {
                kinds.insert(spec.kind);
            }
        }
    }
    return {kinds.begin(), kinds.end()};
}

std::string Registry::describe() const {
    std::vector<std::string> names, places;
    for (const auto& specs : specs_) {
        for (const Spec& spec : specs) {
            for (const Device& device : spec.devices) {
                names.push_back(spec.kind + "=" + device.name);
            }
        }
    }
    for (const fs::path& folder : folders_) {
        places.push_back(folder);
    }
    std::string text = fmt::format("the files in {} ", join(places, " and "));
    if (names.empty()) {
        text += "describe no device; vendors' tools write them, such as nvidia-ctk cdi generate";
    } else {
        const size_t more = names.size() > most_names_told ? names.size() - most_names_told : 0;
        names.resize(names.size() - more);
        text += fmt::format("have {}{}", join(names, ", "), more == 0 ? "" : fmt::format(" and {} more", more));
    }
    if (!problems_.empty()) {
        text += fmt::format("; {}", problems_.front());
    }
    return text;
}

}  // namespace stack::runtime::cdi
