#include "integration/net/firewalld_host.hpp"

#include <csignal>
#include <cstdlib>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "harness/eventually.hpp"

namespace stack::test {
namespace {

namespace fs = std::filesystem;

/// Everybody may do everything: only the test knows the socket.
constexpr const char* bus_config = R"(<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
  </policy>
</busconfig>
)";

/// Where the files of the package lie, unpacked once for this process; empty if it cannot be fetched.
fs::path unpacked_package() {
    static const TempDir dir{"/var/tmp", "stack-firewalld-"};
    static const bool is_there = [] {
        const std::string script = "apt-get download -q firewalld && dpkg-deb -x ./firewalld_*.deb .";
        const auto fetched = testing::run({.argv = {"sh", "-c", script}, .cwd = dir.path()}, testing::image_patience);
        if (fetched.exit_code != 0) {
            WARN("firewalld is not installed and cannot be fetched: " << fetched.all());
        }
        return fetched.exit_code == 0;
    }();
    return is_there ? dir.path() : fs::path{};
}

}  // namespace

std::unique_ptr<FirewalldHost> FirewalldHost::find() {
    const fs::path installed = "/";
    const fs::path base = fs::exists("/usr/sbin/firewalld") ? installed : unpacked_package();
    if (base.empty()) {
        return nullptr;
    }
    return std::unique_ptr<FirewalldHost>{
        new FirewalldHost{base / "usr/sbin/firewalld", base / "usr/bin/firewall-cmd", base / "usr/lib/firewalld"}};
}

FirewalldHost::FirewalldHost(std::string program, std::string command, std::string config)
    : program_{std::move(program)},
      command_{std::move(command)},
      config_{std::move(config)},
      dir_{"/var/tmp", "stack-firewalld-"} {
    const fs::path socket = dir_.path() / "bus";
    write_file(dir_.path() / "bus.conf", fmt::format(bus_config, socket.string()));
    fs::create_directories(dir_.path() / "config" / "zones");
    bus_.emplace(testing::Command{.argv = {"dbus-daemon", "--nofork", "--nopidfile", "--print-address",
                                           "--config-file=" + (dir_.path() / "bus.conf").string()}});
    REQUIRE(bus_->wait_for("unix:"));
    ::setenv("DBUS_SYSTEM_BUS_ADDRESS", ("unix:path=" + socket.string()).c_str(), 1);
}

FirewalldHost::~FirewalldHost() {
    ::unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
}

void FirewalldHost::start(const std::string& backend) {
    write_file(dir_.path() / "config" / "firewalld.conf",
               fmt::format("DefaultZone=public\nFirewallBackend={}\nCleanupOnExit=yes\n", backend));
    daemon_.emplace(testing::Command{.argv = {program_, "--nofork", "--nopid", "--default-config", config_,
                                              "--system-config", (dir_.path() / "config").string(), "--log-target",
                                              "file", "--log-file", (dir_.path() / "log").string()}});
    const bool rules = testing::eventually([&] {
        return testing::run({.argv = {command_, "--state"}}).exit_code == 0;
    });
    INFO(find_file(dir_.path() / "log").value_or("no log"));
    INFO(daemon_->output());
    REQUIRE(rules);
}

void FirewalldHost::stop() {
    const int terminate = SIGTERM;
    daemon_->signal(terminate);
    daemon_->wait();
    daemon_.reset();
}

std::string FirewalldHost::command(const std::vector<std::string>& words) const {
    testing::Command command{.argv = {command_}};
    command.argv.insert(command.argv.end(), words.begin(), words.end());
    const auto said = testing::run(command);
    INFO(said.err);
    REQUIRE(said.exit_code == 0);
    return said.out;
}

void FirewalldHost::write_zone(const std::string& name, const std::string& xml) const {
    write_file(dir_.path() / "config" / "zones" / (name + ".xml"), xml);
}

}  // namespace stack::test
