#include <catch2/catch.hpp>
#include <sys/mount.h>
#include <sys/stat.h>

#include "engine/runtime/cdi/edits.hpp"
#include "engine/runtime/cdi/requests.hpp"
#include "support/error.hpp"
#include "support/files.hpp"

using namespace stack;
using namespace stack::runtime;
using namespace stack::runtime::cdi;

namespace {

constexpr const char* gpus = R"(cdiVersion: "0.6.0"
kind: vendor.com/gpu
containerEdits:
  env: [VENDOR=yes]
devices:
  - name: "0"
    containerEdits:
      env: [GPU=0]
      deviceNodes: [{path: /dev/gpu0, hostPath: /dev/null, fileMode: 0640, permissions: r, uid: 5, gid: 6}]
  - name: all
    containerEdits:
      deviceNodes: [{path: /dev/made, type: c, major: 300, minor: 7}, {path: /dev/zero}]
      mounts:
        - {hostPath: /etc, containerPath: /vendor, options: [ro, nosuid, rbind, rslave]}
        - {containerPath: /scratch, type: tmpfs, options: [size=1m, noexec]}
      additionalGids: [0, 44]
      hooks: [{hookName: createContainer, path: /usr/bin/vendor-hook}]
  - name: net
    containerEdits: {netDevices: [{hostInterfaceName: a, name: b}]}
)";

