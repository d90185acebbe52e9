// Numbers of the network room, each beside what it is compared with in the same run: endpoints against bare netlink
// messages, DNS answers by dnsperf, published ports against the bridge path by iperf3 (Debian: dnsperf, iperf3).
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <linux/netlink.h>
#include <sched.h>

#include "net/dns_server.hpp"
#include "net/endpoint.hpp"
#include "net/firewall.hpp"
#include "net/netlink/links.hpp"
#include "net/netns.hpp"
#include "net/network_store.hpp"
#include "support/database.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/paths.hpp"
#include "support/process.hpp"
#include "support/text.hpp"

using namespace stack;
using namespace stack::net;

namespace {

std::string run(std::vector<std::string> argv) {
    return run_process({.argv = std::move(argv), .capture_output = true}).output;
}

double median_us(int count, const std::function<void(int)>& body) {
    std::vector<double> times;
    for (int i = 0; i < count; ++i) {
        const auto start = std::chrono::steady_clock::now();
        body(i);
        times.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
    }
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
}

struct Bench {
    /// Before the members that make things there.
    UniqueFd host{[] {
        UniqueFd made = make_netns();
        kernel::enter_namespace(made.get(), CLONE_NEWNET);
        return made;
    }()};
    TempDir dir{"/var/tmp", "stack-net-bench-"};
    Paths paths{dir.path() / "root", dir.path() / "run"};
    Database database{paths.database()};
    NetworkStore store{database, paths.tag()};
    Firewall firewall{paths, store};
    Network network{store.create_network({.name = "bench"})};
};

/// The same kernel work by messages alone: no database, no choosing, one socket each way.
void bare_endpoint(netlink::Socket& host, int bridge, int netns, int number) {
    const std::string name = fmt::format("bare{}", number);
    std::vector<netlink::Message> outside, inside;
    outside.push_back(netlink::add_veth({name, "eth0", bridge, netns, MacAddress::random(), 0}));
    outside.push_back(netlink::set_port_options(name, false));
    host.execute(outside);
    netlink::Socket there = run_in_netns(netns, [] { return netlink::Socket{NETLINK_ROUTE}; });
    const int index = *netlink::find_link_index(there, "eth0");
    inside.push_back(netlink::add_address(index, IpAddress::v4(0xAC12C800U + static_cast<std::uint32_t>(number)), 16));
    inside.push_back(netlink::set_up(index, "eth0"));
    inside.push_back(netlink::add_default_route(index, IpAddress::parse("172.18.0.1")));
    there.execute(inside);
}

void bench_endpoints(Bench& bench) {
    constexpr int count = 200;
    std::vector<UniqueFd> bare, ours;
    const double netns = median_us(count, [&](int) { bare.push_back(make_netns()); });
    for (int i = 0; i < count; ++i) {
        ours.push_back(make_netns());
    }
    netlink::Socket host{NETLINK_ROUTE};
    const int bridge = *netlink::find_link_index(host, bench.network.link);
    const double floor =
        median_us(count, [&](int i) { bare_endpoint(host, bridge, bare[static_cast<size_t>(i)].get(), i); });
    const double attached = median_us(count, [&](int i) {
        attach(ours[static_cast<size_t>(i)].get(), bench.store, bench.network, {.owner_id = "o", .owner_name = "o"});
    });
    const double ensured = median_us(count, [&](int) { bench.firewall.ensure({bench.network}); });
    fmt::print("network namespace            {:8.0f} us\n", netns);
    fmt::print("endpoint, bare netlink       {:8.0f} us\n", floor);
    fmt::print("endpoint, attach()           {:8.0f} us   {:+.0f} us, budget +1500\n", attached, attached - floor);
    fmt::print("firewall.ensure(), there     {:8.0f} us\n", ensured);
    bench.store.release_all_of("o");
}

std::string after(const std::string& text, const std::string& mark) {
    const auto at = text.find(mark);
    return at == std::string::npos ? "?" : std::string{trim(std::string_view{text}.substr(at + mark.size(), 16))};
}

void bench_dns(Bench& bench) {
    const UniqueFd container = make_netns();
    const auto zone = std::make_shared<Zone>();
    zone->add("web", IpAddress::parse("172.18.0.2"));
    const auto view = std::make_shared<EndpointView>();
    view->add_network("bench", zone);
    boost::asio::io_context loop;
    DnsForwarder forwarder{loop};
    DnsServer server{loop, forwarder, open_dns_sockets(container.get()), view};
    std::thread serving{[&] { loop.run(); }};
    const std::string queries = bench.dir.path() / "queries";
    write_file(queries, "web A\n");
    for (const auto& [clients, outstanding] : {std::pair{"4", "32"}, {"1", "1"}}) {
        const auto result = run_in_netns(container.get(), [&] {
            return run({"dnsperf", "-s", "127.0.0.11", "-d", queries, "-l", "4", "-c", clients, "-q", outstanding});
        });
        fmt::print("dns, {} clients, {:>2} waiting  {:>8} q/s, lost {}, mean latency {}\n", clients, outstanding,
                   split(after(result, "Queries per second:"), '.')[0], split(after(result, "Queries lost:"), ' ')[0],
                   split(after(result, "Average Latency (s):"), ' ')[0]);
    }
    loop.stop();
    serving.join();
}

void bench_published(Bench& bench) {
    const UniqueFd container = make_netns();
    const Endpoint endpoint = attach(container.get(), bench.store, bench.network, {.owner_id = "p", .owner_name = "p"});
    bench.firewall.ensure({bench.network});
    bench.firewall.publish({{endpoint.id, "p", {}, 5201, "tcp", *endpoint.ipv4, 5201}});
    std::thread server{[&] {
        kernel::enter_namespace(container.get(), CLONE_NEWNET);
        run({"iperf3", "-s", "-p", "5201", "--one-off"});
        run({"iperf3", "-s", "-p", "5201", "--one-off"});
    }};
    const auto gigabits = [](const std::string& address) {
        std::string result;
        do {  // until the server listens
            result = run({"iperf3", "-c", address, "-p", "5201", "-t", "4", "-J"});
        } while (result.find("\"sum_received\"") == std::string::npos);
        const auto sum = result.substr(result.find("\"sum_received\""));
        return parse_double(trim(split(after(sum, "\"bits_per_second\":"), ',')[0])).value_or(0) / 1e9;
    };
    const double bridge = gigabits(to_string(*endpoint.ipv4));
    const double published = gigabits("127.0.0.1");
    server.join();
    fmt::print("bridge path                  {:8.1f} Gbit/s\n", bridge);
    fmt::print("published on 127.0.0.1       {:8.1f} Gbit/s, ratio {:.2f}, budget 0.95\n", published,
               published / bridge);
    bench.firewall.unpublish("p");
    detach(container.get(), bench.store, endpoint);
}

}  // namespace

int main() {
    try {
        Bench bench;
        bench_endpoints(bench);
        bench_dns(bench);
        bench_published(bench);
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
}
