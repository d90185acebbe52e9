#include "engine/events.hpp"

#include <array>
#include <utility>

namespace stack::engine {
namespace {

constexpr std::array<std::string_view, 6> subjects{"Project", "Network", "Volume", "Image", "Service", "Container"};

constexpr std::array<std::pair<Progress, std::string_view>, 26> progresses{{
    {Progress::creating, "Creating"},   {Progress::created, "Created"},       {Progress::starting, "Starting"},
    {Progress::started, "Started"},     {Progress::waiting, "Waiting"},       {Progress::healthy, "Healthy"},
    {Progress::unhealthy, "Unhealthy"}, {Progress::running, "Running"},       {Progress::stopping, "Stopping"},
    {Progress::stopped, "Stopped"},     {Progress::killing, "Killing"},       {Progress::killed, "Killed"},
    {Progress::removing, "Removing"},   {Progress::removed, "Removed"},       {Progress::recreate, "Recreate"},
    {Progress::recreated, "Recreated"}, {Progress::restarting, "Restarting"}, {Progress::restarted, "Restarted"},
    {Progress::pausing, "Pausing"},     {Progress::paused, "Paused"},         {Progress::unpausing, "Unpausing"},
    {Progress::unpaused, "Unpaused"},   {Progress::exited, "Exited"},         {Progress::skipped, "Skipped"},
    {Progress::warning, "Warning"},     {Progress::error, "Error"},
}};

}  // namespace

std::string_view to_string(Subject subject) {
    return subjects[static_cast<size_t>(subject)];
}

std::string_view to_string(Progress progress) {
    for (const auto& [value, word] : progresses) {
        if (value == progress) {
            return word;
        }
    }
    return {};
}

std::optional<Subject> parse_subject(std::string_view word) {
    for (size_t i = 0; i < subjects.size(); ++i) {
        if (subjects[i] == word) {
            return static_cast<Subject>(i);
        }
    }
    return std::nullopt;
}

std::optional<Progress> parse_progress(std::string_view word) {
    for (const auto& [value, name] : progresses) {
        if (!word.empty() && name == word) {
            return value;
        }
    }
    return std::nullopt;
}

bool is_working(Progress progress) {
    const std::string_view word = to_string(progress);
    return progress != Progress::warning && progress != Progress::running &&
           (word.ends_with("ing") || progress == Progress::recreate);
}

}  // namespace stack::engine
