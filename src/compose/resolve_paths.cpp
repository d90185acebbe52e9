#include "compose/resolve_paths.hpp"

#include "compose/path_table.hpp"
#include "compose/short_forms.hpp"

namespace stack::compose {

namespace {

enum class Place : std::uint8_t {
    path,          // a path
    context,       // a path or a URL
    contexts,      // name -> path, URL or service:
    volume,        // an entry of a service's volumes
    local_volume,  // driver_opts of a volume that is really a bind mount
};

const PathTable<Place>& places() {
    static const PathTable<Place> table{
        {"services.*.build", Place::context},
        {"services.*.build.additional_contexts", Place::contexts},
        {"services.*.build.context", Place::context},
        {"services.*.develop.watch[].path", Place::path},
        {"services.*.env_file", Place::path},
        {"services.*.env_file[]", Place::path},
        {"services.*.env_file[].path", Place::path},
        {"services.*.label_file", Place::path},
        {"services.*.label_file[]", Place::path},
        {"services.*.volumes[]", Place::volume},
        {"configs.*.file", Place::path},
        {"secrets.*.file", Place::path},
        {"volumes.*", Place::local_volume},
    };
    return table;
}

bool is_local_path(const std::string& text) {
    return !text.empty() && (text.front() == '.' || text.front() == '~');
}

class Resolver {
public:
    Resolver(const std::filesystem::path& directory, const std::string& home) : directory_{directory}, home_{home} {}

    void walk(Node& node, const PathTable<Place>::Step* step) {
        if (step->rule) {
            resolve(node, *step->rule);
        }
        if (node.is_mapping()) {
            for (Member& member : node.members()) {
                if (const auto* next = step->key(member.key)) {
                    walk(member.value, next);
                }
            }
        } else if (node.is_sequence() && step->entry) {
            for (Node& item : node.items()) {
                walk(item, step->entry.get());
            }
        }
    }

private:
    void resolve(Node& node, Place place) {
        switch (place) {
            case Place::path:
                text(node);
                break;
            case Place::context:
                context(node);
                break;
            case Place::contexts:
                contexts(node);
                break;
            case Place::volume:
                volume(node);
                break;
            case Place::local_volume:
                local_volume(node);
                break;
        }
    }

    void text(Node& node) {
        if (node.is_string() && !node.text.empty()) {
            node.text = resolve_path(node.text, directory_, home_);
        }
    }

    void context(Node& node) {
        if (node.is_string() && !is_remote(node.text)) {
            node.text = resolve_path(node.text, directory_, home_);
        }
    }

    void contexts(Node& node) {
        if (node.is_mapping()) {
            for (Member& member : node.members()) {
                if (member.value.is_string() && !member.value.text.starts_with("service:")) {
                    context(member.value);
                }
            }
            return;
        }
        for (Node& item : node.is_sequence() ? node.items() : none_) {
            const std::size_t equals = item.text.find('=');
            if (item.is_string() && equals != std::string::npos) {
                const std::string value = item.text.substr(equals + 1);
                if (!value.starts_with("service:") && !is_remote(value)) {
                    item.text = item.text.substr(0, equals + 1) + resolve_path(value, directory_, home_);
                }
            }
        }
    }

    void volume(Node& node) {
        if (node.is_string()) {
            // A relative folder in front of a short form might hold a colon: write it long.
            const bool windows = node.text.size() > 2 && node.text[1] == ':' && node.text[2] != '/';
            if (!is_local_path(node.text) && !windows) {
                return;
            }
            Node made = long_volume(node);
            if (made.is_null()) {
                return;
            }
            made.interpolated = node.interpolated;
            node = std::move(made);
        }
        const Node* type = node.find("type");
        Node* source = node.find("source");
        if (type == nullptr || source == nullptr || !source->is_string() || source->text.empty()) {
            return;
        }
        if (type->text == "bind") {
            text(*source);
        }
    }

    void local_volume(Node& node) {
        Node* options = node.find("driver_opts");
        const Node* driver = node.find("driver");
        if (options == nullptr || !options->is_mapping() || driver == nullptr || driver->text != "local") {
            return;
        }
        const Node* flags = options->find("o");
        Node* device = options->find("device");
        if (flags != nullptr && flags->text == "bind" && device != nullptr) {
            text(*device);
        }
    }

    const std::filesystem::path& directory_;
    const std::string& home_;
    std::vector<Node> none_;
};

bool is_windows_absolute(std::string_view path) {
    const bool drive = path.size() > 2 && path[1] == ':' && (path[2] == '\\' || path[2] == '/');
    return drive || path.starts_with("\\\\");
}

}  // namespace

bool is_remote(std::string_view context) {
    for (const std::string_view scheme : {"https://", "http://", "git://", "ssh://", "github.com/", "git@",
                                          "docker-image://", "oci-layout://", "target:", "oci://"}) {
        if (context.starts_with(scheme)) {
            return true;
        }
    }
    return false;
}

std::string resolve_path(const std::string& path, const std::filesystem::path& directory, const std::string& home) {
    if (is_windows_absolute(path)) {
        return path;
    }
    std::filesystem::path full{path};
    if (path == "~" || path.starts_with("~/")) {
        full = home.empty() ? full : std::filesystem::path{home} / path.substr(path.size() > 1 ? 2 : 1);
    } else if (full.is_relative()) {
        full = directory / full;
    }
    std::string clean = full.lexically_normal().string();
    while (clean.size() > 1 && clean.ends_with('/')) {
        clean.pop_back();
    }
    return clean;
}

void resolve_paths(Node& document, const std::filesystem::path& directory, const std::string& home) {
    Resolver{directory, home}.walk(document, places().root());
}

}  // namespace stack::compose
