#include "cli/build_output.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "build/cache_image.hpp"
#include "cli/build_annotations.hpp"
#include "cli/image/image_text.hpp"
#include "cli/image/pulls_view.hpp"
#include "image/archive.hpp"
#include "image/layout_save.hpp"
#include "image/pull.hpp"
#include "image/tree_export.hpp"
#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/text.hpp"
#include "support/whole_file.hpp"

namespace stack::cli {
namespace {

namespace fs = std::filesystem;
using Type = BuildOutput::Type;
using Fields = std::map<std::string, std::string>;

constexpr const char* cache_file = "cache.tar";

/// "a=1,b=2". Quoting is not needed by any value that these flags take.
Fields fields_of(const std::string& text, const char* flag) {
    Fields fields;
    for (const auto field : split(text, ',')) {
        const auto equals = field.find('=');
        if (equals == std::string_view::npos) {
            throw UsageError{fmt::format("invalid value '{}' for {}: expected key=value,...", text, flag)};
        }
        const auto name = field.substr(0, equals);
        // Of annotations the case counts.
        fields[name.starts_with("annotation") ? std::string{name} : to_lower(name)] = field.substr(equals + 1);
    }
    return fields;
}

std::string take(Fields& fields, const char* name) {
    const auto node = fields.extract(name);
    return node ? node.mapped() : "";
}

bool parse_bool(const std::string& text, const char* name) {
    if (text == "true" || text == "1") {
        return true;
    }
    if (text == "false" || text == "0") {
        return false;
    }
    throw UsageError{fmt::format("invalid value '{}' for '{}' in --output: expected true or false", text, name)};
}

void nothing_left(const Fields& fields, const char* flag) {
    if (!fields.empty()) {
        throw UsageError{fmt::format("unknown key '{}' in {}", fields.begin()->first, flag)};
    }
}

Type type_of(const std::string& text) {
    static const std::map<std::string, Type> types{{"image", Type::image},
                                                   {"local", Type::local},
                                                   {"tar", Type::tar},
                                                   {"oci", Type::oci},
                                                   {"docker", Type::docker},
                                                   {"registry", Type::registry},
                                                   {"cacheonly", Type::cache_only}};
    const auto found = types.find(text);
    if (found == types.end()) {
        throw UsageError{fmt::format(
            "unknown type '{}' in --output: expected local, tar, oci, docker, image, registry or cacheonly", text)};
    }
    return found->second;
}

/// Calls `write` with an open file, or with standard output.
template <class Write>
void to_file(const std::string& dest, Write&& write) {
    if (dest == "-") {
        if (::isatty(STDOUT_FILENO) == 1) {
            throw UsageError{"standard output is a terminal: name a file with dest=, or redirect it"};
        }
        write(STDOUT_FILENO);
        return;
    }
    WholeFile file{dest, 0644};
    write(file.fd());
    file.publish();
}

void push_all(const Context& context, const std::vector<std::string>& tags, bool quiet) {
    if (tags.empty()) {
        throw UsageError{"an image without a name cannot be pushed: name it with --tag"};
    }
    const auto failures = transfer_all(
        context, tags, quiet, "Pushing", [&](size_t index, const image::ProgressSink& progress) -> std::string {
            image::ImageStore store{context.paths};
            return "Pushed  " +
                   image::push_image(store, image::parse_reference(tags[index]).with_default_tag(), progress).digest;
        });
    for (const auto& failure : failures) {
        if (failure) {
            std::rethrow_exception(failure);
        }
    }
}

void save_to(const BuildOutput& output, const image::ImageStore& store, const std::vector<std::string>& names,
             image::ArchiveFormat format) {
    if (output.folder) {
        image::save_layout(store, names, output.dest, format);
    } else {
        to_file(output.dest, [&](int fd) { image::save_archive(store, names, fd, format); });
    }
}

void write_output(const Context& context, const BuildOutput& output, const image::ImageStore& store,
                  const image::Image& image, const std::vector<std::string>& tags, bool quiet) {
    std::vector<std::string> names = tags;
    if (names.empty()) {
        names.push_back(image.id);
    }
    switch (output.type) {
        case Type::local:
            image::export_tree(store, image, output.dest);
            break;
        case Type::tar:
            to_file(output.dest, [&](int fd) { image::export_tree_tar(store, image, fd); });
            break;
        case Type::oci:
            save_to(output, store, names, image::ArchiveFormat::oci);
            break;
        case Type::docker:
            if (!output.dest.empty()) {
                save_to(output, store, names, image::ArchiveFormat::docker);
            }
            break;
        case Type::image:
        case Type::registry:
            if (output.push || output.type == Type::registry) {
                push_all(context, tags, quiet);
            }
            break;
        case Type::cache_only:
            break;
    }
}

bool keeps_image(const BuildOutput& output) {
    return output.type == Type::image || output.type == Type::registry ||
           (output.type == Type::docker && output.dest.empty());
}

/// Names under which the stages of a cache lie in a registry: "ref", "ref.1", "ref.2" …
image::Reference cache_name(const image::Reference& reference, size_t index) {
    return index == 0 ? reference : reference.with_tag(fmt::format("{}.{}", reference.tag, index));
}

void import_folder(const Context& context, const fs::path& folder) {
    const UniqueFd file = kernel::open_at(AT_FDCWD, folder / cache_file, O_RDONLY);
    image::ImageStore store{context.paths};
    const Database database{context.paths.database()};
    for (const auto& loaded : image::load_archive(store, file.get())) {
        const auto image = store.find_by_id(loaded.id);
        build::import_cache_image(store, database, *image);
        if (image->references.empty()) {
            store.remove(loaded.id, {.force = true, .users = containers_using_images(context.paths)});
        }
    }
}

void import_registry(const Context& context, const image::Reference& reference) {
    image::ImageStore store{context.paths};
    const Database database{context.paths.database()};
    for (size_t i = 0;; ++i) {
        const auto name = cache_name(reference, i);
        const bool was_here = store.find(name.canonical()).has_value();
        try {
            image::pull_image(store, name);
        } catch (const Error& error) {
            if (i > 0 && error.code() == Errc::not_found) {
                return;
            }
            throw;
        }
        const auto image = store.get(name.canonical());
        const size_t steps = build::import_cache_image(store, database, image);
        if (!was_here) {
            store.remove(name.canonical(), {.users = containers_using_images(context.paths)});
        }
        if (steps == 0) {
            return;
        }
    }
}

}  // namespace

BuildOutput parse_build_output(build::BuildRequest& request, const std::string& text) {
    if (text.find('=') == std::string::npos) {
        return text == "-" ? BuildOutput{.type = Type::tar, .dest = "-"}
                           : BuildOutput{.type = Type::local, .dest = text};
    }
    auto fields = fields_of(text, "--output");
    BuildOutput output;
    output.type = type_of(take(fields, "type"));
    output.dest = take(fields, "dest");
    output.push = take(fields, "push") == "true";
    const std::string names = take(fields, "name");
    for (const auto name : split(names, ',')) {
        if (!name.empty()) {
            request.tags.emplace_back(name);
        }
    }
    const bool archive = output.type == Type::oci || output.type == Type::docker;
    if (const auto tar = take(fields, "tar"); archive && !tar.empty()) {
        output.folder = !parse_bool(tar, "tar");
    } else if (!tar.empty()) {
        fields["tar"] = tar;  // of no other type
    }
    std::erase_if(fields, [&](const auto& field) {
        const bool is_annotation = field.first.starts_with("annotation");
        if (is_annotation) {
            add_output_annotation(request, field.first, field.second);
        }
        return is_annotation;
    });
    nothing_left(fields, "--output");
    if (output.folder && (output.dest.empty() || output.dest == "-")) {
        throw UsageError{fmt::format("--output {} needs dest=FOLDER", text)};
    }
    const bool needs_dest = output.type == Type::local || output.type == Type::tar || output.type == Type::oci;
    if (needs_dest && output.dest.empty()) {
        if (output.type == Type::local) {
            throw UsageError{"--output type=local needs dest=FOLDER"};
        }
        output.dest = "-";
    }
    return output;
}

std::vector<BuildOutput> build_outputs(build::BuildRequest& request, const Flags& flags) {
    std::vector<BuildOutput> outputs;
    for (const auto& text : flags.values("output")) {
        outputs.push_back(parse_build_output(request, text));
    }
    if (flags.on("push")) {
        outputs.push_back({.type = Type::registry, .push = true});
    }
    if (flags.on("load")) {
        outputs.push_back({.type = Type::image});
    }
    return outputs;
}

void write_outputs(const Context& context, const std::vector<BuildOutput>& outputs, const std::string& id,
                   const std::vector<std::string>& tags, bool quiet) {
    if (outputs.empty()) {
        return;
    }
    image::ImageStore store{context.paths};
    const auto held = store.hold();
    const auto image = *store.find_by_id(id);
    for (const auto& output : outputs) {
        write_output(context, output, store, image, tags, quiet);
    }
    if (image.references.empty() && std::ranges::none_of(outputs, keeps_image) &&
        containers_using_images(context.paths)(id).empty()) {
        store.remove(id, {.force = true});
    }
}

void import_build_cache(const Context& context, const std::vector<std::string>& sources, bool quiet) {
    for (const auto& source : sources) {
        auto fields = source.find('=') == std::string::npos ? Fields{{"type", "registry"}, {"ref", source}}
                                                            : fields_of(source, "--cache-from");
        const auto type = take(fields, "type");
        const auto ref = take(fields, "ref");
        const auto src = take(fields, "src");
        if (type != "registry" && type != "local") {
            throw Error{Errc::unsupported, fmt::format("cannot take a build cache from '{}': the types are registry "
                                                       "and local",
                                                       source)};
        }
        nothing_left(fields, "--cache-from");
        try {
            if (type == "local") {
                import_folder(context, src);
            } else {
                import_registry(context, image::parse_reference(ref).with_default_tag());
            }
        } catch (const Error& error) {
            if (!quiet) {
                fmt::print(stderr, "warning: no build cache from '{}': {}\n", source, error.what());
            }
        }
    }
}

void add_cache_export(const Context& context, build::BuildRequest& request, const std::vector<std::string>& targets) {
    for (const auto& target : targets) {
        auto fields = target.find('=') == std::string::npos ? Fields{{"type", "registry"}, {"ref", target}}
                                                            : fields_of(target, "--cache-to");
        const auto type = take(fields, "type");
        const auto ref = take(fields, "ref");
        const auto dest = take(fields, "dest");
        const auto mode = take(fields, "mode");
        if (type != "inline" && type != "registry" && type != "local") {
            throw Error{Errc::unsupported, fmt::format("cannot put a build cache into '{}': the types are inline, "
                                                       "registry and local",
                                                       target)};
        }
        nothing_left(fields, "--cache-to");
        if (!mode.empty() && mode != "min" && mode != "max") {
            throw UsageError{fmt::format("invalid mode '{}' in --cache-to: expected min or max", mode)};
        }
        request.cache_all_stages = request.cache_all_stages || mode == "max";
        const auto before = request.export_cache;
        if (type == "inline") {
            request.inline_cache = true;
        } else if (type == "local") {
            // All stages go into one archive, which is written anew with each that comes.
            request.export_cache = [&context, dest, before,
                                    ids = std::vector<std::string>{}](const std::string& id) mutable {
                if (before) {
                    before(id);
                }
                fs::create_directories(dest);
                const image::ImageStore store{context.paths};
                ids.push_back(id);
                to_file(fs::path{dest} / cache_file, [&](int fd) { save_archive(store, ids, fd); });
            };
        } else {
            const auto reference = image::parse_reference(ref).with_default_tag();
            request.export_cache = [&context, reference, before, index = size_t{0}](const std::string& id) mutable {
                if (before) {
                    before(id);
                }
                image::ImageStore store{context.paths};
                const auto name = cache_name(reference, index++);
                store.tag(id, name);
                image::push_image(store, name);
                store.remove(name.canonical(), {.keep_untagged = true});
            };
        }
    }
}

}  // namespace stack::cli
