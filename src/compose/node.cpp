#include "compose/node.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>

#include "support/text.hpp"

namespace stack::compose {

namespace {

constexpr std::size_t npos = static_cast<std::size_t>(-1);
// Below this many members a walk is faster than a hash.
constexpr std::size_t index_from = 12;

}  // namespace

struct Node::Children {
    std::vector<Node> items;
    std::vector<Member> members;
    // Open addressing over the members' keys: position + 1, 0 is free. Made when a large mapping is first searched.
    mutable std::vector<std::uint32_t> slots;
    mutable std::size_t indexed{0};

    std::size_t slot_of(std::string_view key) const {
        const std::size_t mask = slots.size() - 1;
        std::size_t slot = std::hash<std::string_view>{}(key)&mask;
        while (slots[slot] != 0 && members[slots[slot] - 1].key != key) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    void index_all() const {
        if (slots.size() < members.size() * 2) {
            std::size_t wanted = 64;
            while (wanted < members.size() * 4) {
                wanted *= 2;
            }
            slots.assign(wanted, 0);
            indexed = 0;
        }
        for (; indexed < members.size(); ++indexed) {
            const std::size_t slot = slot_of(members[indexed].key);
            if (slots[slot] == 0) {
                slots[slot] = static_cast<std::uint32_t>(indexed + 1);
            }
        }
    }
};

std::string_view describe(Kind kind) {
    switch (kind) {
        case Kind::null:
            return "nothing";
        case Kind::boolean:
            return "a boolean";
        case Kind::integer:
        case Kind::real:
            return "a number";
        case Kind::string:
            return "a string";
        case Kind::sequence:
            return "a list";
        case Kind::mapping:
            return "a mapping";
    }
    return "";
}

Node::Node() noexcept = default;
Node::Node(Mark where) noexcept : mark{where} {}
Node::Node(Node&& other) noexcept = default;
Node& Node::operator=(Node&& other) noexcept = default;
Node::~Node() = default;

Node::Node(const Node& other)
    : kind{other.kind},
      tag{other.tag},
      interpolated{other.interpolated},
      plain_style{other.plain_style},
      mark{other.mark},
      text{other.text} {
    if (other.children_) {
        children_ = std::make_unique<Children>();
        children_->items = other.children_->items;
        children_->members = other.children_->members;
    }
}

Node& Node::operator=(const Node& other) {
    if (this != &other) {
        *this = Node{other};
    }
    return *this;
}

Node Node::string(std::string text, Mark mark) {
    Node node{mark};
    node.kind = Kind::string;
    node.text = std::move(text);
    return node;
}

Node Node::boolean(bool value, Mark mark) {
    Node node{mark};
    node.kind = Kind::boolean;
    node.text = value ? "true" : "false";
    return node;
}

Node Node::integer(std::int64_t value, Mark mark) {
    Node node{mark};
    node.kind = Kind::integer;
    node.text = std::to_string(value);
    return node;
}

Node Node::real(double value, Mark mark) {
    Node node{mark};
    node.kind = Kind::real;
    std::array<char, 40> buffer{};
    const auto done = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    node.text.assign(buffer.data(), done.ptr);
    return node;
}

Node Node::sequence(Mark mark) {
    Node node{mark};
    node.kind = Kind::sequence;
    return node;
}

Node Node::mapping(Mark mark) {
    Node node{mark};
    node.kind = Kind::mapping;
    return node;
}

Node Node::plain(std::string text, Mark mark) {
    Node node{mark};
    node.kind = kind_of_plain(text);
    node.text = std::move(text);
    node.plain_style = true;
    return node;
}

std::optional<bool> Node::as_bool() const {
    if (kind != Kind::boolean) {
        return std::nullopt;
    }
    return text.front() == 't' || text.front() == 'T';
}

std::optional<std::int64_t> Node::as_integer() const {
    if (kind != Kind::integer) {
        return std::nullopt;
    }
    std::string_view digits = text;
    const bool negative = digits.starts_with('-');
    if (negative || digits.starts_with('+')) {
        digits.remove_prefix(1);
    }
    int base = 10;
    if (digits.starts_with("0x")) {
        base = 16;
    } else if (digits.starts_with("0o")) {
        base = 8;
    }
    const auto magnitude = parse_uint(base == 10 ? digits : digits.substr(2), base);
    constexpr auto limit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (!magnitude || *magnitude > limit + (negative ? 1 : 0)) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(negative ? 0 - *magnitude : *magnitude);
}

std::optional<double> Node::as_real() const {
    if (kind == Kind::integer) {
        const auto whole = as_integer();
        return whole ? std::optional<double>{static_cast<double>(*whole)} : std::nullopt;
    }
    if (kind != Kind::real) {
        return std::nullopt;
    }
    std::string_view number = text;
    const bool negative = number.starts_with('-');
    if (negative || number.starts_with('+')) {
        number.remove_prefix(1);
    }
    if (to_lower(number) == ".inf") {
        return negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
    }
    if (to_lower(number) == ".nan") {
        return std::numeric_limits<double>::quiet_NaN();
    }
    double value = 0;
    const auto done = std::from_chars(number.data(), number.data() + number.size(), value);
    if (done.ec != std::errc{}) {
        return std::nullopt;
    }
    return negative ? -value : value;
}

Node::Children& Node::children() {
    if (!children_) {
        children_ = std::make_unique<Children>();
    }
    return *children_;
}

const std::vector<Node>& Node::items() const noexcept {
    static const std::vector<Node> none;
    return children_ ? children_->items : none;
}

std::vector<Node>& Node::items() noexcept {
    return children().items;
}

const std::vector<Member>& Node::members() const noexcept {
    static const std::vector<Member> none;
    return children_ ? children_->members : none;
}

std::vector<Member>& Node::members() noexcept {
    return children().members;
}

void Node::members_changed() noexcept {
    if (children_) {
        children_->slots.clear();
        children_->indexed = 0;
    }
}

std::size_t Node::size() const noexcept {
    return kind == Kind::sequence ? items().size() : members().size();
}

std::size_t Node::count() const noexcept {
    std::size_t nodes = 1;
    for (const Node& item : items()) {
        nodes += item.count();
    }
    for (const Member& member : members()) {
        nodes += member.value.count();
    }
    return nodes;
}

std::size_t Node::index_of(std::string_view key) const noexcept {
    const std::vector<Member>& all = members();
    if (all.size() < index_from) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (all[i].key == key) {
                return i;
            }
        }
        return npos;
    }
    children_->index_all();
    const std::uint32_t found = children_->slots[children_->slot_of(key)];
    return found == 0 ? npos : found - 1;
}

