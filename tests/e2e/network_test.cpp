#include <csignal>

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/eventually.hpp"
#include "harness/process.hpp"
#include "harness/sandbox.hpp"
#include "support/kernel/unique_fd.hpp"
#include "support/text.hpp"

using namespace stack::testing;

namespace {

/// A subnet of this process's own: tests run side by side on one host, and subnets must not overlap.
std::string own_subnet(int number) {
    return fmt::format("10.{}.{}.{}/28", 128 + ::getpid() / 256 % 100, ::getpid() % 256, number * 16);
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::string line_of(const std::string& text) {
    return std::string{stack::trim(text)};
}

/// A container that answers GET / with its name.
void start_web(const Sandbox& box, const std::string& name, std::vector<std::string> flags) {
    std::vector<std::string> words{"run", "-d", "--name", name};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(),
                 {"busybox", "sh", "-c",
                  fmt::format("mkdir -p /www && echo {} >/www/index.html && exec httpd -f -p 80 -h /www", name)});
    const Result run = box.docker(words);
    INFO(run.all());
    REQUIRE(run.exit_code == 0);
}

std::string get_from(const Sandbox& box, const std::string& client, const std::string& url) {
    return line_of(box.docker({"exec", client, "wget", "-q", "-O", "-", url}).out);
}

}  // namespace

TEST_CASE("networks are made, listed, inspected and removed", "[network]") {
    const Sandbox box{"net"};
    const std::string subnet = own_subnet(0);
    const Result made = box.docker({"network", "create", "--subnet", subnet, "--internal", "--attachable", "--label",
                                    "team=blue", "-o", "com.docker.network.driver.mtu=1400", "--aux-address",
                                    "printer=" + subnet.substr(0, subnet.rfind('.')) + ".5", "back"});
    INFO(made.all());
    REQUIRE(made.exit_code == 0);
    const std::string id = line_of(made.out);
    CHECK(id.size() == 64);

    const auto list = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"network", "ls"});
        return box.docker(words).out;
    };
    CHECK(list({"--format", "{{.Name}} {{.Driver}} {{.Scope}}"}) ==
          "back bridge local\nbridge bridge local\nhost host local\nnone null local\n");
    CHECK(list({"-q", "-f", "name=back"}) == id.substr(0, 12) + "\n");
    CHECK(list({"-q", "--no-trunc", "-f", "label=team=blue"}) == id + "\n");
    CHECK(list({"-q", "-f", "type=custom", "-f", "driver=macvlan"}).empty());
    CHECK(list({"--format", "{{.Name}}", "-f", "type=builtin"}) == "bridge\nhost\nnone\n");
    CHECK(has(list({}), "NETWORK ID"));

    const auto shown = nlohmann::json::parse(box.docker({"network", "inspect", "back"}).out).at(0);
    CHECK(shown["Id"] == id);
    CHECK(shown["Internal"] == true);
    CHECK(shown["Attachable"] == true);
    CHECK(shown["Labels"]["team"] == "blue");
    CHECK(shown["IPAM"]["Config"][0]["Subnet"] == subnet);
    CHECK(shown["IPAM"]["Config"][0]["AuxiliaryAddresses"].size() == 1);
    CHECK(shown["Containers"].empty());

    const Result again = box.docker({"network", "create", "back"});
    CHECK(again.exit_code == 1);
    CHECK(has(again.err, "network with name back already exists"));
    CHECK(has(box.docker({"network", "create", "--subnet", subnet, "other"}).err, "overlaps"));
    CHECK(has(box.docker({"network", "rm", "bridge"}).err, "pre-defined network and cannot be removed"));
    const Result missing = box.docker({"network", "inspect", "nosuch"});
    CHECK(missing.exit_code == 1);
    CHECK(missing.out == "[]\n");
    CHECK(has(missing.err, "network nosuch not found"));
    CHECK(box.docker({"network", "rm", "nosuch"}).exit_code == 1);
    CHECK(box.docker({"network", "rm", "-f", "nosuch"}).exit_code == 0);
    CHECK(box.docker({"network", "rm", id.substr(0, 8)}).out == id.substr(0, 8) + "\n");
    CHECK(list({"-q", "-f", "type=custom"}).empty());
}

