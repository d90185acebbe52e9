#include <catch2/catch.hpp>

#include "diagnose.hpp"

using stack::compose::testing::compare_with_golden;
using stack::compose::testing::diagnose;

TEST_CASE("a name that nothing declares is told with the nearest one", "[compose][mistakes]") {
    compare_with_golden({
        {"name-depends-on",
         "services:\n  web:\n    image: nginx\n    depends_on:\n      - databse\n  database:\n    image: postgres\n"},
        {"name-depends-on-map",
         "services:\n  web:\n    image: nginx\n    depends_on:\n      cache:\n        condition: service_started\n  "
         "db:\n    image: postgres\n"},
        {"name-link", "services:\n  web:\n    image: nginx\n    links:\n      - dbb:db\n  db:\n    image: postgres\n"},
        {"name-network-mode",
         "services:\n  web:\n    image: nginx\n    network_mode: service:vpm\n  vpn:\n    image: vpn\n"},
        {"name-volumes-from", "services:\n  web:\n    image: nginx\n    volumes_from:\n      - ghost:ro\n"},
        {"name-network",
         "services:\n  web:\n    image: nginx\n    networks:\n      - frontnd\nnetworks:\n  frontend: {}\n"},
        {"name-network-none", "services:\n  web:\n    image: nginx\n    networks:\n      back:\n"},
        {"name-volume",
         "services:\n  db:\n    image: postgres\n    volumes:\n      - dbdata:/var/lib/postgresql/data\n"},
        {"name-volume-near",
         "services:\n  db:\n    image: postgres\n    volumes:\n      - db_data:/data\nvolumes:\n  db-data: {}\n"},
        {"name-volume-path",
         "services:\n  web:\n    image: nginx\n    volumes:\n      - conf/nginx.conf:/etc/nginx/nginx.conf\n"},
        {"name-volume-long",
         "services:\n  db:\n    image: postgres\n    volumes:\n      - type: volume\n        source: data\n        "
         "target: /data\n"},
        {"name-secret",
         "services:\n  web:\n    image: nginx\n    secrets:\n      - tokn\nsecrets:\n  token:\n    file: ./token\n"},
        {"name-config",
         "services:\n  web:\n    image: nginx\n    configs:\n      - source: app\n        target: /app.conf\n"},
        {"name-build-secret", "services:\n  web:\n    build:\n      context: .\n      secrets:\n        - npm\n"},
        {"name-model", "services:\n  web:\n    image: nginx\n    models:\n      - llm\n"},
        {"name-service-with-space", "services:\n  my web:\n    image: nginx\n"},
        {"name-service-variable", "services:\n  ${NAME}:\n    image: nginx\n"},
    });
}

