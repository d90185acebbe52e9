#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/process.hpp"
#include "support/files.hpp"

namespace stack::test {

/// A firewalld of the test's own, with a system bus of its own. DBUS_SYSTEM_BUS_ADDRESS of this process leads to that
/// bus meanwhile.
///
/// Debian's package is not installed for it, because that would put the machine under firewalld: its program and zones
/// are unpacked where it is not there.
class FirewalldHost {
public:
    /// nullptr, with the reason as a warning of Catch2's, where firewalld can neither be found nor fetched. To be
    /// called where the network is, before a namespace of the test's own is entered.
    static std::unique_ptr<FirewalldHost> find();
    FirewalldHost(const FirewalldHost&) = delete;
    FirewalldHost& operator=(const FirewalldHost&) = delete;
    ~FirewalldHost();

    /// In the namespace that the thread is in now. Returns when it rules. `backend` as in firewalld.conf.
    void start(const std::string& backend = "nftables");
    void stop();
    /// What firewall-cmd says; fails the test if it does not work.
    std::string command(const std::vector<std::string>& words) const;
    /// The zone as a user would write it to /etc/firewalld/zones.
    void write_zone(const std::string& name, const std::string& xml) const;

private:
    FirewalldHost(std::string program, std::string command, std::string config);

    std::string program_, command_, config_;
    TempDir dir_;
    std::optional<testing::Process> bus_, daemon_;
};

}  // namespace stack::test