TEST_CASE("network prune takes what no container has a place in", "[network]") {
    const Sandbox box{"net"};
    box.need_busybox();
    for (const char* name : {"empty", "asleep", "kept"}) {
        const Result made = box.docker({"network", "create", "--label", fmt::format("n={}", name), name});
        INFO(made.all());
        REQUIRE(made.exit_code == 0);
    }
    REQUIRE(box.docker({"create", "--name", "sleeper", "--network", "asleep", "busybox", "true"}).exit_code == 0);
    const Result asked = box.docker({"network", "prune", "--filter", "label!=n=kept"});
    CHECK(has(asked.out, "WARNING! This will remove all custom networks not used by at least one container."));
    CHECK(box.docker({"network", "ls", "-q", "-f", "type=custom"}).out.size() == 39);
    CHECK(box.docker({"network", "prune", "-f", "--filter", "label!=n=kept"}).out == "Deleted Networks:\nempty\n\n");
    CHECK(box.docker({"network", "prune", "-f"}).out == "Deleted Networks:\nkept\n\n");
    box.docker({"rm", "sleeper"});
    CHECK(box.docker({"network", "prune", "-f"}).out == "Deleted Networks:\nasleep\n\n");
}

TEST_CASE("a running container joins a network by name and alias, and leaves it", "[network]") {
    const Sandbox box{"net"};
    box.need_busybox();
    const std::string subnet = own_subnet(1);
    REQUIRE(box.docker({"network", "create", "--subnet", subnet, "back"}).exit_code == 0);
    start_web(box, "web", {});  // on the default bridge, which has no names
    start_web(box, "client", {"--network", "back"});

    const std::string wanted = fmt::format("{}.{}", subnet.substr(0, subnet.rfind('.')), 16 + 9);
    const Result joined = box.docker({"network", "connect", "--alias", "shop", "--ip", wanted, "back", "web"});
    INFO(joined.all());
    REQUIRE(joined.exit_code == 0);
    CHECK(get_from(box, "client", "http://web/") == "web");
    CHECK(get_from(box, "client", "http://shop/") == "web");
    CHECK(get_from(box, "web", "http://client/") == "client");  // it has our names now, too
    CHECK(has(box.docker({"exec", "web", "cat", "/etc/hosts"}).out, wanted));
    CHECK(has(box.docker({"network", "inspect", "back"}).out, wanted + "/28"));
    CHECK(box.docker({"ps", "-q", "-f", "network=back"}).out.size() == 26);

    const Result twice = box.docker({"network", "connect", "back", "web"});
    CHECK(twice.exit_code == 1);
    CHECK(has(twice.err, "already exists in network back"));
    const Result used = box.docker({"network", "rm", "back"});
    CHECK(used.exit_code == 1);
    CHECK(has(used.err, "'web'"));

    REQUIRE(box.docker({"network", "disconnect", "back", "web"}).exit_code == 0);
    CHECK_FALSE(has(box.docker({"exec", "web", "cat", "/etc/hosts"}).out, wanted));
    CHECK(box.docker({"exec", "client", "nslookup", "shop"}).exit_code != 0);
    const Result gone = box.docker({"network", "disconnect", "back", "web"});
    CHECK(gone.exit_code == 1);
    CHECK(has(gone.err, "is not connected to network back"));
    const Result events = box.docker({"events", "--since", "1h", "--until", "0s", "--filter", "network=back",
                                      "--format", "{{.Action}} {{.Actor.Attributes.name}}"});
    INFO(events.all());
    CHECK(events.out == "create back\nconnect back\nconnect back\ndisconnect back\n");
}

