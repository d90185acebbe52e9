#include <catch2/catch.hpp>

#include "compose/graph.hpp"
#include "unit/compose/load/load_case.hpp"

using stack::compose::test::loaded;

namespace {

struct Row {
    const char* yaml;  // of one service, after "image: a, "
    const char* key;
    const char* json;
};

}  // namespace

TEST_CASE("every form of a service's value has one canonical form", "[compose][canonical]") {
    const Row rows[] = {
        {"ports: [80]", "ports", R"([{"mode":"ingress","protocol":"tcp","target":80}])"},
        {"ports: ['127.0.0.1:8080:80/udp']", "ports",
         R"([{"host_ip":"127.0.0.1","mode":"ingress","protocol":"udp","published":"8080","target":80}])"},
        {"ports: ['9-10:9-10']", "ports",
         R"([{"mode":"ingress","protocol":"tcp","published":"10","target":10},{"mode":"ingress","protocol":"tcp","published":"9","target":9}])"},
        {"ports: ['80:80', '80:80']", "ports", R"([{"mode":"ingress","protocol":"tcp","published":"80","target":80}])"},
        {"volumes: ['./x:/x/:ro']", "volumes",
         R"([{"bind":{"create_host_path":true},"read_only":true,"source":"/dir/x","target":"/x","type":"bind"}])"},
        {"volumes: ['/anonymous']", "volumes", R"([{"target":"/anonymous","type":"volume","volume":{}}])"},
        {"command: sh -c 'echo \"a b\"' e\\ f", "command", R"(["sh","-c","echo \"a b\"","e f"])"},
        {"command: []", "command", "[]"},
        {"environment: [A=1, B, C=]", "environment", R"({"A":"1","B":null,"C":""})"},
        {"environment: {A: 1, B: true, C: 1.50, D: , E: no}", "environment",
         R"({"A":"1","B":"true","C":"1.5","D":null,"E":"no"})"},
        {"labels: [a=b, c]", "labels", R"({"a":"b","c":""})"},
        {"extra_hosts: ['h:1.1.1.1', 'v=[::1]', 'a=1.1.1.1,2.2.2.2']", "extra_hosts",
         R"(["a=1.1.1.1","a=2.2.2.2","h=1.1.1.1","v=::1"])"},
        {"mem_limit: 1.5g", "mem_limit", R"("1610612736")"},
        {"stop_grace_period: 90s", "stop_grace_period", R"("1m30s")"},
        {"tty: 'yes'", "tty", "true"},
        {"tty: false", "tty", "absent"},
        {"init: false", "init", "false"},
        {"scale: '2'", "scale", "2"},
        {"dns: 8.8.8.8", "dns", R"(["8.8.8.8"])"},
        {"gpus: all", "gpus", R"([{"count":-1}])"},
        {"devices: ['/dev/a:/dev/b']", "devices", R"([{"permissions":"rwm","source":"/dev/a","target":"/dev/b"}])"},
        {"healthcheck: {test: x, retries: '5', interval: 1m}", "healthcheck",
         R"({"interval":"1m0s","retries":5,"test":["CMD-SHELL","x"]})"},
        {"build: ctx", "build", R"({"context":"/dir/ctx","dockerfile":"Dockerfile"})"},
        {"build: {context: 'https://example.com/a.git', ssh: {default: }}", "build",
         R"({"context":"https://example.com/a.git","dockerfile":"Dockerfile","ssh":["default"]})"},
        {"networks: [default]", "networks", R"({"default":null})"},
        {"ulimits: {nofile: {soft: 1, hard: 2}, nproc: 3}", "ulimits", R"({"nofile":{"hard":2,"soft":1},"nproc":3})"},
        {"blkio_config: {device_read_bps: [{path: /dev/a, rate: 1mb}]}", "blkio_config",
         R"({"device_read_bps":[{"path":"/dev/a","rate":"1048576"}]})"},
    };
    for (const Row& row : rows) {
        const std::string yaml = std::string{"services:\n  app:\n    image: a\n    "} + row.yaml + "\n";
        CAPTURE(row.yaml);
        CHECK(loaded(yaml, std::string{"services.app."} + row.key) == row.json);
    }
}

TEST_CASE("what the files imply is written out", "[compose][normalize]") {
    const std::string yaml = R"(
services:
  app: {image: a, links: ['db:d'], network_mode: 'service:net', volumes_from: [vol]}
  db: {image: a}
  net: {image: a}
  vol: {image: a}
volumes: {data: , named: {name: other}, out: {external: true}}
)";
    CHECK(loaded(yaml, "services.app.depends_on") ==
          R"({"db":{"condition":"service_started","required":true,"restart":true},)"
          R"("net":{"condition":"service_started","required":true,"restart":true},)"
          R"("vol":{"condition":"service_started","required":true}})");
    CHECK(loaded(yaml, "services.db.networks") == R"({"default":null})");
    CHECK(loaded(yaml, "networks.default") == R"({"name":"p_default"})");
    CHECK(loaded(yaml, "volumes") ==
          R"({"data":{"name":"p_data"},"named":{"name":"other"},"out":{"external":true,"name":"out"}})");
}

TEST_CASE("a loaded project knows which key asks for another service", "[compose][graph]") {
    for (const std::string key : {"links: ['b:x']", "volumes_from: ['b:ro']", "network_mode: 'service:b'",
                                  "ipc: 'service:b'", "pid: 'service:b'", "uts: 'service:b'", "depends_on: [b]"}) {
        CAPTURE(key);
        const auto project = stack::compose::test::load(
            {{{"compose.yaml", "services: {a: {image: i, " + key + "}, b: {image: i}}\n"}}, {}, {}});
        const auto graph = stack::compose::make_graph(project.project);
        REQUIRE(graph.edges.at(0).size() == 1);
        CHECK(graph.edges[0][0].cause == key.substr(0, key.find(':')));
    }
}
