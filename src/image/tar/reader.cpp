#include "image/tar/reader.hpp"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "image/tar/fields.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::image::tar {
namespace {

constexpr std::int64_t longest_extension = 1 << 20;  // a pax header or long name; Go's archive/tar has the same limit
constexpr int most_extensions = 16;
constexpr size_t most_sparse_runs = 1 << 20;

using Block = std::array<char, block_size>;

bool is_zero(const Block& block) {
    return std::all_of(block.begin(), block.end(), [](char c) { return c == 0; });
}

void remove_trailing_slashes(std::string& path) {
    while (path.size() > 1 && path.ends_with('/')) {
        path.pop_back();
    }
}

EntryType entry_type(char flag, bool named_like_folder) {
    switch (flag) {
        case '\0':
        case '0':
        case '7':  // "contiguous file" of POSIX: a file
        case 'S':
            return named_like_folder && flag != 'S' ? EntryType::directory : EntryType::file;
        default:
            return static_cast<EntryType>(flag);
    }
}

}  // namespace

// What a pax extended header says of the entry behind it.
struct Reader::Pax {
    std::optional<std::string> path, link_target;
    std::optional<std::int64_t> size, uid, gid, mtime;
    std::uint32_t mtime_nanoseconds{0};
    std::map<std::string, std::string> xattrs;
    std::map<std::string, std::string> sparse;  ///< GNU.sparse.* without the prefix
    std::vector<std::int64_t> sparse_numbers;   ///< format 0.0: offset, length, offset, …

    void parse(std::string_view records);
    void apply(std::string_view key, std::string_view value);
};

void Reader::Pax::parse(std::string_view records) {
    while (!records.empty()) {
        const auto blank = records.find(' ');
        const auto length = blank == std::string_view::npos ? std::nullopt : parse_uint(records.substr(0, blank));
        if (!length || *length > records.size() || *length < blank + 3 || records[*length - 1] != '\n') {
            throw Error(Errc::invalid_input, "the tar has a broken pax header");
        }
        const auto record = records.substr(blank + 1, *length - blank - 2);
        const auto equals = record.find('=');
        if (equals == std::string_view::npos || equals == 0) {
            throw Error(Errc::invalid_input, "the tar has a broken pax header");
        }
        apply(record.substr(0, equals), record.substr(equals + 1));
        records.remove_prefix(*length);
    }
}

void Reader::Pax::apply(std::string_view key, std::string_view value) {
    constexpr std::string_view xattr = "SCHILY.xattr.";
    constexpr std::string_view gnu_sparse = "GNU.sparse.";
    const auto number = [&] {
        const auto parsed = parse_int(value);
        if (!parsed || *parsed < 0) {
            throw Error(Errc::invalid_input, fmt::format("the tar has a pax header with a wrong {}", key));
        }
        return *parsed;
    };
    if (key == "path") {
        path = value;
    } else if (key == "linkpath") {
        link_target = value;
    } else if (key == "size") {
        size = number();
    } else if (key == "uid") {
        uid = number();
    } else if (key == "gid") {
        gid = number();
    } else if (key == "mtime") {
        mtime = parse_pax_time(value, mtime_nanoseconds);
    } else if (key.starts_with(xattr)) {
        xattrs[std::string{key.substr(xattr.size())}] = value;
    } else if (key == "GNU.sparse.offset" || key == "GNU.sparse.numbytes") {
        sparse_numbers.push_back(number());
    } else if (key.starts_with(gnu_sparse)) {
        sparse[std::string{key.substr(gnu_sparse.size())}] = value;
    }
}

void Reader::fail(const std::string& what) const {
    throw Error(Errc::invalid_input, path_.empty() ? fmt::format("the tar {}", what)
                                                   : fmt::format("the tar {}, at '{}'", what, abbreviate(path_, 200)));
}

bool Reader::refill() {
    if (chunk_.empty()) {
        chunk_ = input_.next();
    }
    return !chunk_.empty();
}

