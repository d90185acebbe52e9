#include "compose/extends.hpp"

#include <map>

#include <fmt/format.h>

#include "compose/limits.hpp"
#include "compose/merge.hpp"
#include "compose/resolve_paths.hpp"
#include "support/text.hpp"

namespace stack::compose {

namespace {

std::vector<std::string> keys_of(const Node& mapping) {
    std::vector<std::string> keys;
    for (const Member& member : mapping.members()) {
        keys.push_back(member.key);
    }
    return keys;
}

/// One file whose services are extended: its document, and which of its services are done.
struct SourceFile {
    std::filesystem::path file;
    std::filesystem::path directory;
    Node own_document;
    Node* document{nullptr};
    std::map<std::string, bool, std::less<>> done;  // false: under way

    Node* services() const { return document == nullptr ? nullptr : document->find("services"); }
};

/// A service that extends another, on the way to the one that extends nothing.
struct Visit {
    SourceFile* source{nullptr};
    std::string service;
};

class Extender {
public:
    Extender(LoadContext& context, const Environment& environment) : context_{context}, environment_{environment} {}

    void all(Node& document, const std::filesystem::path& file, const std::filesystem::path& directory) {
        SourceFile& main = sources_[file];
        main.file = file;
        main.directory = directory;
        main.document = &document;
        main_directory_ = directory;
        Node* services = main.services();
        if (services == nullptr || !services->is_mapping()) {
            return;
        }
        for (const std::string& name : keys_of(*services)) {
            resolve(main, name);
        }
    }

private:
    // Steps are followed by a loop, not by recursion: chains may be long.
    void resolve(SourceFile& source, const std::string& name) {
        std::vector<Visit> chain;
        SourceFile* at = &source;
        std::string service = name;
        while (true) {
            if (const auto known = at->done.find(service); known != at->done.end()) {
                if (!known->second) {
                    report_cycle(chain, *at, service);
                    give_up(chain);
                    return;
                }
                break;
            }
            Node* node = at->services()->find(service);
            if (node == nullptr || !node->is_mapping() || !node->has("extends")) {
                at->done[service] = true;
                break;
            }
            if (chain.size() >= limits::extends_depth) {
                context_.findings.error(
                    node->find_member("extends")->key_mark, Path{} / "services" / service,
                    fmt::format("service '{}' extends others over more than {} steps", name, limits::extends_depth));
                give_up(chain);
                return;
            }
            chain.push_back({at, service});
            at->done[service] = false;
            const std::string from = service;
            SourceFile* next = base_of(*at, *node, from, service);
            if (next == nullptr) {
                give_up(chain);
                return;
            }
            at = next;
        }
        merge_back(chain, *at, service);
    }

    // After a finding the services keep their `extends`: the checks then do not miss what the other service would give.
    static void give_up(const std::vector<Visit>& chain) {
        for (const Visit& visit : chain) {
            visit.source->done[visit.service] = true;
        }
    }

    void merge_back(const std::vector<Visit>& chain, SourceFile& last, const std::string& last_service) {
        const SourceFile* base_file = &last;
        std::string base_name = last_service;
        for (std::size_t i = chain.size(); i-- > 0;) {
            SourceFile& derived_file = *chain[i].source;
            const std::string& name = chain[i].service;
            Node* derived = derived_file.services()->find(name);
            const Node* base = base_file->services() == nullptr ? nullptr : base_file->services()->find(base_name);
            if (derived->has("extends") && base != nullptr && base->is_mapping()) {
                if (!count_nodes(context_, base->count(), derived->find_member("extends")->key_mark,
                                 Path{} / "services" / name)) {
                    return;
                }
                Node merged = *base;
                if (base_file != &derived_file) {
                    relocate(merged, *base_file, name);
                }
                derived->erase("extends");
                Node own = std::move(*derived);
                merged.mark = own.mark;
                static const std::string services = "services";
                const Path root;
                const Path section = root / services;
                merge(merged, std::move(own), section / name, context_.findings);
                *derived = std::move(merged);
            } else {
                keep_reference(*derived, derived_file);
            }
            derived_file.done[name] = true;
            base_file = &derived_file;
            base_name = name;
        }
    }

    // Of a service that says nothing there is nothing to merge: `extends` stays in the model, as docker compose has it.
    void keep_reference(Node& derived, const SourceFile& source) const {
        Node* extends = derived.find("extends");
        Node* file = extends == nullptr ? nullptr : extends->find("file");
        if (file != nullptr && context_.options.resolve_paths) {
            file->text = resolve_path(file->text, source.directory, context_.home);
        }
    }

