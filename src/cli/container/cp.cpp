#include "cli/container/copy_session.hpp"
#include "cli/state_view.hpp"
#include "cli/verbs.hpp"

namespace stack::cli {

namespace {

/// "name:/path"; a word that begins with '/' or '.', or has no colon, is a path here.
CopyEnd end_of(const StateView& state, const std::string& word) {
    const size_t colon = word.find(':');
    if (word.starts_with('/') || word.starts_with('.') || colon == std::string::npos || colon == 0) {
        return {std::nullopt, word};
    }
    return {state.get(word.substr(0, colon)), word.substr(colon + 1)};
}

}  // namespace

int container_cp(Context& context, const Flags& flags) {
    const StateView state{context.paths};
    CopyWish wish;
    wish.from = end_of(state, flags.words()[0]);
    wish.to = end_of(state, flags.words()[1]);
    wish.archive = flags.on("archive");
    wish.follow_link = flags.on("follow-link");
    if (wish.from.container.has_value() == wish.to.container.has_value()) {
        throw UsageError{wish.from.container ? "copying between containers is not supported"
                                             : "one side must be CONTAINER:PATH"};
    }
    copy_between(context, wish);
    return 0;
}

}  // namespace stack::cli
