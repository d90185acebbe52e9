#pragma once

#include <string>
#include <string_view>

#include "image/tar/header.hpp"
#include "image/tar/input.hpp"

namespace stack::testing {

/// Writes tars entry by entry, also ones that no honest program writes.
class TarBuilder {
public:
    TarBuilder& entry(const image::tar::Entry& entry, std::string_view content = {}) {
        bytes_ += image::tar::encode_header(entry);
        bytes_ += content;
        bytes_ += image::tar::padding(static_cast<std::int64_t>(content.size()));
        return *this;
    }
    TarBuilder& file(const std::string& path, std::string_view content, mode_t mode = 0644) {
        image::tar::Entry item;
        item.path = path;
        item.size = static_cast<std::int64_t>(content.size());
        item.mode = mode;
        item.mtime = 1'700'000'000;
        return entry(item, content);
    }
    TarBuilder& folder(const std::string& path, mode_t mode = 0755) {
        image::tar::Entry item;
        item.path = path;
        item.type = image::tar::EntryType::directory;
        item.mode = mode;
        item.mtime = 1'600'000'000;
        return entry(item);
    }
    TarBuilder& link(image::tar::EntryType type, const std::string& path, const std::string& target) {
        image::tar::Entry item;
        item.path = path;
        item.type = type;
        item.link_target = target;
        item.mode = 0777;
        return entry(item);
    }
    TarBuilder& symlink(const std::string& path, const std::string& target) {
        return link(image::tar::EntryType::symlink, path, target);
    }
    TarBuilder& hard_link(const std::string& path, const std::string& target) {
        return link(image::tar::EntryType::hard_link, path, target);
    }
    TarBuilder& raw(std::string_view bytes) {
        bytes_ += bytes;
        return *this;
    }
    std::string end() const { return bytes_ + std::string{image::tar::end_of_archive()}; }
    const std::string& unfinished() const { return bytes_; }

private:
    std::string bytes_;
};

/// A tar in memory, given out in pieces of `step` bytes.
class MemoryInput final : public image::tar::Input {
public:
    explicit MemoryInput(std::string bytes, size_t step = 1000) : bytes_{std::move(bytes)}, step_{step} {}
    std::string_view next() override {
        const auto piece = std::string_view{bytes_}.substr(at_, step_);
        at_ += piece.size();
        return piece;
    }

private:
    std::string bytes_;
    size_t step_, at_{0};
};

}  // namespace stack::testing