TEST_CASE("default route and published ports follow when their network is disconnected", "[network]") {
    const Sandbox box{"net"};
    box.need_busybox();
    REQUIRE(box.docker({"network", "create", "--subnet", own_subnet(2), "first"}).exit_code == 0);
    REQUIRE(box.docker({"network", "create", "--subnet", own_subnet(3), "second"}).exit_code == 0);
    REQUIRE(box.docker({"network", "create", "--subnet", own_subnet(4), "--internal", "inner"}).exit_code == 0);
    const std::uint16_t port = Sandbox::free_port();
    start_web(box, "web", {"--network", "inner", "--network", "first", "-p", fmt::format("127.0.0.1:{}:80", port)});
    const auto gateway = [&] {
        const std::string routes = box.docker({"exec", "web", "ip", "route"}).out;
        return has(routes, "default") ? line_of(routes.substr(0, routes.find(" dev"))) : "none";
    };
    const auto via = [](int number) {
        const std::string subnet = own_subnet(number);
        return fmt::format("default via {}.{}", subnet.substr(0, subnet.rfind('.')), number * 16 + 1);
    };
    CHECK(gateway() == via(2));  // an internal network leads nowhere
    CHECK(http_get(port) == "web\n");

    REQUIRE(box.docker({"network", "connect", "--gw-priority", "5", "second", "web"}).exit_code == 0);
    CHECK(gateway() == via(3));
    CHECK(http_get(port) == "web\n");
    REQUIRE(box.docker({"network", "disconnect", "second", "web"}).exit_code == 0);
    CHECK(gateway() == via(2));
    CHECK(http_get(port) == "web\n");
    REQUIRE(box.docker({"network", "disconnect", "first", "web"}).exit_code == 0);
    CHECK(gateway() == "none");
    REQUIRE(box.docker({"network", "connect", "second", "web"}).exit_code == 0);
    CHECK(gateway() == via(3));
    CHECK(http_get(port) == "web\n");

    // What was changed while it ran holds over a restart.
    REQUIRE(box.docker({"restart", "-t", "0", "web"}).exit_code == 0);
    CHECK(gateway() == via(3));
    CHECK(eventually([&] { return http_get(port) == "web\n"; }));
}

TEST_CASE("a container without a network of its own cannot be connected, and the error says why", "[network]") {
    const Sandbox box{"net"};
    box.need_busybox();
    REQUIRE(box.docker({"network", "create", "back"}).exit_code == 0);
    REQUIRE(box.docker({"create", "--name", "onhost", "--network", "host", "busybox", "true"}).exit_code == 0);
    REQUIRE(box.docker({"create", "--name", "alone", "--network", "none", "busybox", "true"}).exit_code == 0);
    REQUIRE(box.docker({"create", "--name", "plain", "busybox", "true"}).exit_code == 0);
    CHECK(has(box.docker({"network", "connect", "back", "onhost"}).err, "uses the network of the host"));
    CHECK(has(box.docker({"network", "connect", "back", "alone"}).err, "has no network (none)"));
    CHECK(has(box.docker({"network", "connect", "host", "plain"}).err, "'--network host'"));
    CHECK(has(box.docker({"network", "connect", "nosuch", "plain"}).err, "network nosuch not found"));
    CHECK(has(box.docker({"network", "connect", "back", "nobody"}).err, "no such container: nobody"));
    CHECK(box.docker({"network", "connect", "back", "plain"}).exit_code == 0);
    CHECK(box.docker({"start", "-a", "plain"}).exit_code == 0);
}