std::string mistake(std::string_view text) {
    try {
        parse_spec(text, "x.yaml");
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

struct Ground {
    TempDir dir{"/tmp", "cdi-test"};
    std::filesystem::path low = dir.path() / "low", high = dir.path() / "high";
    Ground() {
        std::filesystem::create_directories(low);
        std::filesystem::create_directories(high);
    }
    DeviceEdits edits(const std::vector<desired::DeviceRequest>& requests, const std::string& user = "") const {
        desired::ContainerSpec spec;
        spec.device_requests = requests;
        spec.user = user;
        return device_edits(spec, {low, dir.path() / "missing", high});
    }
    std::string refusal(const std::vector<desired::DeviceRequest>& requests) const {
        try {
            edits(requests);
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    }
};

desired::DeviceRequest named(const std::string& name) {
    return {"cdi", 0, {name}, {}, {}};
}

}  // namespace

TEST_CASE("a CDI file is read as YAML and as JSON", "[runtime][cdi]") {
    const Spec yaml = parse_spec(gpus, "x.yaml");
    CHECK(yaml.vendor() == "vendor.com");
    CHECK(yaml.device_class() == "gpu");
    REQUIRE(yaml.find("0") != nullptr);
    const DeviceNode& node = yaml.find("0")->edits.nodes.at(0);
    CHECK(node.file_mode == 0640U);  // octal in YAML
    CHECK(node.host_path == "/dev/null");
    CHECK(yaml.find("net")->edits.unknown == std::vector<std::string>{"devices[2].containerEdits.netDevices"});
    const Spec json = parse_spec(
        R"({"kind": "a.b/c", "devices": [{"name": "x", "containerEdits": {"deviceNodes": [{"path": "/dev/y", "fileMode": 416}]}}]})",
        "x.json");
    CHECK(json.find("x")->edits.nodes.at(0).file_mode == 0640U);
}

TEST_CASE("what is wrong in a CDI file is a sentence with its place", "[runtime][cdi]") {
    struct Case {
        std::string text, says;
    };
    const std::string head = "kind: v.com/c\ndevices: [{name: x, containerEdits: ";
    const Case cases[] = {
        {"", "'the file' must be a mapping"},
        {"kind: gpu", "'kind' is 'gpu', which is no vendor.com/class"},
        {"{", "is no JSON"},
        {"a: [", "is no YAML"},
        {"a: &x 1", "has YAML anchors"},
        {"a: *x", "has YAML aliases"},
        {"a: 1\na: 2", "has the key 'a' twice"},
        {"a: 1\n---\nb: 2", "more than one document"},
        {std::string(100, '['), "nested more than"},
        {std::string(size_t{2} << 20U, ' '), "is larger than"},
        {head + "{env: [A]}}]", "which is no NAME=VALUE"},
        {head + "{env: A=1}}]", "'devices[0].containerEdits.env' must be a list"},
        {head + "{deviceNodes: [{path: dev}]}}]",
         "'devices[0].containerEdits.deviceNodes[0].path' must be an absolute"},
        {head + "{deviceNodes: [{path: /d, major: -1}]}}]", "must be a whole number"},
        {head + "{deviceNodes: [{path: /d, type: x}]}}]", "must be one of b, c, u and p"},
        {head + "{deviceNodes: [{path: /d, permissions: x}]}}]", "must be letters of r, w and m"},
        {head + "{mounts: [{hostPath: /a}]}}]", "mounts[0].containerPath' is missing"},
        {head + "{mounts: [{hostPath: /a, containerPath: /b, type: nfs}]}}]", "must be bind or tmpfs"},
        {"kind: v.com/c\ndevices: [{name: x}, {name: x}]", "which is there already"},
        {"kind: v.com/c\ndevices: [{name: '../x'}]", "which is no device's name"},
    };
    for (const Case& one : cases) {
        INFO(one.text.substr(0, 100));
        CHECK_THAT(mistake(one.text), Catch::Contains(one.says));
    }
}

TEST_CASE("edits of the file and of the device come together", "[runtime][cdi]") {
    const Ground ground;
    write_file(ground.low / "gpus.yaml", gpus);
    const DeviceEdits one = ground.edits({named("vendor.com/gpu=0")});
    CHECK(one.env == std::vector<std::string>{"VENDOR=yes", "GPU=0"});
    REQUIRE(one.nodes.size() == 1);
    CHECK(one.nodes[0].type_and_mode == (S_IFCHR | 0640U));
    CHECK(one.nodes[0].major == 1);
    CHECK(one.nodes[0].minor == 3);
    CHECK(one.nodes[0].uid == 5);
    CHECK(one.rules == std::vector<DeviceRule>{{'c', 1, 3, "r"}});

    const DeviceEdits all = ground.edits({named("vendor.com/gpu=all")}, "1000:1001");
    REQUIRE(all.nodes.size() == 2);
    CHECK(all.nodes[0].major == 300);
    CHECK(all.nodes[0].uid == 1000);
    CHECK(all.nodes[1].gid == 1001);
    CHECK(all.groups == std::vector<std::string>{"44"});
    REQUIRE(all.mounts.size() == 2);
    CHECK(all.mounts[0].source == "/etc");
    CHECK(all.mounts[0].flags == (MS_RDONLY | MS_NOSUID));
    CHECK(all.mounts[1].kind == MountStep::Kind::tmpfs);
    CHECK(all.mounts[1].data == "size=1m");
    REQUIRE(all.warnings.size() == 1);
    CHECK_THAT(all.warnings[0], Catch::Contains("createContainer hook '/usr/bin/vendor-hook'"));
    CHECK(ground.edits({}).env.empty());
}

TEST_CASE("GPUs are asked for by number, by id and by vendor", "[runtime][cdi]") {
    const Ground ground;
    write_file(ground.low / "gpus.yaml", gpus);
    write_file(ground.low / "nic.yaml", "kind: other.org/nic\ndevices: [{name: a}]");
    const auto names = [&](const desired::DeviceRequest& request) {
        return device_names({request}, Registry{{ground.low}});
    };
    using Names = std::vector<std::string>;
    CHECK(names({"", -1, {}, {"gpu"}, {}}) == Names{"vendor.com/gpu=all"});
    CHECK(names({"", 0, {}, {"utility", "gpu"}, {}}) == Names{"vendor.com/gpu=all"});
    CHECK(names({"", 2, {}, {"gpu"}, {}}) == Names{"vendor.com/gpu=0", "vendor.com/gpu=1"});
    CHECK(names({"vendor", 0, {"3"}, {"gpu"}, {}}) == Names{"vendor.com/gpu=3"});
    CHECK(names({"other.org", -1, {}, {"nic"}, {}}) == Names{"other.org/nic=all"});
    CHECK_THAT(ground.refusal({{"nvidia", -1, {}, {"gpu"}, {}}}),
               Catch::Contains("no device of class 'gpu' of driver 'nvidia'"));
    CHECK_THAT(ground.refusal({{"", -1, {}, {"tpu"}, {}}}), Catch::Contains("no CDI file describes one"));
    write_file(ground.low / "amd.yaml", "kind: amd.com/gpu\ndevices: [{name: all}]");
    CHECK_THAT(ground.refusal({{"", -1, {}, {"gpu"}, {}}}),
               Catch::Contains("of several vendors: amd.com/gpu, vendor.com/gpu"));
    write_file(ground.low / "nvidia.yaml", "kind: nvidia.com/gpu\ndevices: [{name: all}]");
    CHECK(names({"", -1, {}, {"gpu"}, {}}) == Names{"nvidia.com/gpu=all"});
}

TEST_CASE("a device comes from the last folder that has it, and is refused where it cannot be had", "[runtime][cdi]") {
    const Ground ground;
    write_file(ground.low / "a.yaml", "kind: v.com/c\ndevices: [{name: x, containerEdits: {env: [FROM=low]}}]");
    write_file(ground.high / "b.json",
               R"({"kind": "v.com/c", "devices": [{"name": "x", "containerEdits": {"env": ["FROM=high"]}}]})");
    write_file(ground.high / "notes.txt", "kind: v.com/c\ndevices: [{name: x}]");
    CHECK(ground.edits({named("v.com/c=x")}).env == std::vector<std::string>{"FROM=high"});
    CHECK_THAT(ground.refusal({named("v.com/c=y")}), Catch::Contains("no CDI device 'v.com/c=y'"));
    write_file(ground.high / "c.yaml", "kind: v.com/c\ndevices: [{name: x}]");
    CHECK_THAT(ground.refusal({named("v.com/c=x")}), Catch::Contains("b.json") && Catch::Contains("c.yaml"));
    write_file(ground.low / "gpus.yaml", gpus);
    CHECK_THAT(ground.refusal({named("vendor.com/gpu=net")}), Catch::Contains("netDevices', which this engine"));
    write_file(ground.low / "gone.yaml",
               "kind: v.com/gone\ndevices: [{name: x, containerEdits: {deviceNodes: [{path: /dev/gone-for-good}]}}]");
    CHECK_THAT(ground.refusal({named("v.com/gone=x")}), Catch::Contains("needs '/dev/gone-for-good'"));
}