    // Paths of another file's service are relative to that file.
    void relocate(Node& service, const SourceFile& from, const std::string& name) {
        Node document = Node::mapping();
        Node services = Node::mapping();
        services.set(name, std::move(service));
        document.set("services", std::move(services));
        // Without path resolution the paths stay relative, now to the project's folder.
        const std::filesystem::path folder =
            context_.options.resolve_paths ? from.directory : from.directory.lexically_relative(main_directory_);
        resolve_paths(document, folder, context_.home);
        service = std::move(*document.find("services")->find(name));
    }

    /// The file of the service that `node` extends, and its name in `service`; nullptr after a finding.
    SourceFile* base_of(SourceFile& at, const Node& node, const std::string& from, std::string& service) {
        const Node& extends = *node.find("extends");
        const Path root;
        const Path section = root / "services";
        const Path owner = section / from;
        const Path path = owner / "extends";
        const Node* base = extends.is_mapping() ? extends.find("service") : &extends;
        const Node* file = extends.find("file");
        if (base == nullptr || !base->is_string() || (file != nullptr && !file->is_string())) {
            context_.findings.error(extends.mark, path,
                                    fmt::format("'extends' of service '{}' does not name a service", from),
                                    "write 'extends: NAME', or 'service: NAME' with 'file: PATH' below it");
            return nullptr;
        }
        service = base->text;
        SourceFile* source = file == nullptr ? &at : open(at, *file, path);
        if (source == nullptr) {
            return nullptr;
        }
        const Node* services = source->services();
        if (services == nullptr || !services->is_mapping() || !services->has(service)) {
            const auto meant = services == nullptr ? std::nullopt : nearest(service, keys_of(*services));
            context_.findings.error(base->mark, path,
                                    fmt::format("service '{}' extends '{}', which is not a service of '{}'", from,
                                                abbreviate(service, 100), display_name(context_, source->file)),
                                    meant ? fmt::format("did you mean '{}'?", *meant) : std::string{});
            return nullptr;
        }
        return source;
    }

    SourceFile* open(const SourceFile& at, const Node& file, const Path& path) {
        if (is_remote(file.text)) {
            context_.findings.error(
                file.mark, path, fmt::format("'extends' cannot read '{}' from elsewhere", abbreviate(file.text, 200)),
                "get a copy of the file and name its path");
            return nullptr;
        }
        const std::filesystem::path full = resolve_path(file.text, at.directory, context_.home);
        SourceFile& source = sources_[full];
        if (source.document != nullptr) {
            return &source;
        }
        std::vector<Node> documents = read_documents(context_, full, file.mark, path);
        if (documents.empty()) {
            return nullptr;
        }
        source.file = full;
        source.directory = full.parent_path();
        source.own_document = std::move(documents.front());
        source.document = &source.own_document;
        prepare_document(context_, source.own_document, environment_);
        return &source;
    }

    void report_cycle(const std::vector<Visit>& chain, const SourceFile& at, const std::string& service) {
        std::string round = fmt::format("'{}'", service);
        bool inside = false;
        const Visit* first = nullptr;
        for (const Visit& visit : chain) {
            inside = inside || (visit.source == &at && visit.service == service);
            if (!inside) {
                continue;
            }
            if (first != nullptr) {
                round += fmt::format(" -> '{}'", visit.service);
            } else {
                first = &visit;
            }
        }
        if (first == nullptr) {
            return;
        }
        round += fmt::format(" -> '{}'", service);
        const Node* node = first->source->services()->find(first->service);
        const Member* extends = node == nullptr ? nullptr : node->find_member("extends");
        const Path root;
        const Path section = root / "services";
        const Path owner = section / service;
        context_.findings.error(extends == nullptr ? Mark{} : extends->key_mark, owner / "extends",
                                fmt::format("services extend each other in a circle: {}", abbreviate(round, 500)),
                                "remove 'extends' from one of them");
    }

    LoadContext& context_;
    const Environment& environment_;
    std::map<std::filesystem::path, SourceFile> sources_;
    std::filesystem::path main_directory_;
};

}  // namespace

void apply_extends(LoadContext& context, Node& document, const std::filesystem::path& file,
                   const std::filesystem::path& directory, const Environment& environment) {
    Extender{context, environment}.all(document, file, directory);
}

}  // namespace stack::compose
