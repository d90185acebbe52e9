#include <catch2/catch.hpp>

#include "diagnose.hpp"

using stack::compose::testing::compare_with_golden;

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
