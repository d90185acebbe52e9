#include "image/bootstrap.hpp"

#include <fmt/format.h>

#include "image/bootstrap_steps.hpp"
#include "image/rfc3339.hpp"
#include "support/error.hpp"

namespace stack::image {
namespace {

std::string add_image(ImageStore& store, const bootstrap::Result& made, const std::filesystem::path& root,
                      const Reference& name) {
    bootstrap::settle_times(root);
    const LayerInfo layer = store.add_layer_from_dir("", root, "");
    const Platform platform = host_platform();
    ImageConfig config;
    config.architecture = platform.architecture;
    config.variant = platform.variant;
    config.os = platform.os;
    config.created = creation_time();
    config.env = {made.path_variable};
    config.cmd = made.command;
    config.diff_ids = {layer.diff_id};
    config.history = {{config.created, fmt::format("stack image bootstrap {}", name.familiar()), "", "", false}};
    return store.put_image(config, name);
}

}  // namespace

std::string bootstrap_image(ImageStore& store, std::string_view name, const ProgressSink& progress) {
    const Reference reference = parse_reference(name);
    const std::string distribution = reference.familiar_repository();
    const auto held = store.hold();
    const TempDir stage = store.begin_layer();
    const auto root = stage.path() / "root";
    std::filesystem::create_directory(root);
    std::filesystem::permissions(root, std::filesystem::perms{0755});
    bootstrap::Result made;
    if (!reference.digest.empty()) {
        throw Error(Errc::invalid_input, "a base image that is made here cannot have a digest in its name");
    }
    if (distribution == "busybox") {
        made = bootstrap::busybox(root, progress);
    } else if (distribution == "debian" || distribution == "ubuntu") {
        made = bootstrap::debian(root, distribution, reference.tag, progress);
    } else {
        throw Error(Errc::unsupported, fmt::format("'{}' cannot be made from this machine's own means", name))
            .hint("names that can: debian:<suite>, debian:<suite>-slim, ubuntu:<suite>, busybox");
    }
    if (progress) {
        progress({Progress::Kind::message, "", 0, 0, "storing the layer"});
    }
    return add_image(store, made, root, reference.with_default_tag());
}

}  // namespace stack::image
