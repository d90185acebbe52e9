#include <catch2/catch.hpp>

#include "diagnose.hpp"

using stack::compose::testing::compare_with_golden;

TEST_CASE("a value of the wrong form is told with the right one", "[compose][mistakes]") {
    compare_with_golden({
        {"form-ports-text", "services:\n  web:\n    image: nginx\n    ports: 80:80\n"},
        {"form-volumes-text", "services:\n  web:\n    image: nginx\n    volumes: ./a:/a\n"},
        {"form-ports-empty", "services:\n  web:\n    image: nginx\n    ports:\n    environment:\n      A: b\n"},
        {"form-environment-text", "services:\n  web:\n    image: nginx\n    environment: A=b\n"},
        {"form-environment-list-of-maps", "services:\n  web:\n    image: nginx\n    environment:\n      - A: b\n"},
        {"form-environment-nested", "services:\n  web:\n    image: nginx\n    environment:\n      A:\n        B: c\n"},
        {"form-depends-on-text",
         "services:\n  web:\n    image: nginx\n    depends_on: db\n  db:\n    image: postgres\n"},
        {"form-image-number", "services:\n  web:\n    image: 12\n"},
        {"form-image-list", "services:\n  web:\n    image: [nginx]\n"},
        {"form-service-text", "services:\n  web: nginx\n"},
        {"form-service-empty", "services:\n  web:\n"},
        {"form-services-list", "services:\n  - web:\n      image: nginx\n"},
        {"form-service-not-indented", "services:\n  web:\n  image: nginx\n  ports:\n    - 80:80\n"},
        {"form-command-number", "services:\n  web:\n    image: nginx\n    command: [sleep, 10]\n"},
        {"form-build-list", "services:\n  web:\n    build: [.]\n"},
        {"form-mount-with-space", "services:\n  web:\n    image: nginx\n    volumes:\n      - ./a: /a\n"},
        {"form-port-with-space", "services:\n  web:\n    image: nginx\n    ports:\n      - 8080: 80\n"},
        {"form-labels-text", "services:\n  web:\n    image: nginx\n    labels: a=b\n"},
        {"form-cap-add-text", "services:\n  web:\n    image: nginx\n    cap_add: NET_ADMIN\n"},
        {"form-healthcheck-text", "services:\n  web:\n    image: nginx\n    healthcheck: curl localhost\n"},
        {"form-healthcheck-list",
         "services:\n  web:\n    image: nginx\n    healthcheck:\n      test: [\"curl\", \"-f\", \"localhost\"]\n"},
        {"form-networks-empty", "services:\n  web:\n    image: nginx\n    networks:\n"},
        {"form-volumes-top-level-list", "services:\n  web:\n    image: nginx\nvolumes:\n  - data\n"},
        {"form-secret-uid-number",
         "services:\n  web:\n    image: nginx\n    secrets:\n      - source: s\n        uid: 103\nsecrets:\n  s:\n    "
         "file: ./s\n"},
        {"form-list-entry-colon", "services:\n  web:\n    image: nginx\n    command:\n      - echo\n      - done:\n"},
        {"form-command-open-quote", "services:\n  web:\n    image: nginx\n    command: sh -c 'echo hello\n"},
        {"form-duplicate-entry",
         "services:\n  web:\n    image: nginx\n    security_opt:\n      - seccomp=unconfined\n      - "
         "seccomp=unconfined\n"},
    });
}

