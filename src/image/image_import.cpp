#include "image/image_import.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "image/image_rows.hpp"
#include "image/outgoing.hpp"
#include "image/state.hpp"
#include "support/digest.hpp"
#include "support/error.hpp"

namespace stack::image {
namespace {

struct Job {
    const IncomingImage::Layer* layer;
    std::vector<std::string> parents;  ///< chain ids below
    std::optional<StagedLayer> staged;
};

// The layers that are missing, each chain id once, parents before children.
std::vector<Job> missing_layers(const ImageStore& store, const std::vector<IncomingImage>& images,
                                const ProgressSink& progress) {
    std::vector<Job> jobs;
    std::map<std::string, bool> seen;
    for (const IncomingImage& image : images) {
        std::vector<std::string> parents;
        for (const auto& layer : image.layers) {
            const std::string chain = chain_id(parents.empty() ? "" : parents.back(), layer.expected.diff_id);
            if (seen.try_emplace(chain, true).second) {
                if (!store.find_layer(chain)) {
                    jobs.push_back({&layer, parents, std::nullopt});
                } else if (progress) {
                    progress({Progress::Kind::done, layer.expected.shown_id, 0, 0, "Already exists"});
                }
            }
            parents.push_back(chain);
        }
    }
    return jobs;
}

// Runs the jobs in a few threads. The first failure stops the others at their next layer and is thrown at the end.
void stage_all(const ImageStore::State& state, std::vector<Job>& jobs, unsigned parallel, const UnpackLimits& limits,
               const ProgressSink& progress) {
    std::atomic<size_t> next{0};
    std::mutex mutex;
    std::exception_ptr failure;
    const ProgressSink one_at_a_time = [&](const Progress& event) {
        if (progress) {
            const std::lock_guard lock{mutex};
            progress(event);
        }
    };
    const auto work = [&] {
        for (size_t i = next++; i < jobs.size(); i = next++) {
            const ExpectedLayer& expected = jobs[i].layer->expected;
            try {
                while_doing(fmt::format("unpack layer {}", expected.shown_id), [&] {
                    jobs[i].staged.emplace(stage_layer(state, jobs[i].layer->open, expected, limits, one_at_a_time));
                });
                one_at_a_time({Progress::Kind::done, expected.shown_id, 0, 0, "Pull complete"});
            } catch (...) {
                const std::lock_guard lock{mutex};
                failure = failure ? failure : std::current_exception();
                next = jobs.size();
            }
        }
    };
    std::vector<std::jthread> threads;
    const size_t helpers = std::min<size_t>(std::max(parallel, 1U), jobs.size());
    for (size_t i = 1; i < helpers; ++i) {
        threads.emplace_back(work);
    }
    work();
    threads.clear();
    if (failure) {
        std::rethrow_exception(failure);
    }
}

// Before the first one is committed: what cannot be completed leaves nothing.
void complete_all(const ImageStore::State& state, const std::vector<Job>& jobs) {
    std::map<std::string, std::filesystem::path> staged;
    for (const Job& job : jobs) {
        std::vector<std::filesystem::path> parents;
        for (const std::string& chain : job.parents) {
            const auto found = staged.find(chain);
            parents.push_back(found == staged.end() ? state.layer(chain) : found->second);
        }
        complete_staged_layer(parents, *job.staged);
        staged[chain_id(job.parents.empty() ? "" : job.parents.back(), job.staged->expected.diff_id)] =
            job.staged->folder.path() / "root";
    }
}

void insert_document(const ImageStore::State& state, const std::string& repository, const std::string& text,
                     const std::string& media_type, const std::string& id) {
    const std::string digest = put_blob(state, text);
    state.database.prepare("INSERT OR REPLACE INTO image_manifests VALUES(?, ?, ?, ?)")
        .bind_all(repository, digest, id, media_type)
        .run();
}

// The repository knows the image by its index where it has one; the manifest itself is then kept without a name.
void insert_manifest(const ImageStore::State& state, const IncomingImage& image, const std::string& id) {
    if (!image.index_json.empty()) {
        insert_document(state, image.repository, image.index_json, image.index_media_type, id);
    }
    if (!image.manifest_json.empty()) {
        const std::string repository = image.index_json.empty() ? image.repository : "";
        insert_document(state, repository, image.manifest_json, image.manifest_media_type, id);
    }
}

/// Layers that were here in another form only: with this one, too, the image can go out again as it came.
void keep_forms(const ImageStore::State& state, const std::vector<IncomingImage>& images, const UnpackLimits& limits) {
    for (const IncomingImage& image : images) {
        for (const auto& layer : image.layers) {
            const auto& expected = layer.expected;
            const Descriptor wanted{expected.media_type, expected.blob_digest, expected.size, {}, {}};
            if (layer.at_hand && !has_layer_blob(state, wanted, expected.diff_id)) {
                keep_layer_form(state, layer.open, expected, limits);
            }
        }
    }
}

}  // namespace

void assign_diff_ids(IncomingImage& image) {
    const ImageConfig config = parse_config(image.config_json);
    if (config.diff_ids.size() != image.layers.size()) {
        throw Error(Errc::invalid_input, fmt::format("the image's config names {} layers, but it has {}",
                                                     config.diff_ids.size(), image.layers.size()));
    }
    for (size_t i = 0; i < image.layers.size(); ++i) {
        (void)digest_hex(config.diff_ids[i]);
        image.layers[i].expected.diff_id = config.diff_ids[i];
        if (image.layers[i].expected.shown_id.empty()) {
            image.layers[i].expected.shown_id = digest_hex(config.diff_ids[i]).substr(0, 12);
        }
    }
}

std::vector<std::string> import_images(ImageStore& store, const std::vector<IncomingImage>& images, unsigned parallel,
                                       const UnpackLimits& limits, const ProgressSink& progress) {
    const auto held = store.hold();
    const auto& state = store.state();
    auto jobs = missing_layers(store, images, progress);
    stage_all(state, jobs, parallel, limits, progress);
    complete_all(state, jobs);
    for (Job& job : jobs) {
        commit_staged_layer(state, job.parents, *job.staged);
    }
    keep_forms(state, images, limits);
    for (const IncomingImage& image : images) {
        make_durable(state, chain_ids(parse_config(image.config_json).diff_ids));
    }
    std::vector<std::string> ids;
    for (const IncomingImage& image : images) {
        ids.push_back(put_blob(state, image.config_json));
    }
    Transaction change{state.database};
    for (size_t i = 0; i < images.size(); ++i) {
        insert_image(state.database, ids[i], parse_config(images[i].config_json));
        for (const Reference& name : images[i].names) {
            insert_name(state.database, ids[i], name);
        }
        insert_manifest(state, images[i], ids[i]);
    }
    change.commit();
    return ids;
}

}  // namespace stack::image
