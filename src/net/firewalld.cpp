#include "net/firewalld.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string_view>

#include <arpa/inet.h>  // before the kernel's in.h, which gives way to it
#include <endian.h>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "net/firewalld_bus.hpp"
#include "support/error.hpp"

namespace stack::net {
namespace {

constexpr std::string_view table_name = "firewalld";
/// In `ip filter`, with FirewallBackend=iptables; all versions have it.
constexpr const char* chain_name = "FORWARD_direct";

constexpr const char* bus_name = "org.fedoraproject.FirewallD1";
constexpr const char* object_path = "/org/fedoraproject/FirewallD1";
constexpr const char* zone_interface = "org.fedoraproject.FirewallD1.zone";
constexpr const char* user_zone = "stack";
constexpr const char* common_zone = "trusted";

std::optional<std::uint64_t> find_chain(netlink::Socket& socket) {
    netlink::Message request{NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, 0, "look for firewalld's chains"};
    request.header(nfgenmsg{NFPROTO_IPV4, NFNETLINK_V0, 0});
    request.put_text(NFTA_CHAIN_TABLE, "filter").put_text(NFTA_CHAIN_NAME, chain_name);
    std::optional<std::uint64_t> found;
    try {
        socket.dump(
            request,
            [&](const nlmsghdr& answer) {
                const nlattr* handle =
                    nlmsg_find_attr(const_cast<nlmsghdr*>(&answer), sizeof(nfgenmsg), NFTA_CHAIN_HANDLE);
                found = handle ? be64toh(nla_get_u64(handle)) : 0;
            },
            [] {});
    } catch (const SysError& error) {
        if (error.err() != ENOENT && error.err() != EAFNOSUPPORT) {
            throw;
        }
    }
    return found;
}

/// An answer of firewalld's that is no.
struct Refusal {
    std::string name, text;
    bool is(std::string_view code) const { return text.starts_with(code); }
};

/// One connection, for a few calls.
class Conversation {
public:
    explicit Conversation(std::chrono::seconds limit) : limit_{limit} {
        sd_bus* bus = nullptr;
        require(api_.open_system(&bus), "reach the system bus");
        bus_.reset(bus);
    }

    /// nullopt: nobody has firewalld's name. The answer's text, empty if it is a list.
    struct Answer {
        std::optional<Refusal> refusal;
        std::string text;
    };
    Answer ask(const char* method, const std::vector<std::string>& words, bool text_is_wanted = false) {
        sd_bus_message* fresh = nullptr;
        require(api_.new_method_call(bus_.get(), &fresh, bus_name, object_path, zone_interface, method), method);
        const Message call{fresh, api_.unref};
        require(api_.set_auto_start(call.get(), 0), method);
        for (const std::string& word : words) {
            require(api_.append(call.get(), SD_BUS_TYPE_STRING, word.c_str()), method);
        }
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message* said = nullptr;
        const auto limit = std::chrono::duration_cast<std::chrono::microseconds>(limit_).count();
        const int result = api_.call(bus_.get(), call.get(), static_cast<std::uint64_t>(limit), &error, &said);
        const Message answer{said, api_.unref};
        Answer out;
        if (result < 0 && error.name != nullptr) {
            out.refusal = Refusal{error.name, error.message ? error.message : ""};
        }
        api_.free_error(&error);
        if (!out.refusal) {
            require(result, method);
        }
        const char* text = nullptr;
        if (!out.refusal && text_is_wanted && api_.read(answer.get(), SD_BUS_TYPE_STRING, &text) > 0 && text) {
            out.text = text;
        }
        return out;
    }

private:
    using Message = std::unique_ptr<sd_bus_message, decltype(&::sd_bus_message_unref)>;

    /// sd-bus returns negative error numbers.
    static void require(int result, const char* what) {
        if (result < 0) {
            throw SysError(-result, fmt::format("speak to firewalld ({})", what));
        }
    }

    const SdBusApi& api_ = SdBusApi::get();
    std::chrono::seconds limit_;
    std::unique_ptr<sd_bus, decltype(&::sd_bus_flush_close_unref)> bus_{nullptr, api_.close};
};

bool is_nobody(const Refusal& refusal) {
    return refusal.name == "org.freedesktop.DBus.Error.ServiceUnknown" ||
           refusal.name == "org.freedesktop.DBus.Error.NameHasNoOwner";
}

void accept(const Conversation::Answer& answer) {
    // Another of our processes may have been quicker.
    if (answer.refusal && !answer.refusal->is("ZONE_ALREADY_SET") && !answer.refusal->is("UNKNOWN_INTERFACE") &&
        !answer.refusal->is("ZONE_CONFLICT")) {
        throw Error(Errc::system, fmt::format("firewalld refuses: {}", answer.refusal->text));
    }
}

void settle(Conversation& firewalld, const FirewalldPlacement& placement) {
    const auto known = firewalld.ask("getInterfaces", {user_zone});
    if (known.refusal && is_nobody(*known.refusal)) {
        return;
    }
    if (known.refusal && !known.refusal->is("INVALID_ZONE")) {
        accept(known);
    }
    const std::string zone = known.refusal ? common_zone : user_zone;
    for (const std::string& interface : placement.present) {
        const std::string now = firewalld.ask("getZoneOfInterface", {interface}, true).text;
        if (now.empty()) {
            accept(firewalld.ask("addInterface", {zone, interface}));
        } else if (now == common_zone && now != zone) {
            accept(firewalld.ask("changeZoneOfInterface", {zone, interface}));
        }
    }
    for (const std::string& interface : placement.absent) {
        const std::string now = firewalld.ask("getZoneOfInterface", {interface}, true).text;
        if (now == common_zone || now == user_zone) {
            accept(firewalld.ask("removeInterface", {now, interface}));
        }
    }
}

}  // namespace

std::optional<std::uint64_t> find_firewalld(netlink::Socket& nfnetlink, const std::vector<nft::Table>& tables) {
    const auto table =
        std::find_if(tables.begin(), tables.end(), [](const nft::Table& it) { return it.name == table_name; });
    return table != tables.end() ? table->handle : find_chain(nfnetlink);
}

bool is_table_of_firewalld(std::string_view name) noexcept {
    return name == table_name;
}

bool is_chain_of_firewalld(std::string_view name) noexcept {
    return name == chain_name;
}

void place_in_firewalld(const FirewalldPlacement& placement, std::chrono::seconds limit) {
    try {
        Conversation firewalld{limit};
        settle(firewalld, placement);
    } catch (const Error& error) {
        std::string mend = "tell it yourself: firewall-cmd --zone=trusted";
        for (const std::string& interface : placement.present) {
            mend += " --add-interface=" + interface;
        }
        throw placement.present.empty() ? Error{error} : Error{error}.hint(mend);
    }
}

}  // namespace stack::net