TEST_CASE("a taken port is refused with who holds it, and up leaves nothing half-made", "[network]") {
    const Sandbox box{"net"};
    box.need_busybox();
    const std::uint16_t port = Sandbox::free_port();
    stack::UniqueFd holder{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    REQUIRE(::bind(holder.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(holder.get(), 1) == 0);
    box.write("compose.yaml", fmt::format(R"(
services:
  web:
    image: busybox
    command: sleep 3600
    ports: ["127.0.0.1:{}:80"]
)",
                                          port));
    const Result up = box.stack({"up", "-d"});
    INFO(up.all());
    CHECK(up.exit_code != 0);
    CHECK(has(up.err, fmt::format("cannot publish 127.0.0.1:{}", port)));
    CHECK(has(up.err, fmt::format("(pid {})", ::getpid())));
    CHECK(has(up.err, "e2e_networks"));
    CHECK(box.stack({"ps", "-aq"}).out.empty());
    CHECK(box.docker({"network", "inspect", "net_default"}).exit_code == 1);
    holder.reset();
    CHECK(box.stack({"up", "-d"}).exit_code == 0);
    // The same, held by a container of ours: that is what is named.
    const Result second = box.docker({"run", "--rm", "-p", fmt::format("127.0.0.1:{}:80", port), "busybox", "true"});
    CHECK(second.exit_code == 125);
    CHECK(has(second.err, "container 'net-web-1' publishes this port"));
}

TEST_CASE("run -P publishes what is exposed at random ports from 32768 up, port tells which", "[network]") {
    const Sandbox box{"net"};
    box.need_busybox();
    start_web(box, "web", {"-P", "--expose", "80", "--expose", "7000/udp"});
    const std::string shown = line_of(box.docker({"port", "web", "80"}).out);
    const auto port = stack::parse_uint(shown.substr(shown.rfind(':') + 1));
    REQUIRE(port.has_value());
    CHECK(*port >= 32768);
    CHECK(http_get(static_cast<std::uint16_t>(*port)) == "web\n");
    CHECK(has(box.docker({"port", "web"}).out, "7000/udp -> "));
}

TEST_CASE("links of the old way: a line in /etc/hosts, variables, and a name", "[network]") {
    const Sandbox box{"net"};
    box.need_busybox();
    start_web(box, "redis", {"--expose", "80", "-e", "COLOUR=red"});
    const Result linked = box.docker({"run", "--rm", "--name", "asker", "--link", "redis:my-db", "busybox", "sh", "-c",
                                      "env; grep my-db /etc/hosts; wget -q -O - http://my-db/"});
    INFO(linked.all());
    CHECK(linked.exit_code == 0);
    CHECK(has(linked.out, "MY_DB_NAME=/asker/my-db\n"));
    CHECK(has(linked.out, "MY_DB_ENV_COLOUR=red\n"));
    CHECK(has(linked.out, "MY_DB_PORT_80_TCP_PROTO=tcp\n"));
    const size_t at = linked.out.find("MY_DB_PORT_80_TCP_ADDR=");
    REQUIRE(at != std::string::npos);
    const std::string address = linked.out.substr(at + 23, linked.out.find('\n', at) - at - 23);
    CHECK(has(linked.out, fmt::format("MY_DB_PORT=tcp://{}:80\n", address)));
    CHECK(has(linked.out, fmt::format("{}\tmy-db\n", address)));
    CHECK(has(linked.out, "redis\n"));  // what it serves
    box.docker({"stop", "-t", "0", "redis"});
    const Result dead = box.docker({"run", "--rm", "--link", "redis:db", "busybox", "true"});
    CHECK(dead.exit_code == 125);
    CHECK(has(dead.err, "to 'redis': it is not running"));
}

TEST_CASE("a file of the first format has its links with variables, and the other service first", "[network]") {
    const Sandbox box{"net"};
    box.need_busybox();
    box.write("compose.yaml", R"(
web:
  image: busybox
  command: sh -c "echo $$DB_PORT_5432_TCP_ADDR; grep -w db /etc/hosts; sleep 3600"
  links: ["database:db"]
database:
  image: busybox
  command: sleep 3600
  expose: ["5432"]
)");
    const Result up = box.stack({"up", "-d"});
    INFO(up.all());
    REQUIRE(up.exit_code == 0);
    CHECK(eventually([&] { return has(box.stack({"logs", "--no-log-prefix", "web"}).out, "\tdb\n"); }));
    const std::string log = box.stack({"logs", "--no-log-prefix", "web"}).out;
    const std::string address = log.substr(0, log.find('\n'));
    CHECK(has(log, address + "\tdb\n"));
    CHECK(has(box.docker({"network", "inspect", "net_default"}).out, address + "/"));
}

TEST_CASE("linked containers reach each other where others are kept apart, also after a restart and a new container",
          "[network]") {
    const Sandbox box{"net"};
    box.need_busybox();
    box.write("compose.yaml", R"(
services:
  app:
    image: busybox
    command: sleep 3600
    links: ["store:db"]
    networks: [flats]
  store:
    image: busybox
    command: sh -c "mkdir -p /www && echo rows >/www/index.html && exec httpd -f -p 5432 -h /www"
    expose: ["5432"]
    networks: [flats]
networks:
  flats:
    enable_ipv6: true
    driver_opts: {com.docker.network.bridge.enable_icc: "false"}
)");
    const Result up = box.stack({"up", "-d"});
    INFO(up.all());
    REQUIRE(up.exit_code == 0);
    const auto served = [&](const std::string& asking, const std::string& name) {
        return get_from(box, asking, fmt::format("http://{}:5432/", name)) == "rows";
    };
    CHECK(eventually([&] { return served("net-app-1", "db"); }));
    REQUIRE(box.stack({"restart", "-t", "0", "store"}).exit_code == 0);
    CHECK(eventually([&] { return served("net-app-1", "db"); }));
    REQUIRE(box.stack({"up", "-d", "-t", "0", "--force-recreate", "--no-deps", "store"}).exit_code == 0);
    CHECK(eventually([&] { return served("net-app-1", "db"); }));
    REQUIRE(box.stack({"up", "-d", "-t", "0", "--force-recreate", "--no-deps", "app"}).exit_code == 0);
    CHECK(eventually([&] { return served("net-app-1", "db"); }));
    // Of another project, and known by its container's name.
    const Result other = box.docker({"run", "-d", "--name", "other", "--network", "net_flats", "--link",
                                     "net-store-1:data", "busybox", "sleep", "3600"});
    INFO(other.all());
    REQUIRE(other.exit_code == 0);
    CHECK(eventually([&] { return served("other", "data"); }));
    const auto linked = [&](const std::string& container) {
        const std::string address = line_of(
            box.docker({"inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", container}).out);
        return has(run({.argv = {"nft", "list", "ruleset"}}).out, address + " . ");
    };
    CHECK(linked("net-app-1"));
    CHECK(linked("other"));
    REQUIRE(box.stack({"stop", "-t", "0", "store"}).exit_code == 0);
    CHECK(!linked("net-app-1"));
    CHECK(!linked("other"));
    REQUIRE(box.docker({"rm", "-f", "other"}).exit_code == 0);
}

TEST_CASE("the name of an address of ours that nobody has is asked of nobody", "[network]") {
    const Sandbox box{"net"};
    box.need_busybox();
    const std::string subnet = own_subnet(3);
    const std::string start = subnet.substr(0, subnet.rfind('.') + 1);
    REQUIRE(box.docker({"network", "create", "--subnet", subnet, "quiet"}).exit_code == 0);
    // Its resolver answers nothing, so that a question which is handed on comes to another end.
    REQUIRE(box.docker({"run", "-d", "--name", "asker", "--network", "quiet", "--dns", "127.0.0.77", "busybox", "sleep",
                        "3600"})
                .exit_code == 0);
    const Result unknown = box.docker({"exec", "asker", "nslookup", start + "62"});
    INFO(unknown.all());
    CHECK(has(unknown.all(), "NXDOMAIN"));
    CHECK(has(box.docker({"exec", "asker", "nslookup", start + "50"}).out, "asker.quiet"));
}

TEST_CASE("names of services, replicas, containers, aliases, short ids and the host, others know only their networks",
          "[network]") {
    const Sandbox box{"net"};
    box.need_busybox();
    box.write("compose.yaml", R"(
services:
  web:
    image: busybox
    command: sleep 3600
    scale: 2
    hostname: webhost
    networks: {front: {aliases: [shop]}}
  asker:
    image: busybox
    command: sleep 3600
    networks: [front, back]
  db:
    image: busybox
    command: sleep 3600
    networks: [back]
networks: {front: {}, back: {}}
)");
    const Result up = box.stack({"up", "-d"});
    INFO(up.all());
    REQUIRE(up.exit_code == 0);
    const auto lookup = [&](const std::string& service, const std::string& name) {
        const std::string out = box.stack({"exec", "-T", service, "nslookup", name}).out;
        size_t answers = 0;
        for (size_t at = out.find("Name:"); (at = out.find("Address", at)) != std::string::npos; ++at) {
            ++answers;
        }
        return out.find("Name:") == std::string::npos ? size_t{0} : answers;
    };
    CHECK(lookup("asker", "web") == 2);
    CHECK(lookup("asker", "shop") == 2);
    CHECK(lookup("asker", "webhost") == 2);
    CHECK(lookup("asker", "net-web-1") == 1);
    CHECK(lookup("asker", "net-web-1.net_front") == 1);
    CHECK(lookup("asker", "db") == 1);
    CHECK(lookup("asker", "host.docker.internal") == 1);
    CHECK(lookup("web", "db") == 0);
    const std::string id = line_of(box.stack({"ps", "-q", "db"}).out).substr(0, 12);
    CHECK(lookup("asker", id) == 1);
    REQUIRE(box.stack({"stop", "-t", "0", "db"}).exit_code == 0);
    CHECK(lookup("asker", "db") == 0);
}

TEST_CASE("projects on one external network know each other's services", "[network]") {
    const Sandbox box{"net"};
    box.need_busybox();
    REQUIRE(box.docker({"network", "create", "--subnet", own_subnet(2), "shared"}).exit_code == 0);
    const auto project = [](const std::string& service) {
        return fmt::format(
            "services: {{{}: {{image: busybox, command: sleep 3600, networks: [shared]}}}}\n"
            "networks: {{shared: {{external: true}}}}\n",
            service);
    };
    box.write("one.yaml", project("first"));
    box.write("two.yaml", project("second"));
    REQUIRE(box.stack({"-p", "one", "-f", "one.yaml", "up", "-d"}).exit_code == 0);
    REQUIRE(box.stack({"-p", "two", "-f", "two.yaml", "up", "-d"}).exit_code == 0);
    const auto knows = [&](const std::string& asking, const std::string& name) {
        return box.docker({"exec", asking, "nslookup", name}).exit_code == 0;
    };
    CHECK(eventually([&] { return knows("one-first-1", "second"); }));
    CHECK(eventually([&] { return knows("two-second-1", "first"); }));
    CHECK(knows("two-second-1", "one-first-1"));
    REQUIRE(box.stack({"-p", "one", "-f", "one.yaml", "down", "-t", "0"}).exit_code == 0);
    CHECK(eventually([&] { return !knows("two-second-1", "first"); }));
    REQUIRE(box.stack({"-p", "two", "-f", "two.yaml", "down", "-t", "0"}).exit_code == 0);
}

TEST_CASE("dns_search and dns_opt of a service are in its resolv.conf, and our server is the only one there",
          "[network]") {
    const Sandbox box{"net"};
    box.need_busybox();
    box.write("compose.yaml", R"(
services:
  app:
    image: busybox
    command: sleep 3600
    dns: 192.0.2.1
    dns_search: [corp.test, lab.test]
    dns_opt: ["ndots:2", "timeout:1"]
)");
    REQUIRE(box.stack({"up", "-d"}).exit_code == 0);
    CHECK(box.stack({"exec", "-T", "app", "cat", "/etc/resolv.conf"}).out ==
          "nameserver 127.0.0.11\nsearch corp.test lab.test\noptions ndots:2 timeout:1\n");
}

TEST_CASE("a service has its address in the second subnet of a network, and others theirs in the first", "[network]") {
    const Sandbox box{"net"};
    box.need_busybox();
    const std::string first = own_subnet(0), second = own_subnet(1);
    const std::string base = second.substr(0, second.rfind('.'));
    box.write("compose.yaml", fmt::format(R"(
services:
  fixed:
    image: busybox
    command: sh -c 'echo hello >/tmp/index.html && exec httpd -f -p 80 -h /tmp'
    networks: {{two: {{ipv4_address: {0}.21}}}}
  other:
    image: busybox
    command: sleep 3600
    networks: [two]
networks:
  two: {{ipam: {{config: [{{subnet: {1}}}, {{subnet: {2}}}]}}}}
)",
                                          base, first, second));
    const Result up = box.stack({"up", "-d"});
    INFO(up.all());
    REQUIRE(up.exit_code == 0);
    const auto inside = [&](const std::string& service, const std::string& script) {
        return line_of(box.stack({"exec", "-T", service, "sh", "-c", script}).all());
    };
    CHECK(has(inside("fixed", "ip address show eth0"), fmt::format("inet {}.21/28", base)));
    CHECK(has(inside("fixed", "ip route"), fmt::format("default via {}.17 ", base)));
    CHECK(has(inside("other", "ip route"), fmt::format("{} dev eth0", first)));
    // Subnets of one network are reached by their gateway, which is the host.
    CHECK(inside("other", fmt::format("wget -q -O - http://{}.21/", base)) == "hello");
    CHECK(inside("other", "wget -q -O - http://fixed/") == "hello");
}

