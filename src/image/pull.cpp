#include "image/pull.hpp"

#include <ctime>
#include <mutex>

#include <fcntl.h>
#include <fmt/format.h>

#include "image/file_input.hpp"
#include "image/image_import.hpp"
#include "image/image_rows.hpp"
#include "image/manifest.hpp"
#include "image/media_types.hpp"
#include "image/registry/client.hpp"
#include "support/digest.hpp"
#include "support/error.hpp"
#include "support/kernel/file_lock.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::image {
namespace {

using registry::Client;
using registry::FetchedManifest;

constexpr std::int64_t largest_config = std::int64_t{8} << 20U;
constexpr int deepest_index = 4;
constexpr std::int64_t progress_step = std::int64_t{512} << 10U;

/// A file of its own descriptor.
class OwnedFileInput final : public tar::Input {
public:
    OwnedFileInput(const std::filesystem::path& file, std::int64_t size)
        : fd_{kernel::open_at(AT_FDCWD, file, O_RDONLY)}, input_{fd_.get(), 0, size, file} {}
    std::string_view next() override { return input_.next(); }
    std::int64_t jump(std::int64_t count) override { return input_.jump(count); }

private:
    UniqueFd fd_;
    FileInput input_;
};

/// Connections to one registry, each used by one thread at a time and with its tokens.
class Clients {
public:
    explicit Clients(std::function<Client()> make) : make_{std::move(make)} {}

    template <class Use>
    auto with(Use&& use) {
        std::unique_ptr<Client> client = take();
        auto result = use(*client);
        const std::lock_guard lock{mutex_};
        idle_.push_back(std::move(client));
        return result;
    }

private:
    std::unique_ptr<Client> take() {
        const std::lock_guard lock{mutex_};
        if (idle_.empty()) {
            return std::make_unique<Client>(make_());
        }
        auto client = std::move(idle_.back());
        idle_.pop_back();
        return client;
    }

    std::function<Client()> make_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Client>> idle_;
};

struct Source {
    std::shared_ptr<Clients> clients;
    FetchedManifest top;  ///< what the name or digest stands for: manifest or index
};

Client telling(Client client, const ProgressSink& progress) {
    if (progress) {
        client.on_wait([progress](const std::string& text) { progress({Progress::Kind::notice, "", 0, 0, text}); });
    }
    return client;
}

/// The first of the mirrors and the registry itself that has it. What the registry says counts as the error.
Source find_source(const Reference& reference, const ProgressSink& progress) {
    const std::string wanted = reference.digest.empty() ? reference.tag : reference.digest;
    for (const std::string& mirror : registry::Settings::from_environment().of(reference.domain).mirrors) {
        try {
            auto clients = std::make_shared<Clients>(
                [mirror, progress] { return telling(registry::make_mirror_client(mirror), progress); });
            auto top = clients->with([&](Client& client) { return client.manifest(reference.path, wanted); });
            return {std::move(clients), std::move(top)};
        } catch (const Error&) {
            continue;  // a mirror need not have everything, nor be up
        }
    }
    const std::string domain = reference.domain;
    auto clients =
        std::make_shared<Clients>([domain, progress] { return telling(registry::make_client(domain), progress); });
    auto top = clients->with([&](Client& client) { return client.manifest(reference.path, wanted); });
    return {std::move(clients), std::move(top)};
}

class Puller {
public:
    Puller(ImageStore& store, const Reference& reference, const PullOptions& options, const ProgressSink& progress)
        : store_{store}, state_{store.state()}, reference_{reference}, options_{options}, progress_{progress} {}

    PullResult run() {
        source_ = find_source(reference_, progress_);
        const auto alone = kernel::FileLock::acquire(lock_file("pull", source_.top.digest));
        if (const auto known = find_known()) {
            auto result = name_known(*known);
            note_asked();
            return result;
        }
        IncomingImage image;
        const FetchedManifest manifest = choose_manifest(image);
        read_manifest(image, manifest);
        const auto ids = import_images(store_, {image}, options_.parallel, options_.limits, progress_);
        note_asked();
        return {ids.front(), source_.top.digest, true};
    }

private:
    std::filesystem::path lock_file(const char* kind, const std::string& digest) const {
        return store_.paths().locks() / fmt::format("{}-{}", kind, digest_hex(digest).substr(0, 32));
    }

    void note_asked() const {
        state_.database.prepare("INSERT OR REPLACE INTO image_asked VALUES(?, ?)")
            .bind_all(reference_.canonical(), std::int64_t{std::time(nullptr)})
            .run();
    }

    /// The very digest is here already, for the platform that is wanted.
    std::optional<std::string> find_known() const {
        auto row = state_.database.prepare("SELECT image_id FROM image_manifests WHERE repository = ? AND digest = ?");
        row.bind_all(reference_.repository(), source_.top.digest);
        if (!row.step()) {
            return std::nullopt;
        }
        const auto image = store_.find_by_id(row.text(0));
        const Platform wanted = options_.platform.value_or(host_platform());
        const bool fits = image && image->os == wanted.os && image->architecture == wanted.architecture;
        return fits ? std::optional{image->id} : std::nullopt;
    }