const Member* Node::find_member(std::string_view key) const noexcept {
    const std::size_t at = index_of(key);
    return at == npos ? nullptr : &children_->members[at];
}

Member* Node::find_member(std::string_view key) noexcept {
    const std::size_t at = index_of(key);
    return at == npos ? nullptr : &children_->members[at];
}

const Node* Node::find(std::string_view key) const noexcept {
    const Member* member = find_member(key);
    return member == nullptr ? nullptr : &member->value;
}

Node* Node::find(std::string_view key) noexcept {
    Member* member = find_member(key);
    return member == nullptr ? nullptr : &member->value;
}

Node& Node::set(std::string_view key, Node value, Mark key_mark) {
    if (Member* member = find_member(key)) {
        member->value = std::move(value);
        return member->value;
    }
    members().push_back({std::string{key}, key_mark, std::move(value)});
    return members().back().value;
}

bool Node::erase(std::string_view key) {
    const std::size_t at = index_of(key);
    if (at == npos) {
        return false;
    }
    members().erase(members().begin() + static_cast<std::ptrdiff_t>(at));
    members_changed();
    return true;
}

Node& Node::push_back(Node value) {
    items().push_back(std::move(value));
    return items().back();
}

bool Node::same_value(const Node& other) const {
    if (kind != other.kind) {
        return false;
    }
    if (kind == Kind::sequence) {
        const auto& mine = items();
        const auto& theirs = other.items();
        if (mine.size() != theirs.size()) {
            return false;
        }
        for (std::size_t i = 0; i < mine.size(); ++i) {
            if (!mine[i].same_value(theirs[i])) {
                return false;
            }
        }
        return true;
    }
    if (kind == Kind::mapping) {
        if (size() != other.size()) {
            return false;
        }
        for (const Member& member : members()) {
            const Node* theirs = other.find(member.key);
            if (theirs == nullptr || !member.value.same_value(*theirs)) {
                return false;
            }
        }
        return true;
    }
    if (kind == Kind::null) {
        return true;
    }
    if (kind == Kind::integer) {
        const auto mine = as_integer();
        const auto theirs = other.as_integer();
        return mine && theirs ? *mine == *theirs : text == other.text;
    }
    return kind == Kind::boolean ? as_bool() == other.as_bool() : text == other.text;
}

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool all_of(std::string_view text, bool (*matches)(char)) {
    for (const char c : text) {
        if (!matches(c)) {
            return false;
        }
    }
    return !text.empty();
}

