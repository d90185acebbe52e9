#include "compose/finding.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "compose/limits.hpp"
#include "support/text.hpp"

namespace stack::compose {

namespace {

std::string place_key(Mark mark) {
    return fmt::format("{}:{}:{}", mark.file, mark.line, mark.column);
}

void append_step(std::string& out, std::string_view key) {
    const bool quoted = key.empty() || key.find_first_of(". []\"") != std::string_view::npos;
    if (!out.empty()) {
        out += '.';
    }
    if (quoted) {
        out += '"';
    }
    out += key;
    if (quoted) {
        out += '"';
    }
}

/// The message without the name of its owner ("services.web…"): services that share an anchor share its mistakes.
std::string without_owner(const Finding& finding) {
    const std::string_view path = finding.path;
    const std::size_t begin = path.find('.');
    if (begin == std::string_view::npos || finding.mark.file == 0) {
        return finding.message;
    }
    const std::size_t end = std::min(path.find_first_of(".[", begin + 1), path.size());
    return replace_all(finding.message, fmt::format("'{}'", path.substr(begin + 1, end - begin - 1)), "");
}

std::string first_message(const std::vector<Finding>& findings) {
    for (const Finding& finding : findings) {
        if (finding.severity == Severity::error) {
            return finding.message;
        }
    }
    return findings.empty() ? "the project cannot be loaded" : findings.front().message;
}

}  // namespace

TooManyFindings::TooManyFindings()
    : Error{Errc::invalid_input, fmt::format("there are more than {} mistakes", limits::findings)} {}

std::string Path::str() const {
    if (parent_ == nullptr) {
        return {};
    }
    std::string out = parent_->str();
    if (index_ == no_index) {
        append_step(out, key_);
    } else {
        out += fmt::format("[{}]", index_);
    }
    return out;
}

std::string_view Path::step(std::size_t n) const noexcept {
    const Path* at = this;
    while (at->depth_ > n + 1) {
        at = at->parent_;
    }
    return at->depth_ == n + 1 ? at->key_ : std::string_view{};
}

void Findings::add(Finding finding) {
    const bool is_error = finding.severity == Severity::error;
    if (kept_.size() == max_findings) {
        ++dropped_;  // not remembered: a million mistakes must not cost memory
        errors_ += is_error ? 1 : 0;
        if (errors_ > limits::findings) {
            throw TooManyFindings{};
        }
        return;
    }
    const std::string place = place_key(finding.mark);
    // Without a place only the message can tell two findings apart.
    if (!seen_.insert((is_error ? "e" : "w") + place + without_owner(finding)).second) {
        return;
    }
    if (is_error) {
        ++errors_;
        error_places_.insert(place);
    }
    kept_.push_back(std::move(finding));
}

void Findings::error(Mark mark, const Path& path, std::string message, std::string hint) {
    add({Severity::error, mark, path.str(), std::move(message), std::move(hint)});
}

void Findings::warning(Mark mark, const Path& path, std::string message, std::string hint) {
    add({Severity::warning, mark, path.str(), std::move(message), std::move(hint)});
}

bool Findings::has_error_at(Mark mark) const {
    return error_places_.contains(place_key(mark));
}

bool Findings::has_yaml_error_between(Mark begin, Mark end) const {
    const auto after = [](Mark a, Mark b) {
        return std::tie(a.file, a.line, a.column) >= std::tie(b.file, b.line, b.column);
    };
    return std::any_of(kept_.begin(), kept_.end(), [&](const Finding& finding) {
        return finding.severity == Severity::error && finding.path.empty() && after(finding.mark, begin) &&
               !after(finding.mark, end);
    });
}

std::vector<Finding> Findings::sorted() const {
    std::vector<Finding> out = kept_;
    std::stable_sort(out.begin(), out.end(), [](const Finding& a, const Finding& b) {
        return std::tie(a.mark.file, a.mark.line, a.mark.column) < std::tie(b.mark.file, b.mark.line, b.mark.column);
    });
    if (dropped_ > 0) {
        out.push_back({errors_ > 0 ? Severity::error : Severity::warning,
                       {},
                       {},
                       fmt::format("there are more mistakes than the {} that are told here", max_findings),
                       {}});
    }
    return out;
}

LoadFailure::LoadFailure(std::vector<Finding> findings, std::shared_ptr<const SourceFiles> files, Errc code)
    : Error{code, first_message(findings)}, findings_{std::move(findings)}, files_{std::move(files)} {}

}  // namespace stack::compose
