#include "cli/compose/image_digests.hpp"

#include <map>

#include <fmt/format.h>

#include "image/pull.hpp"
#include "image/reference.hpp"
#include "image/store.hpp"

namespace stack::cli {

namespace {

/// Digests of image names, each looked for once.
class Digests {
public:
    explicit Digests(const Paths& paths) : store_{paths} {}

    std::string pinned(const std::string& name) {
        const image::Reference reference = image::parse_reference(name).with_default_tag();
        if (!reference.digest.empty()) {
            return name;  // pinned already
        }
        const auto [known, is_new] = known_.try_emplace(reference.canonical());
        if (is_new) {
            known->second = digest_of(reference);
        }
        return fmt::format("{}@{}", reference.canonical(), known->second);
    }

private:
    std::string digest_of(const image::Reference& reference) const {
        if (const auto local = store_.find(reference.canonical())) {
            const std::string prefix = reference.repository() + "@";
            for (const std::string& digest : local->repo_digests) {
                if (digest.starts_with(prefix)) {
                    return digest.substr(prefix.size());
                }
            }
        }
        return image::remote_digest(reference);
    }

    image::ImageStore store_;
    std::map<std::string, std::string> known_;
};

}  // namespace

void pin_images(compose::LoadedProject& loaded, const Paths& paths) {
    compose::Node* services = loaded.tree.find("services");
    if (services == nullptr) {
        return;
    }
    Digests digests{paths};
    for (compose::Member& service : services->members()) {
        compose::Node* name = service.value.find("image");
        if (name == nullptr) {
            continue;
        }
        try {
            while_doing(fmt::format("look for the digest of the image of service '{}'", service.key),
                        [&] { name->text = digests.pinned(name->text); });
        } catch (Error& error) {
            throw error.pos() ? error : Error{error}.at(loaded.files->position(name->mark));
        }
    }
}

compose::Node images_only(const compose::Node& tree) {
    compose::Node services = compose::Node::mapping();
    if (const compose::Node* all = tree.find("services")) {
        for (const compose::Member& service : all->members()) {
            if (const compose::Node* image = service.value.find("image")) {
                compose::Node only = compose::Node::mapping();
                only.set("image", *image);
                services.set(service.key, std::move(only));
            }
        }
    }
    compose::Node out = compose::Node::mapping();
    out.set("services", std::move(services));
    return out;
}

}  // namespace stack::cli