TEST_CASE("what does not go together is told in one sentence", "[compose][mistakes]") {
    compare_with_golden({
        {"conflict-no-image", "services:\n  web:\n    ports:\n      - 80:80\n"},
        {"conflict-image-empty", "services:\n  web:\n    image: \"\"\n"},
        {"conflict-network-mode",
         "services:\n  web:\n    image: nginx\n    network_mode: host\n    networks:\n      - front\nnetworks:\n  "
         "front: {}\n"},
        {"conflict-service-network",
         "services:\n  web:\n    image: nginx\n  beside:\n    image: nginx\n    network_mode: service:web\n    dns: "
         "1.1.1.1\n"},
        {"conflict-host-ports",
         "services:\n  web:\n    image: nginx\n    network_mode: host\n    ports:\n      - 80:80\n"},
        {"conflict-cpus",
         "services:\n  web:\n    image: nginx\n    cpus: 2\n    deploy:\n      resources:\n        limits:\n          "
         "cpus: 1\n"},
        {"conflict-scale-name", "services:\n  web:\n    image: nginx\n    container_name: web\n    scale: 2\n"},
        {"conflict-dockerfile",
         "services:\n  web:\n    build:\n      context: .\n      dockerfile: a\n      dockerfile_inline: FROM "
         "scratch\n"},
        {"conflict-device-ids",
         "services:\n  web:\n    image: nginx\n    gpus:\n      - count: 1\n        device_ids: [\"0\"]\n"},
        {"conflict-reservation",
         "services:\n  web:\n    image: nginx\n    mem_limit: 256m\n    mem_reservation: 512m\n"},
        {"conflict-container-names",
         "services:\n  a:\n    image: nginx\n    container_name: web\n  b:\n    image: nginx\n    container_name: "
         "web\n"},
        {"conflict-host-port-twice",
         "services:\n  a:\n    image: nginx\n    ports:\n      - 8080:80\n  b:\n    image: nginx\n    ports:\n      - "
         "127.0.0.1:8080:80\n"},
        {"conflict-mount-twice",
         "services:\n  web:\n    image: nginx\n    volumes:\n      - ./a:/data\n      - ./b:/data/\n"},
        {"conflict-config-sources",
         "services:\n  web:\n    image: nginx\nconfigs:\n  c:\n    file: ./c\n    content: abc\n"},
        {"conflict-secret-nowhere", "services:\n  web:\n    image: nginx\nsecrets:\n  token:\n    name: token\n"},
        {"conflict-external-file",
         "services:\n  web:\n    image: nginx\nsecrets:\n  token:\n    external: true\n    file: ./token\n"},
        {"cycle-self", "services:\n  web:\n    image: nginx\n    depends_on: [web]\n"},
        {"cycle-two",
         "services:\n  a:\n    image: nginx\n    depends_on: [b]\n  b:\n    image: nginx\n    depends_on: [a]\n"},
        {"cycle-implied",
         "services:\n  a:\n    image: nginx\n    links: [b]\n  b:\n    image: nginx\n    volumes_from: [c]\n  c:\n    "
         "image: nginx\n    network_mode: service:a\n"},
    });
}

TEST_CASE("an address that does not fit its network is told", "[compose][mistakes]") {
    const auto network = [](const std::string& web, const std::string& db, const std::string& more = "") {
        return "services:\n  web:\n    image: nginx\n    networks:\n      lan:\n        ipv4_address: " + web +
               "\n  db:\n    image: mariadb\n    networks:\n      lan:\n        ipv4_address: " + db +
               "\nnetworks:\n  lan:\n    ipam:\n      config:\n        - subnet: 172.28.0.0/16\n" + more;
    };
    const std::string outside = network("172.29.0.10", "172.28.0.11");
    const std::string twice = network("172.28.0.10", "172.28.0.10");
    const std::string gateway = network("172.28.0.10", "172.28.0.11", "          gateway: 172.27.0.1\n");
    const std::string range = network("172.28.0.10", "172.28.0.11", "          ip_range: 172.30.5.0/24\n");
    compare_with_golden({
        {"address-outside-subnet", outside},
        {"address-twice", twice},
        {"address-gateway-outside", gateway},
        {"address-range-outside", range},
    });
    CHECK(diagnose(network("172.28.0.10", "172.28.255.254")).empty());
}

TEST_CASE("a capability or a log driver that is not there is told", "[compose][mistakes]") {
    compare_with_golden({
        {"capability-unknown", "services:\n  web:\n    image: nginx\n    cap_add:\n      - NET_ADMN\n"},
        {"capability-unknown-prefix", "services:\n  web:\n    image: nginx\n    cap_drop:\n      - CAP_CHWON\n"},
        {"capability-nothing-near", "services:\n  web:\n    image: nginx\n    cap_add: [everything]\n"},
        {"log-driver-unknown", "services:\n  web:\n    image: nginx\n    logging:\n      driver: fluentd\n"},
        {"log-driver-near", "services:\n  web:\n    image: nginx\n    logging:\n      driver: jsonfile\n"},
    });
    CHECK(diagnose("services: {a: {image: x, cap_add: [ALL, cap_bpf, Net_Admin], logging: {driver: none}}}").empty());
}
