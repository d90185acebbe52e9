#include "build/job.hpp"

#include <chrono>

#include <fmt/format.h>

#include "image/rfc3339.hpp"
#include "support/error.hpp"
#include "support/random.hpp"

namespace stack::build {

Job::Job(const Paths& paths_, const BuildRequest& request_, const StagedFile& staged_, const BuildSink& sink_)
    : paths{paths_},
      request{request_},
      staged{staged_},
      sink{sink_},
      store{paths_},
      database{store.database()},
      cache{database},
      id{"build-" + random_hex(6)},
      states_(staged_.stages.size()) {}

const StageState* Job::finished(size_t stage) const {
    return states_.at(stage) ? &*states_[stage] : nullptr;
}

void Job::finish(size_t stage, StageState state) {
    states_.at(stage) = std::move(state);
}

image::Image Job::image(const std::string& reference, const std::string& of_platform, const SourcePos& pos) {
    const std::string& platform = of_platform.empty() ? request.platform : of_platform;
    const auto usable = [&](const image::Image& one) {
        return platform.empty() || image::is_for(one, image::parse_platform(platform));
    };
    try {
        if (request.provide_image) {
            if (!request.refresh_images) {
                if (auto here = store.find(reference); here && usable(*here)) {
                    return std::move(*here);
                }
            }
            request.provide_image(reference, platform);
        }
        auto found = store.get(reference);
        if (!usable(found)) {
            throw Error(Errc::not_found, fmt::format("image '{}' is for {}/{}, not for {}", reference, found.os,
                                                     found.architecture, platform));
        }
        return found;
    } catch (Error& error) {
        throw error.pos() ? error : Error{error}.at(pos);
    }
}

const SourceTree& Job::folder_tree(const std::string& key, const std::filesystem::path& folder, IgnoreRules rules) {
    const auto found = trees_.find(key);
    if (found != trees_.end()) {
        return found->second;
    }
    digests_.push_back(std::make_unique<FileDigests>(paths.build_cache(), folder));
    return trees_.emplace(key, SourceTree{{folder}, std::move(rules), digests_.back().get()}).first->second;
}

const SourceTree& Job::context(const SourcePos& pos) {
    if (request.context.empty()) {
        throw Error(Errc::invalid_input, "this build has no context to copy from")
            .at(pos)
            .hint("give a folder to build");
    }
    return folder_tree("context:", request.context, IgnoreRules{request.ignore_text});
}

const SourceTree* Job::tree(const std::string& from, size_t before_stage, const SourcePos& pos) {
    if (const auto named = request.contexts.find(from); named != request.contexts.end()) {
        if (!named->second.folder.empty()) {
            return &folder_tree("folder:" + from, named->second.folder, {});
        }
        return tree(named->second.image, 0, pos);
    }
    if (const auto* stage = staged.find(from, before_stage)) {
        const auto* state = finished(stage->index);
        if (state == nullptr) {
            return nullptr;
        }
        const auto key = fmt::format("stage:{}", stage->index);
        return &trees_.try_emplace(key, state->layers, IgnoreRules{}, nullptr).first->second;
    }
    const auto key = "image:" + from;
    if (const auto found = trees_.find(key); found != trees_.end()) {
        return &found->second;
    }
    return &trees_.try_emplace(key, store.layer_dirs(image(from, {}, pos)), IgnoreRules{}, nullptr).first->second;
}

std::vector<int> Job::steps_of(const std::string& from, size_t before_stage) const {
    const auto* stage = request.contexts.contains(from) ? nullptr : staged.find(from, before_stage);
    const auto* state = stage == nullptr ? nullptr : finished(stage->index);
    return state == nullptr ? std::vector<int>{} : std::vector{state->step};
}

std::int64_t Job::now_unix() const {
    if (request.source_date_epoch) {
        return *request.source_date_epoch;
    }
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

void Job::save_digests() const {
    for (const auto& digests : digests_) {
        digests->save();
    }
}

}  // namespace stack::build