TEST_CASE("a value that is not possible is told with those that are", "[compose][mistakes]") {
    compare_with_golden({
        {"value-duration-without-unit", "services:\n  web:\n    image: nginx\n    stop_grace_period: \"30\"\n"},
        {"value-duration-number",
         "services:\n  web:\n    image: nginx\n    healthcheck:\n      test: curl localhost\n      interval: 30\n"},
        {"value-duration-days", "services:\n  web:\n    image: nginx\n    stop_grace_period: 1d\n"},
        {"value-duration-words", "services:\n  web:\n    image: nginx\n    stop_grace_period: 30 seconds\n"},
        {"value-duration-soon", "services:\n  web:\n    image: nginx\n    stop_grace_period: soon\n"},
        {"value-size-words", "services:\n  web:\n    image: nginx\n    mem_limit: 512 megabytes\n"},
        {"value-size-lots", "services:\n  web:\n    image: nginx\n    mem_limit: lots\n"},
        {"value-size-negative", "services:\n  web:\n    image: nginx\n    shm_size: -5\n"},
        {"value-cpus-word", "services:\n  web:\n    image: nginx\n    cpus: half\n"},
        {"value-cpus-negative", "services:\n  web:\n    image: nginx\n    cpus: -1\n"},
        {"value-scale-fraction", "services:\n  web:\n    image: nginx\n    scale: 1.5\n"},
        {"value-scale-negative", "services:\n  web:\n    image: nginx\n    deploy:\n      replicas: -2\n"},
        {"value-retries-word",
         "services:\n  web:\n    image: nginx\n    healthcheck:\n      test: curl localhost\n      retries: three\n"},
        {"value-number-too-large", "services:\n  web:\n    image: nginx\n    pids_limit: 99999999999999999999\n"},
        {"value-port-too-large", "services:\n  web:\n    image: nginx\n    ports:\n      - \"80800:80\"\n"},
        {"value-port-target-too-large", "services:\n  web:\n    image: nginx\n    ports:\n      - target: 70000\n"},
        {"value-port-zero", "services:\n  web:\n    image: nginx\n    ports:\n      - \"8080:0\"\n"},
        {"value-port-number-too-large", "services:\n  web:\n    image: nginx\n    ports:\n      - 202020\n"},
        {"value-port-protocol", "services:\n  web:\n    image: nginx\n    ports:\n      - \"80:80/tpc\"\n"},
        {"value-port-localhost", "services:\n  web:\n    image: nginx\n    ports:\n      - \"localhost:80:80\"\n"},
        {"value-port-range-backwards", "services:\n  web:\n    image: nginx\n    ports:\n      - \"9000-8000:80\"\n"},
        {"value-port-ranges-differ", "services:\n  web:\n    image: nginx\n    ports:\n      - \"8000-8002:80-81\"\n"},
        {"value-port-swapped", "services:\n  web:\n    image: nginx\n    ports:\n      - \"80:127.0.0.1:8080\"\n"},
        {"value-port-published-address",
         "services:\n  web:\n    image: nginx\n    ports:\n      - target: 80\n        published: 127.0.0.1:8080\n"},
        {"value-mount-colons", "services:\n  web:\n    image: nginx\n    volumes:\n      - ./a:/a:ro:z\n"},
        {"value-mount-empty", "services:\n  web:\n    image: nginx\n    volumes:\n      - \"\"\n"},
        {"value-mount-option", "services:\n  web:\n    image: nginx\n    volumes:\n      - ./a:/a:r0\n"},
        {"value-mount-target-relative", "services:\n  web:\n    image: nginx\n    volumes:\n      - ./a:a\n"},
        {"value-mount-type",
         "services:\n  web:\n    image: nginx\n    volumes:\n      - type: bnd\n        source: ./a\n        target: "
         "/a\n"},
        {"value-bind-without-source",
         "services:\n  web:\n    image: nginx\n    volumes:\n      - type: bind\n        target: /a\n"},
        {"value-restart", "services:\n  web:\n    image: nginx\n    restart: allways\n"},
        {"value-restart-on-failure", "services:\n  web:\n    image: nginx\n    restart: on-failure:three\n"},
        {"value-pull-policy", "services:\n  web:\n    image: nginx\n    pull_policy: allways\n"},
        {"value-condition",
         "services:\n  web:\n    image: nginx\n    depends_on:\n      db:\n        condition: service_helthy\n  db:\n  "
         "  image: postgres\n"},
        {"value-watch-action",
         "services:\n  web:\n    build: .\n    develop:\n      watch:\n        - path: ./src\n          action: "
         "synch\n          target: /app\n"},
        {"value-boolean", "services:\n  web:\n    image: nginx\n    privileged: maybe\n"},
        {"value-signal", "services:\n  web:\n    image: nginx\n    stop_signal: SIGTREM\n"},
        {"value-mode-decimal",
         "services:\n  web:\n    image: nginx\n    configs:\n      - source: c\n        mode: 440\nconfigs:\n  c:\n    "
         "file: ./c\n"},
        {"value-mode-words",
         "services:\n  web:\n    image: nginx\n    configs:\n      - source: c\n        mode: rw-r--r--\nconfigs:\n  "
         "c:\n    file: ./c\n"},
        {"value-subnet",
         "services:\n  web:\n    image: nginx\nnetworks:\n  front:\n    ipam:\n      config:\n        - subnet: "
         "172.28.0.0\n"},
        {"value-ipv4",
         "services:\n  web:\n    image: nginx\n    networks:\n      front:\n        ipv4_address: "
         "172.28.0.256\nnetworks:\n  front: {}\n"},
        {"value-mac", "services:\n  web:\n    image: nginx\n    mac_address: 02:42:ac:11\n"},
        {"value-extra-host", "services:\n  web:\n    image: nginx\n    extra_hosts:\n      - \"db 10.0.0.5\"\n"},
        {"value-container-name", "services:\n  web:\n    image: nginx\n    container_name: my web\n"},
        {"value-expose", "services:\n  web:\n    image: nginx\n    expose:\n      - \"8080:80\"\n"},
        {"value-device-count", "services:\n  web:\n    image: nginx\n    gpus:\n      - count: many\n"},
        {"value-ulimit-name", "services:\n  web:\n    image: nginx\n    ulimits:\n      nofiles: 1024\n"},
        {"value-oom-score", "services:\n  web:\n    image: nginx\n    oom_score_adj: 2000\n"},
        {"value-cpuset", "services:\n  web:\n    image: nginx\n    cpuset: 3-0\n"},
        {"value-device", "services:\n  web:\n    image: nginx\n    devices:\n      - /dev/a:/dev/b:rw:x\n"},
        {"value-env-format",
         "services:\n  web:\n    image: nginx\n    env_file:\n      - path: a.env\n        format: row\n"},
        {"value-network-mode", "services:\n  web:\n    image: nginx\n    network_mode: \"service:\"\n"},
    });
}
