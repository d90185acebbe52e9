#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "net/address.hpp"

namespace stack::net {

/// What one container may know by name. Asked once per query; what it returns stays valid until the next call into it
/// or change of it. Names come in lower case, without the trailing dot.
class NameView {
public:
    virtual ~NameView() = default;
    /// nullptr: not one of ours, ask upstream. An empty list or one without the asked family is answered at once with
    /// "no data".
    virtual const std::vector<IpAddress>* resolve(std::string_view name) const = 0;
    /// The name for a PTR query; empty: not one of ours.
    virtual std::string_view reverse(const IpAddress& address) const = 0;
    /// Whether the address lies in one of its networks: nobody upstream can know its name, so the answer is "no such
    /// name" at once. Database servers ask for the names of their clients.
    virtual bool owns(const IpAddress& address) const = 0;
};

/// The names of one network: any name may have several addresses.
class Zone {
public:
    void add(std::string_view name, const IpAddress& address);
    void remove(std::string_view name, const IpAddress& address);
    /// PTR; `name` is answered as it is ("blog-db-1.blog_default").
    void set_reverse(const IpAddress& address, std::string name);
    void remove_reverse(const IpAddress& address);
    void set_subnets(std::vector<Subnet> subnets) { subnets_ = std::move(subnets); }

    const std::vector<IpAddress>* find(std::string_view name) const;
    std::string_view reverse(const IpAddress& address) const;
    bool owns(const IpAddress& address) const;

private:
    struct Hash {
        using is_transparent = void;
        size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
    };
    struct AddressHash {
        size_t operator()(const IpAddress& address) const noexcept {
            return std::hash<std::string_view>{}(address.bytes());
        }
    };
    std::unordered_map<std::string, std::vector<IpAddress>, Hash, std::equal_to<>> names_;
    std::unordered_map<IpAddress, std::string, AddressHash> reverse_;
    std::vector<Subnet> subnets_;
};

/// A container's view: its own names (links, extra names) first, then its networks in the order of their priority; the
/// first that knows the name answers. A name may be written with the network's name behind it ("db.blog_default").
class EndpointView : public NameView {
public:
    void add_network(std::string network_name, std::shared_ptr<const Zone> zone);
    void remove_network(std::string_view network_name);
    Zone& own() noexcept { return own_; }

    const std::vector<IpAddress>* resolve(std::string_view name) const override;
    std::string_view reverse(const IpAddress& address) const override;
    bool owns(const IpAddress& address) const override;

private:
    Zone own_;
    std::vector<std::pair<std::string, std::shared_ptr<const Zone>>> networks_;
};

}  // namespace stack::net