TEST_CASE("gw_priority chooses the default route, interface_name the link's name", "[network]") {
    const Sandbox box{"net"};
    box.need_busybox();
    const std::string front = own_subnet(0), back = own_subnet(1);
    const std::string base = back.substr(0, back.rfind('.'));
    box.write("compose.yaml", fmt::format(R"(
services:
  a:
    image: busybox
    command: sleep 3600
    networks:
      front: {{interface_name: outer, priority: 10}}
      back: {{interface_name: inner, gw_priority: 1}}
networks:
  front: {{ipam: {{config: [{{subnet: {}}}]}}}}
  back: {{ipam: {{config: [{{subnet: {}}}]}}}}
)",
                                          front, back));
    const Result up = box.stack({"up", "-d"});
    INFO(up.all());
    REQUIRE(up.exit_code == 0);
    const auto routes = [&] { return box.stack({"exec", "-T", "a", "ip", "route"}).out; };
    CHECK(has(routes(), fmt::format("default via {}.17 dev inner", base)));
    CHECK(has(routes(), front + " dev outer"));
    REQUIRE(box.stack({"restart", "-t", "0", "a"}).exit_code == 0);
    CHECK(has(routes(), fmt::format("default via {}.17 dev inner", base)));
    CHECK(has(box.stack({"exec", "-T", "a", "ip", "-o", "link"}).out, ": outer@"));
}

