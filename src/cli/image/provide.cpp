#include "cli/image/provide.hpp"

#include <algorithm>
#include <ctime>
#include <map>

#include <fmt/format.h>

#include "cli/flags.hpp"
#include "cli/image/pulls_view.hpp"
#include "image/pull.hpp"

namespace stack::cli {
namespace {

/// Images and architectures that a name may stand for: the key under which one pull serves all.
struct Job {
    image::Reference reference;
    std::string platform;
    ProvidedImage result;
};

void pull_all(const Context& context, std::vector<Job>& jobs, bool quiet) {
    std::vector<std::string> names;
    for (const Job& job : jobs) {
        names.push_back(job.reference.familiar());
    }
    const auto failures = transfer_all(
        context, names, quiet, "Pulling", [&](size_t index, const image::ProgressSink& progress) -> std::string {
            image::ImageStore store{context.paths};  // one per thread
            image::PullOptions options;
            if (!jobs[index].platform.empty()) {
                options.platform = image::parse_platform(jobs[index].platform);
            }
            const auto result = image::pull_image(store, jobs[index].reference, options, progress);
            jobs[index].result.id = result.id;
            return result.changed ? "Pulled" : "Up to date";
        });
    for (size_t i = 0; i < jobs.size(); ++i) {
        jobs[i].result.failure = failures[i];
    }
}

}  // namespace

std::vector<ProvidedImage> provide_images(const Context& context, const std::vector<WantedImage>& wanted, bool quiet) {
    const image::ImageStore store{context.paths};
    const std::int64_t now = std::time(nullptr);
    std::vector<ProvidedImage> provided(wanted.size());
    std::vector<Job> jobs;
    std::map<std::string, size_t> job_of;
    std::vector<size_t> waits(wanted.size(), SIZE_MAX);
    for (size_t i = 0; i < wanted.size(); ++i) {
        const WantedImage& one = wanted[i];
        const auto here = store.find(one.name);
        const bool usable = here && (one.platform.empty() || image::is_for(*here, image::parse_platform(one.platform)));
        provided[i].id = usable ? here->id : "";
        const auto reference = image::find_reference(one.name);
        const std::int64_t asked = reference ? image::last_asked_unix(store, *reference) : 0;
        // What was named by its id is here or nowhere.
        const bool by_id = here && (!reference || (reference->digest.empty() &&
                                                   std::ranges::find(here->references, reference->with_default_tag()) ==
                                                       here->references.end()));
        if (by_id || !wants_pull(one.policy, usable, asked, now)) {
            continue;
        }
        const auto name = image::parse_reference(one.name).with_default_tag();
        const auto [place, fresh] = job_of.try_emplace(name.canonical() + ' ' + one.platform, jobs.size());
        if (fresh) {
            jobs.push_back({name, one.platform, {}});
        }
        waits[i] = place->second;
    }
    if (!jobs.empty()) {
        pull_all(context, jobs, quiet);
    }
    for (size_t i = 0; i < wanted.size(); ++i) {
        if (waits[i] != SIZE_MAX) {
            const ProvidedImage& result = jobs[waits[i]].result;
            provided[i].failure = result.failure;
            provided[i].id = result.id.empty() ? provided[i].id : result.id;
        }
    }
    return provided;
}

image::PullPolicy pull_policy(const std::string& text, const char* flag) {
    const auto policy = image::parse_pull_policy(text);
    if (!policy) {
        throw UsageError{fmt::format("invalid value '{}' for {}: expected always, missing or never", text, flag)};
    }
    return *policy;
}

}  // namespace stack::cli
