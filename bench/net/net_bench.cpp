// Numbers of the network room, each beside what it is compared with in the same run: endpoints against bare netlink
// messages, DNS answers by dnsperf, published ports against the bridge path by iperf3 (Debian: dnsperf, iperf3); and
// beside other engines, whose command lines are the arguments: bench_net docker podman. They need an image 'busybox'.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <fcntl.h>
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

/// For dnsperf: how many ask, and how many questions wait for their answers.
struct Load {
    std::string clients, waiting;
};
const Load many_clients{"4", "32"};

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

std::string field(const std::string& text, const std::string& mark, char end) {
    const std::string rest = after(text, mark);
    return rest.substr(0, rest.find(end));
}

struct DnsResult {
    double queries_per_second{0};
    std::string lost, latency;
};

DnsResult ask_for(const std::string& name, const std::string& server, int netns, const Load& load) {
    TempDir dir{"/var/tmp", "stack-net-bench-"};
    const std::string queries = dir.path() / "queries";
    write_file(queries, name + " A\n");
    const auto result = run_in_netns(netns, [&] {
        return run({"dnsperf", "-s", server, "-d", queries, "-l", "4", "-c", load.clients, "-q", load.waiting});
    });
    return {parse_double(field(result, "Queries per second:", '\n')).value_or(0), field(result, "Queries lost:", ' '),
            field(result, "Average Latency (s):", ' ')};
}

/// Queries per second of our server.
double bench_dns() {
    const UniqueFd container = make_netns();
    const auto zone = std::make_shared<Zone>();
    zone->add("web", IpAddress::parse("172.18.0.2"));
    const auto view = std::make_shared<EndpointView>();
    view->add_network("bench", zone);
    boost::asio::io_context loop;
    DnsForwarder forwarder{loop};
    DnsServer server{loop, forwarder, open_dns_sockets(container.get()), view};
    std::thread serving{[&] { loop.run(); }};
    double most = 0;
    for (const Load& load : {many_clients, Load{"1", "1"}}) {
        const DnsResult result = ask_for("web", "127.0.0.11", container.get(), load);
        most = std::max(most, result.queries_per_second);
        fmt::print("dns, {} clients, {:>2} waiting  {:8.0f} q/s, lost {}, mean latency {}\n", load.clients,
                   load.waiting, result.queries_per_second, result.lost, result.latency);
    }
    loop.stop();
    serving.join();
    return most;
}

/// Gbit/s to an iperf3 that runs in `netns`, one after another by each of these addresses.
std::vector<double> throughput(int netns, const std::vector<std::pair<std::string, std::string>>& addresses) {
    std::thread server{[&] {
        kernel::enter_namespace(netns, CLONE_NEWNET);
        for (size_t i = 0; i < addresses.size(); ++i) {
            run({"iperf3", "-s", "-p", "5201", "--one-off"});
        }
    }};
    std::vector<double> out;
    for (const auto& [address, port] : addresses) {
        std::string result;
        do {  // until the server listens
            result = run({"iperf3", "-c", address, "-p", port, "-t", "4", "-J"});
        } while (result.find("\"sum_received\"") == std::string::npos);
        const auto sum = result.substr(result.find("\"sum_received\""));
        out.push_back(parse_double(trim(field(sum, "\"bits_per_second\":", ','))).value_or(0) / 1e9);
    }
    server.join();
    return out;
}

/// Gbit/s through a port published on 127.0.0.1.
double bench_published(Bench& bench) {
    const UniqueFd container = make_netns();
    const Endpoint endpoint = attach(container.get(), bench.store, bench.network, {.owner_id = "p", .owner_name = "p"});
    bench.firewall.ensure({bench.network});
    bench.firewall.publish({{endpoint.id, "p", {}, 5201, "tcp", *endpoint.ipv4, 5201}});
    const auto both = throughput(container.get(), {{to_string(*endpoint.ipv4), "5201"}, {"127.0.0.1", "5201"}});
    fmt::print("bridge path                  {:8.1f} Gbit/s\n", both[0]);
    fmt::print("published on 127.0.0.1       {:8.1f} Gbit/s, ratio {:.2f}, budget 0.95\n", both[1], both[1] / both[0]);
    bench.firewall.unpublish("p");
    detach(container.get(), bench.store, endpoint);
    return both[1];
}

/// The first resolver that a container is given.
std::string resolver_of(const std::string& pid) {
    const std::string text = read_file("/proc/" + pid + "/root/etc/resolv.conf");
    return field(text, "nameserver ", '\n');
}

/// The same measures of another engine's container. Called in the network namespace that the engine works in.
void bench_peer(const std::string& engine, double our_queries, double our_gigabits) {
    const std::string name = "stack-net-bench";
    const auto clean = [&] {
        run({engine, "rm", "-f", name});
        run({engine, "network", "rm", name});
    };
    clean();
    run({engine, "network", "create", name});
    run({engine, "run", "-d", "--name", name, "--network", name, "-p", "127.0.0.1:5299:5201", "busybox", "sleep",
         "600"});
    const std::string pid{trim(run({engine, "inspect", "-f", "{{.State.Pid}}", name}))};
    const UniqueFd container{::open(fmt::format("/proc/{}/ns/net", pid).c_str(), O_RDONLY | O_CLOEXEC)};
    if (pid.empty() || pid == "0" || !container) {
        fmt::print("{}: no container of 'busybox' could be started there\n", engine);
        clean();
        return;
    }
    const DnsResult dns = ask_for(name, resolver_of(pid), container.get(), many_clients);
    const double published = throughput(container.get(), {{"127.0.0.1", "5299"}}).front();
    fmt::print("{:<7} dns                  {:8.0f} q/s, ours is {:.1f} times that\n", engine, dns.queries_per_second,
               our_queries / dns.queries_per_second);
    fmt::print("{:<7} published            {:8.1f} Gbit/s, ours is {:.2f} times that\n", engine, published,
               our_gigabits / published);
    clean();
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const UniqueFd outside = current_netns();
        double queries = 0;
        double gigabits = 0;
        {
            Bench bench;
            bench_endpoints(bench);
            queries = bench_dns();
            gigabits = bench_published(bench);
        }
        kernel::enter_namespace(outside.get(), CLONE_NEWNET);
        for (int i = 1; i < argc; ++i) {
            bench_peer(argv[i], queries, gigabits);
        }
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
}
