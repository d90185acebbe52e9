// Images that other tools made keep their digests here, and on their way back.
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/buildah.hpp"
#include "harness/registry.hpp"
#include "harness/sandbox.hpp"
#include "support/digest.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

using namespace stack::testing;
namespace fs = std::filesystem;

namespace {

Result must(Result result) {
    INFO(result.all());
    REQUIRE(result.exit_code == 0);
    return result;
}

/// Buildah and skopeo with stores of their own, a registry and our busybox as base, which is here as a plain layer.
class Tools {
public:
    explicit Tools(const Sandbox& box) : box_{box}, buildah_{box.dir()}, registry_{box.dir()} {
        box.need_busybox();
        must(box.docker({"save", "-o", "base.tar", "busybox"}));
        const auto id = buildah({"pull", "-q", "docker-archive:base.tar"});
        buildah({"tag", std::string{stack::trim(id)}, "localhost/base:1"});
        box.write("Dockerfile",
                  "FROM localhost/base:1\nRUN echo a > /a && chmod 4711 /a && rm /etc/group && ln /a /b\n"
                  "COPY Dockerfile /f\nENV A=b\nLABEL x=y\nVOLUME /v\nUSER 1:1\n");
    }
    static bool are_here() {
        return Buildah::is_installed() && run({.argv = {"sh", "-c", "command -v skopeo"}}).exit_code == 0;
    }

    std::string buildah(std::vector<std::string> words) const {
        return must(buildah_.run(std::move(words), box_.project_dir())).out;
    }
    std::string skopeo(std::vector<std::string> words) const {
        words.insert(words.begin(), {"skopeo", "--insecure-policy"});
        return must(run({.argv = words, .cwd = box_.project_dir()})).out;
    }
    /// Builds in "oci" or "docker" format and pushes to `name`.
    void make(const std::string& format, const std::string& name) const {
        buildah({"bud", "-q", "--pull-never", "--isolation", "chroot", "--network", "host", "--layers", "--format",
                 format, "-t", "localhost/made:" + format, "."});
        buildah({"push", "-q", "--tls-verify=false", "localhost/made:" + format, "docker://" + name});
    }
    std::string ref(const std::string& path) const { return registry_.address() + "/" + path; }
    std::string manifest_digest(const std::string& name) const {
        return skopeo({"inspect", "--tls-verify=false", "-f", "{{.Digest}}", "docker://" + name});
    }
    /// The image's id: the digest of its config.
    std::string config_digest(const std::string& source) const {
        return "sha256:" + stack::sha256_hex(skopeo({"inspect", "--tls-verify=false", "--config", "--raw", source})) +
               "\n";
    }

private:
    const Sandbox& box_;
    Buildah buildah_;
    Registry registry_;
};

std::string id_of(const Sandbox& box, const std::string& name) {
    return must(box.docker({"image", "inspect", "-f", "{{.Id}}", name})).out;
}

}  // namespace

TEST_CASE("what buildah pushed is pulled and pushed with the same digests", "[image][oracle]") {
    if (!Tools::are_here()) {
        WARN("buildah and skopeo are not installed");
        return;
    }
    const Sandbox box{"digests"};
    const Tools tools{box};
    for (const std::string format : {"oci", "docker"}) {
        INFO(format);
        const auto made = tools.ref("made:" + format);
        tools.make(format, made);
        const auto digest = tools.manifest_digest(made);
        CHECK(must(box.docker({"pull", made})).out.find("Digest: " + digest) != std::string::npos);
        CHECK(id_of(box, made) == tools.config_digest("docker://" + made));
        must(box.docker({"tag", made, tools.ref("back:" + format)}));
        must(box.docker({"push", tools.ref("back:" + format)}));
        CHECK(tools.manifest_digest(tools.ref("back:" + format)) == digest);
        must(box.docker({"rmi", "-f", made, tools.ref("back:" + format)}));
        must(box.docker({"pull", tools.ref("back:" + format)}));
        CHECK(id_of(box, tools.ref("back:" + format)) == tools.config_digest("docker://" + made));
        must(box.docker({"rmi", tools.ref("back:" + format)}));
    }
}

TEST_CASE("archives of buildah and skopeo load with the same digests, and ours load there", "[image][oracle]") {
    if (!Tools::are_here()) {
        WARN("buildah and skopeo are not installed");
        return;
    }
    const Sandbox box{"archives"};
    const Tools tools{box};
    for (const std::string format : {"oci", "docker"}) {
        INFO(format);
        const auto made = tools.ref("made:" + format);
        tools.make(format, made);
        const auto id = tools.config_digest("docker://" + made);
        tools.buildah({"push", "-q", "localhost/made:" + format, "docker-archive:da.tar:localhost/made:da"});
        must(box.docker({"load", "-i", "da.tar"}));
        CHECK(id_of(box, "localhost/made:da") == tools.config_digest("docker-archive:da.tar"));

        // An OCI archive has the manifest, so the way back to a registry keeps its digest, too.
        tools.skopeo(
            {"copy", "-q", "--src-tls-verify=false", "-f", "oci", "docker://" + made, "oci-archive:oa.tar:" + made});
        const auto manifest = tools.skopeo({"inspect", "-f", "{{.Digest}}", "oci-archive:oa.tar"});
        must(box.docker({"rmi", "-f", "localhost/made:da"}));
        must(box.docker({"load", "-i", "oa.tar"}));
        CHECK(id_of(box, made) == tools.config_digest("oci-archive:oa.tar"));
        must(box.docker({"tag", made, tools.ref("loaded:" + format)}));
        must(box.docker({"push", tools.ref("loaded:" + format)}));
        CHECK(tools.manifest_digest(tools.ref("loaded:" + format)) == manifest);

        // Ours, read by them.
        must(box.docker({"save", "-o", "ours.tar", made}));
        tools.skopeo({"copy", "-q", "docker-archive:ours.tar", "dir:ours-" + format});
        CHECK(tools.config_digest("dir:ours-" + format) == id_of(box, made));
        tools.buildah({"pull", "-q", "docker-archive:ours.tar"});
        CHECK("sha256:" + tools.buildah({"inspect", "--type", "image", "-f", "{{.FromImageID}}", made}) + "\n" ==
              id_of(box, made));
        must(box.docker({"rmi", "-f", made, tools.ref("loaded:" + format)}));
        for (const char* name : {"da.tar", "oa.tar", "ours.tar"}) {
            fs::remove(box.project_dir() / name);
        }
    }
}
