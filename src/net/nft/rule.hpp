#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "net/netlink/message.hpp"

/// nf_tables over nfnetlink: only the expressions that our rules need. The register programs are those that nft(8)
/// makes of the same rules (`nft --debug=netlink`), so `nft list table` reads them back as text.
namespace stack::net::nft {

/// Registers: 1 to 4 hold 16 bytes, 8 to 23 hold 4 bytes; register 1 is 8 to 11, 2 is 12 to 15, 3 is 16 to 19.
enum class Register : std::uint32_t {
    verdict = 0,
    r1 = 1,
    r2 = 2,
    r3 = 3,
    r32_00 = 8,
    r32_01 = 9,
    r32_02 = 10,
    r32_03 = 11,
    r32_05 = 13,
    r32_08 = 16,
    r32_09 = 17
};

enum class Verdict { drop = 0, accept = 1 };
enum class Family { ipv4, ipv6 };

/// A rule as its list of expressions, in the order in which the kernel runs them; each one that does not match ends
/// the rule. Chained like the text of a rule.
class Rule {
public:
    Rule(std::string chain, std::string comment) : chain_{std::move(chain)}, comment_{std::move(comment)} {}

    Rule& family(Family family);                                        ///< meta nfproto
    Rule& load_input_link(Register to = Register::r1);                  ///< meta iifname
    Rule& load_output_link(Register to = Register::r1);                 ///< meta oifname
    Rule& in_set(const std::string& set, bool wanted = true);           ///< register 1 (and behind) in a set
    Rule& load_source(Family family);                                   ///< ip saddr
    Rule& load_destination(Family family, Register to = Register::r1);  ///< ip daddr
    Rule& source_is_loopback_v4();                                      ///< ip saddr 127.0.0.0/8
    Rule& destination_is_loopback_v4();                                 ///< ip daddr 127.0.0.0/8
    Rule& destination_is_not_loopback_v6();                             ///< ip6 daddr != ::1
    Rule& destination_is_local();                                       ///< fib daddr type local
    Rule& load_protocol_and_port(Register protocol, Register port);     ///< meta l4proto . th dport
    Rule& dnat_by_map(Family family, const std::string& map);           ///< dnat to … map @map
    Rule& connection_is_translated();                                   ///< ct status dnat
    Rule& connection_is_known();                                        ///< ct state established,related
    Rule& masquerade();
    Rule& verdict(Verdict verdict);

    /// The NEWRULE message.
    netlink::Message message(const std::string& table) const;

private:
    using Body = std::function<void(netlink::Message&)>;
    Rule& expression(std::string name, Body body);
    Rule& meta(std::uint32_t key, Register to);
    Rule& compare(Register reg, std::string value, bool equal = true);
    Rule& load_payload(std::uint32_t base, std::uint32_t offset, std::uint32_t length, Register to);
    Rule& bit_of_connection(std::uint32_t key, std::uint32_t mask);

    std::string chain_, comment_;
    std::vector<std::pair<std::string, Body>> expressions_;
};

}  // namespace stack::net::nft