TEST_CASE("options that a network mode leaves without effect are refused or told, never ignored", "[network]") {
    const Sandbox box{"net"};
    box.need_busybox();
    REQUIRE(box.docker({"run", "-d", "--name", "a", "busybox", "sleep", "3600"}).exit_code == 0);
    const auto refused = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"run", "--rm"});
        words.insert(words.end(), {"busybox", "true"});
        const Result run = box.docker(words);
        return run.exit_code == 125 ? run.err.substr(0, run.err.find('\n'))
                                    : "exit code " + std::to_string(run.exit_code);
    };
    const std::string other = "--network=container:a";
    CHECK(refused({other, "-p", "80:80"}) ==
          "error: conflicting options: --publish and the network mode 'container:a'");
    CHECK(refused({other, "-P"}) == "error: conflicting options: --publish-all and the network mode 'container:a'");
    CHECK(refused({other, "--expose", "80"}) ==
          "error: conflicting options: --expose and the network mode 'container:a'");
    CHECK(refused({other, "--dns", "1.1.1.1"}) ==
          "error: conflicting options: --dns and the network mode 'container:a'");
    CHECK(refused({other, "--add-host", "x:1.1.1.1"}) ==
          "error: conflicting options: --add-host and the network mode 'container:a'");
    CHECK(refused({other, "--hostname", "h"}) ==
          "error: conflicting options: --hostname and the network mode 'container:a'");
    CHECK(refused({"--network=host", "--link", "a"}) ==
          "error: conflicting options: --link and the network mode 'host'");
    for (const std::string mode : {"host", "none", "container:a"}) {
        CHECK(refused({"--network", mode, "--ip", "10.1.2.3"}) ==
              fmt::format("error: conflicting options: --ip and the network mode '{}'", mode));
        CHECK(refused({"--network", mode, "--mac-address", "02:42:aa:bb:cc:dd"}) ==
              fmt::format("error: conflicting options: --mac-address and the network mode '{}'", mode));
    }
    const Result host = box.docker({"run", "--rm", "--network", "host", "-p", "80:80", "busybox", "true"});
    CHECK(host.exit_code == 0);
    CHECK(host.err == "warning: published ports have no effect with the network mode 'host'\n");
}

TEST_CASE("a container that publishes one port twice is told so", "[network]") {
    const Sandbox box{"net"};
    box.need_busybox();
    const std::string port = std::to_string(Sandbox::free_port());
    const Result run = box.docker({"run", "--rm", "-p", port + ":80", "-p", port + ":81", "busybox", "true"});
    CHECK(run.exit_code == 125);
    CHECK(has(run.err, "error: cannot publish 0.0.0.0:" + port));
    CHECK(has(run.err, "  this container publishes it already, for its port 80\n"));
}