std::string_view take_digits(std::string_view& text) {
    std::size_t n = 0;
    while (n < text.size() && is_digit(text[n])) {
        ++n;
    }
    const std::string_view digits = text.substr(0, n);
    text.remove_prefix(n);
    return digits;
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
    for (const std::string_view word : words) {
        if (text == word) {
            return true;
        }
    }
    return false;
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
Kind kind_of_number(std::string_view text) {
    if (text.starts_with('-') || text.starts_with('+')) {
        text.remove_prefix(1);
    }
    const bool has_whole = !take_digits(text).empty();
    if (has_whole && text.empty()) {
        return Kind::integer;
    }
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        if (take_digits(text).empty() && !has_whole) {
            return Kind::string;
        }
    } else if (!has_whole) {
        return Kind::string;
    }
    if (text.starts_with('e') || text.starts_with('E')) {
        text.remove_prefix(1);
        if (text.starts_with('-') || text.starts_with('+')) {
            text.remove_prefix(1);
        }
        if (take_digits(text).empty()) {
            return Kind::string;
        }
    }
    return text.empty() ? Kind::real : Kind::string;
}

}  // namespace

Kind kind_of_plain(std::string_view text) noexcept {
    if (text.empty()) {
        return Kind::null;
    }
    switch (text.front()) {
        case '~':
        case 'n':
        case 'N':
            return is_one_of(text, {"~", "null", "Null", "NULL"}) ? Kind::null : Kind::string;
        case 't':
        case 'T':
            return is_one_of(text, {"true", "True", "TRUE"}) ? Kind::boolean : Kind::string;
        case 'f':
        case 'F':
            return is_one_of(text, {"false", "False", "FALSE"}) ? Kind::boolean : Kind::string;
        case '0':
            if (text.starts_with("0x")) {
                const auto hex = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
                return all_of(text.substr(2), hex) ? Kind::integer : Kind::string;
            }
            if (text.starts_with("0o")) {
                return all_of(text.substr(2), [](char c) { return c >= '0' && c <= '7'; }) ? Kind::integer
                                                                                           : Kind::string;
            }
            return kind_of_number(text);
        default:
            break;
    }
    if (is_digit(text.front()) || text.front() == '-' || text.front() == '+' || text.front() == '.') {
        std::string_view rest = text;
        if (rest.front() == '-' || rest.front() == '+') {
            rest.remove_prefix(1);
        }
        if (is_one_of(rest, {".inf", ".Inf", ".INF"}) || is_one_of(text, {".nan", ".NaN", ".NAN"})) {
            return Kind::real;
        }
        return kind_of_number(text);
    }
    return Kind::string;
}

}  // namespace stack::compose