    PullResult name_known(const std::string& id) {
        const bool renamed = reference_.digest.empty() && store_.tag(id, reference_);
        return {id, source_.top.digest, renamed};
    }

    FetchedManifest choose_manifest(IncomingImage& image) {
        FetchedManifest document = source_.top;
        for (int depth = 0; depth < deepest_index; ++depth) {
            document.media_type = document_type(document.json, document.media_type);
            if (media_type::is_manifest(document.media_type)) {
                return document;
            }
            if (depth == 0) {
                image.index_json = document.json;
                image.index_media_type = document.media_type;
            }
            const auto entries = parse_index(document.json);
            const std::string digest =
                choose_platform(entries, options_.platform.value_or(host_platform()), reference_.familiar()).digest;
            document = source_.clients->with([&](Client& client) { return client.manifest(reference_.path, digest); });
        }
        throw Error(Errc::invalid_input, fmt::format("the index of '{}' is nested too deeply", reference_.familiar()));
    }

    void read_manifest(IncomingImage& image, const FetchedManifest& fetched) {
        const Manifest manifest = parse_manifest(fetched.json);
        if (manifest.config.size > largest_config) {
            throw Error(Errc::invalid_input, fmt::format("the config of '{}' is too large", reference_.familiar()));
        }
        image.config_json = source_.clients->with(
            [&](Client& client) { return client.blob(reference_.path, manifest.config.digest, manifest.config.size); });
        for (const Descriptor& layer : manifest.layers) {
            image.layers.push_back(incoming_layer(layer));
        }
        if (reference_.digest.empty()) {
            image.names = {reference_};
        }
        image.manifest_json = fetched.json;
        image.manifest_media_type = fetched.media_type;
        image.repository = reference_.repository();
        assign_diff_ids(image);
        if (!image.layers.empty() && progress_) {
            for (const auto& layer : image.layers) {
                progress_({Progress::Kind::waiting, layer.expected.shown_id, 0, layer.expected.size, ""});
            }
        }
    }

    IncomingImage::Layer incoming_layer(const Descriptor& layer) {
        if (options_.limits.max_bytes > 0 && layer.size > options_.limits.max_bytes) {
            throw Error(Errc::invalid_input, fmt::format("refused a layer of {} bytes", layer.size))
                .hint("if you trust the image, raise the limit by STACK_MAX_LAYER_SIZE");
        }
        IncomingImage::Layer incoming;
        incoming.expected.blob_digest = layer.digest;
        incoming.expected.media_type = layer.media_type;
        incoming.expected.size = layer.size;
        incoming.expected.shown_id = digest_hex(layer.digest).substr(0, 12);
        const auto kept = state_.blob(layer.digest);
        const auto partial = store_.paths().temporary() / ("image-partial-" + digest_hex(layer.digest));
        const bool is_kept = std::filesystem::exists(kept);
        incoming.expected.blob_file = is_kept ? kept : partial;
        incoming.open = [this, layer, kept, partial]() -> std::unique_ptr<tar::Input> {
            return std::make_unique<OwnedFileInput>(fetch(layer, kept, partial), layer.size);
        };
        return incoming;
    }

    /// From any thread. Returns where the layer's bytes are.
    std::filesystem::path fetch(const Descriptor& layer, const std::filesystem::path& kept,
                                const std::filesystem::path& partial) const {
        const auto alone = kernel::FileLock::acquire(lock_file("blob", layer.digest));
        if (std::filesystem::exists(kept)) {
            return kept;
        }
        std::filesystem::create_directories(partial.parent_path());
        const std::string id = digest_hex(layer.digest).substr(0, 12);
        std::int64_t shown = 0;
        const auto report = [&](std::int64_t there) {
            if (progress_ && (there - shown >= progress_step || there == layer.size)) {
                shown = there;
                progress_({Progress::Kind::downloading, id, there, layer.size, ""});
            }
        };
        source_.clients->with([&](Client& client) {
            client.download(reference_.path, layer.digest, layer.size, partial, report);
            return true;
        });
        return partial;
    }

    ImageStore& store_;
    const ImageStore::State& state_;
    const Reference& reference_;
    const PullOptions& options_;
    const ProgressSink& progress_;
    Source source_;
};

}  // namespace

std::int64_t last_asked_unix(const ImageStore& store, const Reference& reference) {
    auto row = store.state().database.prepare("SELECT at FROM image_asked WHERE name = ?");
    return row.bind(reference.with_default_tag().canonical()).step() ? row.integer(0) : 0;
}

std::string remote_digest(const Reference& reference) {
    return find_source(reference.with_default_tag(), {}).top.digest;
}

PullResult pull_image(ImageStore& store, const Reference& reference, const PullOptions& options,
                      const ProgressSink& progress) {
    const auto held = store.hold();
    std::mutex mutex;
    const ProgressSink one_at_a_time = [&](const Progress& event) {
        if (progress) {
            const std::lock_guard lock{mutex};
            progress(event);
        }
    };
    const Reference wanted = reference.with_default_tag();
    return while_doing(fmt::format("pull '{}'", wanted.familiar()), [&] {
        return Puller{store, wanted, options, one_at_a_time}.run();
    });
}

}  // namespace stack::image
