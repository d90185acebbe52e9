#include <catch2/catch.hpp>

#include "diagnose.hpp"

using stack::compose::testing::compare_with_golden;

TEST_CASE("a key that is not known is told with the one that was meant", "[compose][mistakes]") {
    compare_with_golden({
        {"key-misspelled", "services:\n  web:\n    image: nginx\n    restrat: always\n"},
        {"key-image-misspelled", "services:\n  web:\n    imgae: nginx\n"},
        {"key-plural", "services:\n  web:\n    image: nginx\n    port:\n      - 80:80\n"},
        {"key-camel-case", "services:\n  web:\n    image: nginx\n    dependsOn: [db]\n  db:\n    image: postgres\n"},
        {"key-with-dash", "services:\n  web:\n    image: nginx\n    container-name: web\n"},
        {"key-upper-case", "services:\n  web:\n    Image: nginx\n    build: .\n"},
        {"key-dockerfile-in-service", "services:\n  web:\n    build: .\n    dockerfile: Dockerfile.dev\n"},
        {"key-context-in-service", "services:\n  web:\n    image: web\n    context: ./web\n"},
        {"key-env", "services:\n  web:\n    image: nginx\n    env:\n      A: b\n"},
        {"key-cmd", "services:\n  web:\n    image: nginx\n    cmd: nginx -g 'daemon off;'\n"},
        {"key-memory", "services:\n  web:\n    image: nginx\n    memory: 512m\n"},
        {"key-replicas-in-service", "services:\n  web:\n    image: nginx\n    replicas: 3\n"},
        {"key-resources-in-service",
         "services:\n  web:\n    image: nginx\n    resources:\n      limits:\n        memory: 1g\n"},
        {"key-network-in-service", "services:\n  web:\n    image: nginx\n    network: front\nnetworks:\n  front: {}\n"},
        {"key-name-in-service", "services:\n  web:\n    image: nginx\n    name: my-web\n"},
        {"key-interval-in-service", "services:\n  web:\n    image: nginx\n    interval: 30s\n"},
        {"key-healthcheck-cmd",
         "services:\n  web:\n    image: nginx\n    healthcheck:\n      command: curl -f localhost\n"},
        {"key-build-arg", "services:\n  web:\n    build:\n      context: .\n      arg:\n        A: b\n"},
        {"key-deploy-limits", "services:\n  web:\n    image: nginx\n    deploy:\n      limits:\n        memory: 1g\n"},
        {"key-deploy-mem",
         "services:\n  web:\n    image: nginx\n    deploy:\n      resources:\n        limits:\n          mem: 1g\n"},
        {"key-logging-max-size",
         "services:\n  web:\n    image: nginx\n    logging:\n      driver: json-file\n      max-size: 10m\n"},
        {"key-port-host", "services:\n  web:\n    image: nginx\n    ports:\n      - target: 80\n        host: 8080\n"},
        {"key-volume-destination",
         "services:\n  web:\n    image: nginx\n    volumes:\n      - type: bind\n        source: ./a\n        target: "
         "/a\n        readonly: true\n"},
        {"key-network-subnet", "services:\n  web:\n    image: nginx\nnetworks:\n  front:\n    subnet: 10.0.0.0/24\n"},
        {"key-volume-path", "services:\n  web:\n    image: nginx\nvolumes:\n  data:\n    path: ./data\n"},
        {"key-secret-content",
         "services:\n  web:\n    image: nginx\nsecrets:\n  token:\n    file: ./token\n    content: abc\n"},
        {"key-top-level-misspelled", "services:\n  web:\n    image: nginx\nnetwork:\n  front: {}\n"},
        {"key-top-level-service", "services:\n  web:\n    image: nginx\ndb:\n  image: postgres\n"},
        {"key-top-level-ports", "services:\n  web:\n    image: nginx\nports:\n  - 80:80\n"},
        {"key-top-level-in-service", "services:\n  web:\n    image: nginx\n    include: other.yaml\n"},
        {"key-nonsense", "services:\n  web:\n    image: nginx\n    frobnicate: true\n"},
        {"key-condition-misspelled",
         "services:\n  web:\n    image: nginx\n    depends_on:\n      db:\n        condition: service_started\n        "
         "requird: false\n  db:\n    image: postgres\n"},
        {"key-missing-condition",
         "services:\n  web:\n    image: nginx\n    depends_on:\n      db: {}\n  db:\n    image: postgres\n"},
        {"key-missing-ulimit-hard",
         "services:\n  web:\n    image: nginx\n    ulimits:\n      nofile:\n        soft: 1024\n"},
        {"key-missing-mount-type",
         "services:\n  web:\n    image: nginx\n    volumes:\n      - source: ./a\n        target: /a\n"},
        {"key-missing-port-target", "services:\n  web:\n    image: nginx\n    ports:\n      - published: 8080\n"},
        {"key-missing-watch-path",
         "services:\n  web:\n    build: .\n    develop:\n      watch:\n        - action: sync\n          target: "
         "/app\n"},
    });
}