// Consumes `count` bytes. Fails if the stream ends before.
void Reader::pass(std::int64_t count, Seen seen, const std::function<void(std::string_view)>* take) {
    while (count > 0) {
        if (chunk_.empty() && take == nullptr && observer_ == nullptr) {
            const std::int64_t jumped = input_.jump(count);
            offset_ += jumped;
            count -= jumped;
            if (count == 0) {
                return;
            }
        }
        if (!refill()) {
            fail("ends too early");
        }
        const auto some = chunk_.substr(0, static_cast<size_t>(std::min<std::int64_t>(count, std::ssize(chunk_))));
        if (observer_ != nullptr && seen != Seen::nothing) {
            seen == Seen::payload ? observer_->payload(some) : observer_->raw(some);
        }
        if (take != nullptr) {
            (*take)(some);
        }
        chunk_.remove_prefix(some.size());
        offset_ += std::ssize(some);
        count -= std::ssize(some);
    }
}

// False at a clean end of the stream.
bool Reader::read_block(Block& block) {
    if (!refill()) {
        return false;
    }
    size_t filled = 0;
    const std::function<void(std::string_view)> copy = [&](std::string_view some) {
        std::memcpy(block.data() + filled, some.data(), some.size());
        filled += some.size();
    };
    pass(block_size, Seen::raw, &copy);
    return true;
}

std::string Reader::read_text(std::int64_t size, const char* what) {
    if (size < 0 || size > longest_extension) {
        fail(fmt::format("has a {} of {} bytes", what, size));
    }
    std::string text;
    const std::function<void(std::string_view)> append = [&](std::string_view some) { text += some; };
    pass(size, Seen::raw, &append);
    pass(std::ssize(padding(size)), Seen::raw, nullptr);
    return text;
}

void Reader::finish_content() {
    if (content_left_ > 0) {
        content([](std::string_view) {});
    }
}

void Reader::content(const std::function<void(std::string_view)>& take) {
    const auto size = std::exchange(content_left_, 0);
    if (size > 0 && observer_ != nullptr && content_is_plain_) {
        observer_->begin_payload(path_, size);
    }
    pass(size, content_is_plain_ ? Seen::payload : Seen::raw, &take);
    pass(std::exchange(padding_left_, 0), Seen::raw, nullptr);
}

// GNU tar fills the last record with zeros; whatever is behind the end still belongs to the layer's digest.
void Reader::drain() {
    while (refill()) {
        pass(std::ssize(chunk_), Seen::raw, nullptr);
    }
    at_end_ = true;
}

std::optional<Entry> Reader::next() {
    if (at_end_) {
        return std::nullopt;
    }
    if (observer_ == nullptr && content_left_ > 0) {
        pass(std::exchange(content_left_, 0) + std::exchange(padding_left_, 0), Seen::nothing, nullptr);
    }
    finish_content();
    Pax pax;
    Block block;
    for (int extensions = 0; extensions <= most_extensions; ++extensions) {
        if (!read_block(block) || is_zero(block)) {
            drain();
            return std::nullopt;
        }
        check_header(block);
        const char flag = block[type_offset];
        const std::int64_t size = parse_number(field(block, size_field));
        switch (flag) {
            case 'x':
                pax.parse(read_text(size, "pax header"));
                break;
            case 'L':
                pax.path = until_nul(read_text(size, "long name"));
                break;
            case 'K':
                pax.link_target = until_nul(read_text(size, "long link name"));
                break;
            case 'g':
                read_text(size, "global pax header");
                break;
            default:
                return decode(block, pax);
        }
    }
    fail("has too many extension headers before one entry");
}

