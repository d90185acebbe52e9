// Habits from elsewhere (docker run, Kubernetes, other YAML files) and slips of the keyboard, beyond the tables beside
// this file. What they say is kept in tests/golden/compose/mistakes/<name>.txt; STACK_ACCEPT=1 rewrites.
#include <catch2/catch.hpp>

#include "diagnose.hpp"

using stack::compose::testing::compare_with_golden;

TEST_CASE("habits from elsewhere are answered with what is written here", "[compose][mistakes]") {
    compare_with_golden({
        {"habit-env-space-eq", "services:\n  web:\n    image: nginx\n    environment:\n      - A = 1\n"},
        {"habit-ports-comma", "services:\n  web:\n    image: nginx\n    ports:\n      - \"8080:80,8443:443\"\n"},
        {"habit-ports-slash", "services:\n  web:\n    image: nginx\n    ports:\n      - \"8080/80\"\n"},
        {"habit-ports-url", "services:\n  web:\n    image: nginx\n    ports:\n      - \"http://localhost:8080:80\"\n"},
        {"habit-ports-protocol-first", "services:\n  web:\n    image: nginx\n    ports:\n      - \"udp:53:53\"\n"},
        {"habit-ports-long-bad",
         "services:\n  web:\n    image: nginx\n    ports:\n      - target: 80\n        publish: 8080\n"},
        {"habit-ports-arrow", "services:\n  web:\n    image: nginx\n    ports:\n      - \"8080->80\"\n"},
        {"habit-vol-dest",
         "services:\n  web:\n    image: nginx\n    volumes:\n      - type: bind\n        source: ./a\n        "
         "destination: /a\n"},
        {"habit-vol-rel-target", "services:\n  web:\n    image: nginx\n    volumes:\n      - ./a:data\n"},
        {"habit-vol-mode", "services:\n  web:\n    image: nginx\n    volumes:\n      - ./a:/a:readonly\n"},
        {"habit-net-subnet-map",
         "services: {a: {image: x}}\nnetworks:\n  n:\n    ipam:\n      subnet: 172.20.0.0/16\n"},
        {"habit-dep-map-string",
         "services:\n  web:\n    image: nginx\n    depends_on:\n      db: healthy\n  db:\n    image: x\n"},
        {"habit-dep-cond",
         "services:\n  web:\n    image: nginx\n    depends_on:\n      db:\n        condition: healthy\n  db:\n    "
         "image: x\n"},
        {"habit-hc-cmd-string",
         "services:\n  web:\n    image: nginx\n    healthcheck:\n      test: CMD curl -f http://localhost\n"},
        {"habit-hc-shell-many",
         "services:\n  web:\n    image: nginx\n    healthcheck:\n      test: [\"CMD-SHELL\", \"curl\", \"-f\"]\n"},
        {"habit-hc-interval2",
         "services:\n  web:\n    image: nginx\n    healthcheck:\n      test: a\n      interval: 30 seconds\n"},
        {"habit-restart-bool", "services:\n  web:\n    image: nginx\n    restart: true\n"},
        {"habit-restart-no", "services:\n  web:\n    image: nginx\n    restart: false\n"},
        {"habit-restart-max", "services:\n  web:\n    image: nginx\n    restart: always:5\n"},
        {"habit-deploy-mem",
         "services:\n  web:\n    image: nginx\n    deploy:\n      resources:\n        limits:\n          memory: "
         "1Gi\n"},
        {"habit-deploy-cpu",
         "services:\n  web:\n    image: nginx\n    deploy:\n      resources:\n        limits:\n          cpu: 0.5\n"},
        {"habit-build-ctx", "services:\n  web:\n    image: nginx\n    build:\n      path: .\n"},
        {"habit-build-df",
         "services:\n  web:\n    image: nginx\n    build:\n      context: .\n      file: Dockerfile.dev\n"},
        {"habit-image-space", "services:\n  web:\n    image: nginx latest\n"},
        {"habit-image-upper", "services:\n  web:\n    image: Nginx:latest\n"},
        {"habit-image-tagtag", "services:\n  web:\n    image: nginx:1.2:3\n"},
        {"habit-image-url", "services:\n  web:\n    image: https://docker.io/nginx\n"},
        {"habit-cmd-number", "services:\n  web:\n    image: nginx\n    command: 5\n"},
        {"habit-cmd-map", "services:\n  web:\n    image: nginx\n    command:\n      run: a\n"},
        {"habit-secret-string", "services:\n  web:\n    image: nginx\n    secrets: [s]\nsecrets:\n  s: ./s.txt\n"},
        {"habit-log-driver-direct", "services:\n  web:\n    image: nginx\n    logging: json-file\n"},
        {"habit-log-opts",
         "services:\n  web:\n    image: nginx\n    logging:\n      driver: json-file\n      opts:\n        max-size: "
         "10m\n"},
        {"habit-dns", "services:\n  web:\n    image: nginx\n    dns: google.com\n"},
        {"habit-container-name-bad", "services:\n  web:\n    image: nginx\n    container_name: my web\n"},
        {"habit-missing-colon", "services:\n  web\n    image: nginx\n"},
        {"habit-missing-space", "services:\n  web:\n    image:nginx\n"},
        {"habit-unquoted-bang", "services:\n  web:\n    image: nginx\n    command: !foo bar\n"},
        {"habit-nbsp",
         "services:\n  web:\n\xC2"
         "\xA0"
         "   image: nginx\n"},
        {"habit-extends-nosvc", "services:\n  web:\n    image: nginx\n    extends:\n      file: other.yaml\n"},
        {"habit-gpu",
         "services:\n  web:\n    image: nginx\n    deploy:\n      resources:\n        reservations:\n          "
         "devices:\n            - driver: nvidia\n              count: 1\n"},
        {"habit-pull-policy", "services:\n  web:\n    image: nginx\n    pull_policy: if-not-present\n"},
        {"habit-sysctls", "services:\n  web:\n    image: nginx\n    sysctls:\n      net.core.somaxconn\n"},
        {"habit-include-map", "include:\n  path: a.yaml\nservices: {a: {image: x}}\n"},
        {"habit-services-list", "services:\n  - web:\n      image: nginx\n"},
    });
}
