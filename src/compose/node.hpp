#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compose/source_files.hpp"

namespace stack::compose {

/// What a node is by the core schema of YAML 1.2 (10.3.2): `yes`, `on`, `0o17x` and `12:30` are strings.
enum class Kind : std::uint8_t { null, boolean, integer, real, string, sequence, mapping };

/// "a string", "a list": the words of messages.
std::string_view describe(Kind kind);

/// compose-spec 13-merge "Reset value" and "Replace value".
enum class MergeTag : std::uint8_t { none, reset, replace };

class Node;
struct Member;

/// One value of a Compose file with its place in the file: our own tree, which every phase of loading works on.
///
/// A plain value: copies are deep, moves are cheap, nothing is shared. Anchors, aliases and `<<` are gone when the
/// parser (yaml_tree.hpp) gives the tree away. A scalar keeps its text as written beside its kind, so that `0644`,
/// `1.0` and `~` can be told as the user wrote them. Depth is limited by the parser, so recursion over a tree is safe.
class Node {
public:
    Node() noexcept;
    explicit Node(Mark where) noexcept;
    Node(const Node& other);
    Node(Node&& other) noexcept;
    Node& operator=(const Node& other);
    Node& operator=(Node&& other) noexcept;
    ~Node();

    static Node string(std::string text, Mark mark = {});
    static Node boolean(bool value, Mark mark = {});
    static Node integer(std::int64_t value, Mark mark = {});
    static Node real(double value, Mark mark = {});
    static Node sequence(Mark mark = {});
    static Node mapping(Mark mark = {});
    /// A plain scalar: its kind follows from its text.
    static Node plain(std::string text, Mark mark = {});

    Kind kind{Kind::null};
    MergeTag tag{MergeTag::none};
    /// Set where interpolation changed the text: such a string may still become a number or boolean (cast.hpp).
    bool interpolated{false};
    /// Plain (unquoted) in the file.
    bool plain_style{false};
    /// Where the value begins; for a block list or mapping, where its first entry begins.
    Mark mark;
    /// A scalar's text; empty for null written as nothing.
    std::string text;

    bool is_null() const noexcept { return kind == Kind::null; }
    bool is_string() const noexcept { return kind == Kind::string; }
    bool is_sequence() const noexcept { return kind == Kind::sequence; }
    bool is_mapping() const noexcept { return kind == Kind::mapping; }
    bool is_scalar() const noexcept { return kind != Kind::sequence && kind != Kind::mapping; }
    bool is_number() const noexcept { return kind == Kind::integer || kind == Kind::real; }

    /// The value of a boolean, integer or number node; nullopt if the kind is another or the value is out of range.
    std::optional<bool> as_bool() const;
    std::optional<std::int64_t> as_integer() const;
    std::optional<double> as_real() const;

    /// Entries of a list; empty for other kinds.
    const std::vector<Node>& items() const noexcept;
    std::vector<Node>& items() noexcept;
    /// Members of a mapping in the order of the file; empty for other kinds. Keys are unique.
    /// Whoever changes the vector itself through the second form calls members_changed() afterwards.
    const std::vector<Member>& members() const noexcept;
    std::vector<Member>& members() noexcept;
    void members_changed() noexcept;

    /// Number of entries or members.
    std::size_t size() const noexcept;
    bool empty() const noexcept { return size() == 0; }
    /// Values in this tree, this one too.
    std::size_t count() const noexcept;

    /// A member's value, nullptr if there is none or this is no mapping. Constant time also in large mappings.
    const Node* find(std::string_view key) const noexcept;
    Node* find(std::string_view key) noexcept;
    const Member* find_member(std::string_view key) const noexcept;
    Member* find_member(std::string_view key) noexcept;
    bool has(std::string_view key) const noexcept { return find(key) != nullptr; }

    /// Adds or replaces a member. `key_mark` is used when the key is new.
    Node& set(std::string_view key, Node value, Mark key_mark = {});
    /// Takes a member out; false if there was none.
    bool erase(std::string_view key);
    Node& push_back(Node value);

    /// Equal values, wherever they were written; 1 and 1.0 differ, the order of members does not matter.
    bool same_value(const Node& other) const;

private:
    struct Children;
    Children& children();
    std::size_t index_of(std::string_view key) const noexcept;

    std::unique_ptr<Children> children_;
};

struct Member {
    std::string key;
    Mark key_mark;
    Node value;
};

/// Kind of a plain scalar by the core schema of YAML 1.2.
Kind kind_of_plain(std::string_view text) noexcept;

/// JSON text of a tree, for tests and `--format json`. `indent` < 0 gives one line.
std::string to_json(const Node& node, int indent = -1);

}  // namespace stack::compose