Entry Reader::decode(const Block& block, Pax& pax) {
    Entry entry;
    entry.path = pax.path ? *pax.path : full_name(block);
    const bool named_like_folder = entry.path.ends_with('/');
    remove_trailing_slashes(entry.path);
    path_ = entry.path;
    const char flag = block[type_offset];
    entry.type = entry_type(flag, named_like_folder);
    if (std::string_view{"0123456"}.find(static_cast<char>(entry.type)) == std::string_view::npos) {
        fail(fmt::format("has an entry of an unknown type {:#04x}", static_cast<unsigned char>(flag)));
    }
    entry.mode = static_cast<mode_t>(parse_number(field(block, mode_field)) & 07777);
    entry.uid = pax.uid.value_or(parse_number(field(block, uid_field)));
    entry.gid = pax.gid.value_or(parse_number(field(block, gid_field)));
    entry.mtime = pax.mtime.value_or(parse_number(field(block, mtime_field)));
    entry.mtime_nanoseconds = pax.mtime ? pax.mtime_nanoseconds : 0;
    entry.link_target = pax.link_target.value_or(std::string{until_nul(field(block, link_field))});
    entry.xattrs = std::move(pax.xattrs);
    if (entry.type == EntryType::char_device || entry.type == EntryType::block_device) {
        entry.device_major = static_cast<std::uint32_t>(parse_number(field(block, major_field)));
        entry.device_minor = static_cast<std::uint32_t>(parse_number(field(block, minor_field)));
    }
    entry.stored_size = pax.size.value_or(parse_number(field(block, size_field)));
    // POSIX: a hard link may say its file's size, but no content follows; some writers do so for folders too.
    if (entry.type != EntryType::file) {
        entry.stored_size = 0;
    }
    if (entry.stored_size < 0 || entry.uid < 0 || entry.gid < 0 || entry.uid > UINT32_MAX || entry.gid > UINT32_MAX) {
        fail("has an entry with a number out of range");
    }
    entry.size = entry.stored_size;
    content_left_ = entry.stored_size;
    padding_left_ = std::ssize(padding(entry.stored_size));
    content_is_plain_ = true;
    if (flag == 'S') {
        content_is_plain_ = false;
        read_old_sparse_map(block, entry);
    } else if (entry.type == EntryType::file && (!pax.sparse.empty() || !pax.sparse_numbers.empty())) {
        content_is_plain_ = false;
        if (const auto name = pax.sparse.find("name"); name != pax.sparse.end()) {
            entry.path = path_ = name->second;
        }
        const auto real_size = pax.sparse.contains("realsize") ? pax.sparse["realsize"] : pax.sparse["size"];
        entry.size = parse_int(real_size).value_or(-1);
        if (pax.sparse["major"] == "1") {
            read_sparse_map_in_content(entry);
        } else {
            if (const auto map = pax.sparse.find("map"); map != pax.sparse.end()) {
                for (const auto number : split(map->second, ',')) {
                    pax.sparse_numbers.push_back(parse_int(number).value_or(-1));
                }
            }
            entry.sparse = sparse_runs(pax.sparse_numbers);
        }
    }
    if (!content_is_plain_ && !fits_sparse_map(entry, content_left_)) {
        fail("has a sparse file whose map is wrong");
    }
    return entry;
}

// GNU tar manual, "Old GNU Format": four runs in the header, then blocks of 21 while a flag says so.
void Reader::read_old_sparse_map(const Block& block, Entry& entry) {
    std::vector<std::int64_t> numbers;
    const auto take = [&](const Block& from, size_t at, size_t runs) {
        for (size_t i = 0; i < 2 * runs; ++i) {
            const std::string_view text{from.data() + at + i * 12, 12};
            if (text[0] == 0) {
                return;
            }
            numbers.push_back(parse_number(text));
        }
    };
    take(block, 386, 4);
    entry.size = parse_number({block.data() + 483, 12});
    bool more = block[482] != 0;
    Block extension;
    while (more) {
        if (numbers.size() > 2 * most_sparse_runs || !read_block(extension)) {
            fail("has a sparse file whose map is wrong");
        }
        take(extension, 0, 21);
        more = extension[504] != 0;
    }
    entry.sparse = sparse_runs(numbers);
}

// GNU tar manual, "PAX Format, Version 1.0": decimal lines at the beginning of the content, filled up to whole blocks.
void Reader::read_sparse_map_in_content(Entry& entry) {
    std::vector<std::int64_t> numbers;
    std::string text;
    Block block;
    size_t at = 0;
    const auto line = [&]() -> std::int64_t {
        size_t end = text.find('\n', at);
        while (end == std::string::npos) {
            if (content_left_ < static_cast<std::int64_t>(block_size) || !read_block(block)) {
                fail("has a sparse file whose map is wrong");
            }
            content_left_ -= block_size;
            text.erase(0, std::exchange(at, 0));
            text.append(block.data(), block.size());
            end = text.find('\n');
        }
        const auto number = parse_int(std::string_view{text}.substr(at, end - at));
        at = end + 1;
        return number.value_or(-1);
    };
    const std::int64_t runs = line();
    if (runs < 0 || runs > static_cast<std::int64_t>(most_sparse_runs)) {
        fail("has a sparse file whose map is wrong");
    }
    for (std::int64_t i = 0; i < 2 * runs; ++i) {
        numbers.push_back(line());
    }
    entry.sparse = sparse_runs(numbers);
}

}  // namespace stack::image::tar
