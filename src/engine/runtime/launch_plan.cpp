#include "engine/runtime/launch_plan.hpp"

#include <bit>
#include <cstring>
#include <type_traits>

#include "support/error.hpp"

namespace stack::runtime {
namespace {

// One description per struct serves both directions: `Archive` is a Writer or a Reader.
// Numbers are fixed-width in the machine's order (the bytes never leave the host); strings and lists have a length.

constexpr std::uint32_t format_version = 0x53504c03;  // "SPL", 3

class Writer {
public:
    explicit Writer(std::string& out) : out_{out} {}

    template <class T>
    requires std::is_arithmetic_v<T> || std::is_enum_v<T>
    void operator()(const T& value) { out_.append(reinterpret_cast<const char*>(&value), sizeof value); }
    void operator()(const std::string& text) {
        (*this)(static_cast<std::uint32_t>(text.size()));
        out_ += text;
    }
    template <class T>
    void list(const std::vector<T>& items);
    template <class T>
    void maybe(const std::optional<T>& item) {
        (*this)(item.has_value());
        if (item) {
            (*this)(*item);
        }
    }

private:
    std::string& out_;
};

class Reader {
public:
    explicit Reader(std::string_view in) : in_{in} {}

    template <class T>
    requires std::is_arithmetic_v<T> || std::is_enum_v<T>
    void operator()(T& value) { std::memcpy(&value, take(sizeof value).data(), sizeof value); }
    void operator()(bool& value) { value = take(1)[0] != 0; }
    void operator()(std::string& text) {
        std::uint32_t size = 0;
        (*this)(size);
        text = take(size);
    }
    template <class T>
    void list(std::vector<T>& items);
    template <class T>
    void maybe(std::optional<T>& item) {
        bool present = false;
        (*this)(present);
        item.reset();
        if (present) {
            (*this)(item.emplace());
        }
    }
    bool at_end() const noexcept { return in_.empty(); }

private:
    std::string_view take(size_t size) {
        if (size > in_.size()) {
            throw Error(Errc::invalid_input, "the launch plan is cut short");
        }
        const std::string_view taken = in_.substr(0, size);
        in_.remove_prefix(size);
        return taken;
    }
    std::string_view in_;
};

template <class Archive, class T>
void visit(Archive& archive, T& value) requires requires {
    archive(value);
}
{ archive(value); }

// `S` is the struct, const when writing.
template <class Archive, class S>
requires std::is_same_v<std::remove_const_t<S>, Rlimit>
void visit(Archive& a, S& s) {
    a(s.resource), a(s.name), a(s.soft), a(s.hard);
}

template <class Archive, class S>
requires std::is_same_v<std::remove_const_t<S>, CgroupPlacement>
void visit(Archive& a, S& s) {
    a(s.v2_dir), a.list(s.v1_dirs);
}

template <class Archive, class S>
requires std::is_same_v<std::remove_const_t<S>, MountStep>
void visit(Archive& a, S& s) {
    a(s.kind), a(s.source), a(s.target), a(s.data), a(s.flags), a(s.recursive), a(s.recursive_ro), a(s.propagation);
    a.list(s.layers), a(s.subpath), a.list(s.uid_map), a.list(s.gid_map);
}

template <class Archive, class S>
requires std::is_same_v<std::remove_const_t<S>, FileStep>
void visit(Archive& a, S& s) {
    a(s.target), a(s.content), a(s.host_path), a(s.uid), a(s.gid), a(s.mode);
}

template <class Archive, class S>
requires std::is_same_v<std::remove_const_t<S>, DeviceStep>
void visit(Archive& a, S& s) {
    a(s.path), a(s.type_and_mode), a(s.major), a(s.minor), a(s.uid), a(s.gid);
}

template <class Archive, class S>
requires std::is_same_v<std::remove_const_t<S>, Sysctl>
void visit(Archive& a, S& s) {
    a(s.name), a(s.value);
}

template <class Archive, class S>
requires std::is_same_v<std::remove_const_t<S>, IdMapping>
void visit(Archive& a, S& s) {
    a(s.inside), a(s.outside), a(s.count);
}

template <class Archive, class S>
requires std::is_same_v<std::remove_const_t<S>, ProcessPlan>
void visit(Archive& a, S& s) {
    a.list(s.args), a.list(s.env), a(s.cwd), a(s.create_cwd), a(s.user), a.list(s.additional_groups);
    a(s.capabilities), a(s.no_new_privileges), a(s.seccomp_file), a(s.apparmor_profile), a.list(s.rlimits);
    a.maybe(s.oom_score_adj), a(s.tty), a(s.rows), a(s.columns);
}

template <class Archive, class S>
requires std::is_same_v<std::remove_const_t<S>, LaunchPlan>
void visit(Archive& a, S& s) {
    a(s.container_id);
    a.list(s.rootfs.layers), a(s.rootfs.upper), a(s.rootfs.work), a(s.rootfs.mount_point), a(s.rootfs.overlay_options);
    a(s.rootfs.read_only), a(s.rootfs.storage_limit);
    a.list(s.mounts), a.list(s.files), a.list(s.devices), a.list(s.masked_paths), a.list(s.read_only_paths);
    a.list(s.sysctls), a(s.hostname), a(s.domainname);
    a(s.namespaces.network), a(s.namespaces.pid), a(s.namespaces.ipc), a(s.namespaces.uts), a(s.namespaces.cgroup);
    a(s.namespaces.user), a.list(s.uid_map), a.list(s.gid_map);
    visit(a, s.cgroup);
    a(s.init);
    visit(a, s.process);
}

template <class Archive, class S>
requires std::is_same_v<std::remove_const_t<S>, ExecPlan>
void visit(Archive& a, S& s) {
    visit(a, s.process), visit(a, s.cgroup), a(s.own_user_namespace);
}

template <class T>
void Writer::list(const std::vector<T>& items) {
    (*this)(static_cast<std::uint32_t>(items.size()));
    for (const T& item : items) {
        visit(*this, item);
    }
}

template <class T>
void Reader::list(std::vector<T>& items) {
    std::uint32_t count = 0;
    (*this)(count);
    items.clear();
    for (std::uint32_t i = 0; i < count; ++i) {  // grows as the bytes come: a wrong count cannot take all memory
        visit(*this, items.emplace_back());
    }
}

template <class Plan>
std::string write(const Plan& plan, char kind) {
    std::string out;
    out.reserve(4096);
    Writer writer{out};
    writer(format_version), writer(kind);
    visit(writer, plan);
    return out;
}

template <class Plan>
Plan parse(std::string_view bytes, char expected_kind) {
    Reader reader{bytes};
    std::uint32_t version = 0;
    char kind = 0;
    reader(version), reader(kind);
    if (version != format_version || kind != expected_kind) {
        throw Error(Errc::invalid_input, "the launch plan was written by another version");
    }
    Plan plan;
    visit(reader, plan);
    if (!reader.at_end()) {
        throw Error(Errc::invalid_input, "the launch plan has rubbish at its end");
    }
    return plan;
}

}  // namespace

std::string serialize(const LaunchPlan& plan) {
    return write(plan, 'L');
}

std::string serialize(const ExecPlan& plan) {
    return write(plan, 'E');
}

LaunchPlan parse_launch_plan(std::string_view bytes) {
    return parse<LaunchPlan>(bytes, 'L');
}

ExecPlan parse_exec_plan(std::string_view bytes) {
    return parse<ExecPlan>(bytes, 'E');
}

}  // namespace stack::runtime
