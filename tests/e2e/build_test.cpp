// What `docker build` and `stack build` take and give.
#include <map>
#include <sstream>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/registry.hpp"
#include "harness/sandbox.hpp"
#include "support/error.hpp"

using namespace stack::testing;
namespace fs = std::filesystem;

namespace {

bool says(const Result& result, const std::string& text) {
    return result.all().find(text) != std::string::npos;
}

Result must(Result result) {
    INFO(result.all());
    REQUIRE(result.exit_code == 0);
    return result;
}

Result with_input(const Sandbox& box, const std::vector<std::string>& args, const std::string& input,
                  const std::map<std::string, std::string>& env = {}) {
    Command command = box.command("docker", args);
    command.input = input;
    command.env.insert(env.begin(), env.end());
    return run(command);
}

constexpr const char* greeting =
    "FROM busybox\nRUN echo hello > /greeting && chmod 640 /greeting\nCMD [\"cat\", \"/greeting\"]\n";

}  // namespace

TEST_CASE("a build's files go where --output says", "[build][output]") {
    const Sandbox box{"out"};
    box.need_busybox();
    box.write("Dockerfile", greeting);
    must(box.docker({"build", "-o", "files", "."}));
    CHECK(stack::read_file(box.project_dir() / "files/greeting") == "hello\n");
    CHECK((fs::status(box.project_dir() / "files/greeting").permissions() & fs::perms::all) == fs::perms{0640});
    CHECK(fs::exists(box.project_dir() / "files/bin/sh"));
    CHECK(box.docker({"images", "-aq"}).out.find('\n') == 12);  // busybox alone: nothing was kept

    must(box.docker({"build", "--output", "type=tar,dest=files.tar", "."}));
    const Result listed = run({.argv = {"tar", "-xOf", "files.tar", "greeting"}, .cwd = box.project_dir()});
    CHECK(listed.out == "hello\n");

    must(box.docker({"build", "-t", "made:1", "--output", "type=oci,dest=oci.tar", "--output",
                     "type=docker,dest=docker.tar", "."}));
    for (const std::string name : {"oci.tar", "docker.tar"}) {
        box.docker({"rmi", "made:1"});
        CHECK(says(must(box.docker({"load", "-i", name})), "made:1"));
    }
    CHECK(box.docker({"run", "--rm", "made:1"}).out == "hello\n");
    CHECK(says(box.docker({"build", "-o", "type=floppy", "."}), "unknown type 'floppy'"));
    CHECK(says(box.docker({"build", "-o", "type=tar,dset=x", "."}), "unknown key 'dset'"));
}

namespace {

nlohmann::json json_in(const fs::path& file) {
    return nlohmann::json::parse(stack::read_file(file));
}

/// The manifest that the `index`th entry of a layout's index.json names.
nlohmann::json manifest_of(const fs::path& layout, size_t index = 0) {
    const auto digest = json_in(layout / "index.json")["manifests"][index]["digest"].get<std::string>();
    return json_in(layout / "blobs/sha256" / digest.substr(digest.find(':') + 1));
}

}  // namespace

TEST_CASE("an image layout goes into a folder, beside those that it has", "[build][output]") {
    const Sandbox box{"out-layout"};
    box.need_busybox();
    box.write("Dockerfile", greeting);
    must(box.docker({"build", "-t", "made:1", "--output", "type=oci,tar=false,dest=lay", "."}));
    const auto first = manifest_of(box.project_dir() / "lay");
    box.write("Dockerfile", std::string{greeting} + "ENV A=2\n");
    must(box.docker({"build", "-t", "made:2", "--output", "type=oci,tar=false,dest=lay", "."}));
    must(box.docker({"build", "-t", "made:2", "--output", "type=oci,tar=false,dest=lay", "."}));
    CHECK(json_in(box.project_dir() / "lay/index.json")["manifests"].size() == 2);
    CHECK(manifest_of(box.project_dir() / "lay") == first);
    CHECK(manifest_of(box.project_dir() / "lay", 1) != first);
    for (const auto& file : fs::recursive_directory_iterator(box.project_dir() / "lay")) {
        CHECK(file.path().extension() != ".tmp");
    }
    box.write("Dockerfile", "FROM base\nRUN true\n");
    must(box.docker({"build", "--build-context", "base=oci-layout://lay:1", "."}));

    box.write("Dockerfile", greeting);
    must(box.docker({"build", "-t", "made:3", "--output", "type=docker,tar=false,dest=docker", "."}));
    CHECK(fs::exists(box.project_dir() / "docker/index.json"));
    CHECK(says(box.docker({"build", "-o", "type=oci,tar=false", "."}), "needs dest=FOLDER"));
    CHECK(says(box.docker({"build", "-o", "type=oci,tar=maybe,dest=x", "."}), "invalid value 'maybe'"));
    CHECK(says(box.docker({"build", "-o", "type=local,tar=false,dest=x", "."}), "unknown key 'tar'"));
}

TEST_CASE("annotations of a build are in the manifest that is saved and pushed", "[build][annotation]") {
    const Sandbox box{"annotated"};
    box.need_busybox();
    const Registry registry{box.dir()};
    const auto name = registry.address() + "/annotated:1";
    box.write("Dockerfile", greeting);
    const auto build = [&](const std::vector<std::string>& more) {
        std::vector<std::string> args{"build", "-q", "-t", name, "-o", "type=image"};
        args.insert(args.end(), more.begin(), more.end());
        args.emplace_back(".");
        return must(box.docker(args)).out;
    };
    const auto plain = build({});
    const auto layout = box.project_dir() / "lay";
    CHECK(build({"--annotation", "org.example.A=b=c", "--annotation", "manifest,manifest-descriptor:both=1",
                 "--annotation", "manifest[linux/s390x]:other=1", "-o",
                 "type=oci,tar=false,dest=lay,annotation.org.example.Out=x"}) == plain);
    const nlohmann::json wanted{{"org.example.A", "b=c"}, {"both", "1"}, {"org.example.Out", "x"}};
    CHECK(manifest_of(layout)["annotations"] == wanted);
    CHECK(json_in(layout / "index.json")["manifests"][0]["annotations"]["both"] == "1");

    const auto pushed = [&] {
        must(box.docker({"push", "-q", name}));
        return nlohmann::json::parse(
            must(run({.argv = {"skopeo", "inspect", "--raw", "--tls-verify=false", "docker://" + name}})).out);
    };
    const auto manifest = pushed();
    CHECK(manifest["annotations"] == wanted);
    CHECK(manifest["mediaType"] == "application/vnd.oci.image.manifest.v1+json");
    CHECK(pushed() == manifest);

    // They come back with the image, and go with the next build that has others or none.
    must(box.docker({"rmi", name}));
    must(box.docker({"pull", "-q", name}));
    CHECK(pushed() == manifest);
    build({"--annotation", "org.example.A=d"});
    CHECK(pushed()["annotations"] == nlohmann::json{{"org.example.A", "d"}});
    build({});
    CHECK_FALSE(pushed().contains("annotations"));

    CHECK(says(box.docker({"build", "--annotation", "index:a=b", "."}), "has no index"));
    CHECK(says(box.docker({"build", "--annotation", "page:a=b", "."}), "unknown annotation type 'page'"));
    CHECK(says(box.docker({"build", "--annotation", "a", "."}), "expected KEY=VALUE"));
}

TEST_CASE("a context may come by standard input, as a tar or as a lone Dockerfile", "[build][context]") {
    const Sandbox box{"ctx"};
    box.need_busybox();
    const Result lone = with_input(box, {"build", "-q", "-"}, "FROM busybox\nRUN true\n");
    CHECK(must(lone).out.starts_with("sha256:"));
    // What is shown is never a line of the file that lies here.
    box.write("Dockerfile", "FROM busybox\nENV IS=another-file\n");
    const Result no_context = with_input(box, {"build", "-"}, "FROM busybox\nCOPY x /\n");
    CHECK(says(no_context, "no context to copy from"));
    CHECK_FALSE(says(no_context, "another-file"));
    const Result misspelt = with_input(box, {"build", "-f", "-", "."}, "FROM busybox\nCOPPY x /\n");
    CHECK(says(misspelt, "--> Dockerfile (standard input):2:1"));
    CHECK_FALSE(says(misspelt, "another-file"));

    box.write("src/Dockerfile", "FROM busybox\nCOPY data /data\nCMD [\"cat\", \"/data\"]\n");
    box.write("src/data", "from the tar\n");
    const Result packed = run({.argv = {"tar", "-czf", "-", "-C", "src", "."}, .cwd = box.project_dir()});
    must(with_input(box, {"build", "-t", "packed", "-"}, packed.out));
    CHECK(box.docker({"run", "--rm", "packed"}).out == "from the tar\n");
    box.write("src/other", "FROM busybox\nCMD [\"echo\", \"other\"]\n");
    const Result again = run({.argv = {"tar", "-cf", "-", "-C", "src", "."}, .cwd = box.project_dir()});
    must(with_input(box, {"build", "-t", "packed", "-f", "other", "-"}, again.out));
    CHECK(box.docker({"run", "--rm", "packed"}).out == "other\n");
    CHECK(box.docker({"build", "nowhere"}).exit_code != 0);
}

TEST_CASE("DOCKER_BUILDKIT=0 tells the steps as scripts of old read them", "[build][classic]") {
    const Sandbox box{"classic"};
    box.need_busybox();
    const Result built = must(with_input(box, {"build", "-t", "old:1", "-"}, greeting, {{"DOCKER_BUILDKIT", "0"}}));
    CHECK(built.out.starts_with("Step 1/3 : FROM busybox\n ---> "));
    CHECK(says(built, "Step 2/3 : RUN echo hello > /greeting && chmod 640 /greeting\n ---> Running in "));
    CHECK(says(built, "Removing intermediate container "));
    CHECK(says(built, "Step 3/3 : CMD [\"cat\", \"/greeting\"]\n ---> "));
    CHECK(says(built, "Successfully built "));
    CHECK(says(built, "Successfully tagged old:1\n"));
    box.write("file", "x");
    box.write("Dockerfile", "FROM busybox\nCOPY file /file\n");
    Command copy = box.command("docker", {"build", "."});
    copy.env["DOCKER_BUILDKIT"] = "0";
    CHECK_FALSE(says(must(run(copy)), "Running in"));
    const Result again = must(with_input(box, {"build", "-t", "old:1", "-"}, greeting, {{"DOCKER_BUILDKIT", "0"}}));
    CHECK(says(again, "Step 2/3 : RUN echo hello > /greeting && chmod 640 /greeting\n ---> Using cache\n ---> "));
    const auto id = box.docker({"images", "-q", "old:1"}).out;
    CHECK(says(built, " ---> " + id + "Successfully built " + id));
    CHECK(says(again, " ---> " + id + "Successfully built " + id));
}

TEST_CASE("a build cache travels by folder and by registry", "[build][cache]") {
    const Sandbox box{"cache"};
    const Registry registry{box.dir()};
    box.need_busybox();
    box.write("Dockerfile", greeting);
    const auto ref = registry.address() + "/cache:main";
    must(box.docker(
        {"build", "--cache-to", "type=local,dest=kept,mode=max", "--cache-to", "type=registry,ref=" + ref, "."}));

    for (const std::string& from : {std::string{"type=local,src=kept"}, ref}) {
        const Sandbox other{"other"};
        other.need_busybox();
        Command command = other.command("docker", {"build", "--cache-from", from, "."});
        command.cwd = box.project_dir();
        const Result built = must(run(command));
        CHECK(says(built, "CACHED"));
        CHECK_FALSE(says(built, "DONE"));
        CHECK(other.docker({"images", "-q"}).out.find('\n') == 12);
    }
    const Result without = must(box.docker({"build", "--no-cache", "--cache-from", "type=local,src=nowhere", "."}));
    CHECK(says(without, "warning: no build cache from 'type=local,src=nowhere'"));
    CHECK(
        says(box.docker({"build", "--cache-to", "type=s3,bucket=x", "."}), "the types are inline, registry and local"));
}

TEST_CASE("an image layout in a folder is a build context", "[build][context]") {
    const Sandbox box{"layout"};
    box.need_busybox();
    box.write("Dockerfile", greeting);
    must(box.docker({"build", "-t", "made:7", "--output", "type=oci,dest=made.tar", "."}));
    box.docker({"rmi", "made:7"});
    fs::create_directory(box.project_dir() / "lay:out");
    must(run({.argv = {"tar", "-xf", "made.tar", "-C", "lay:out"}, .cwd = box.project_dir()}));
    const auto before = box.docker({"images", "-aq"}).out;

    box.write("Dockerfile", "FROM base\nCOPY --from=other /greeting /copy\nCMD [\"cat\", \"/greeting\", \"/copy\"]\n");
    const auto index = nlohmann::json::parse(stack::read_file(box.project_dir() / "lay:out/index.json"));
    const auto digest = index["manifests"][0]["digest"].get<std::string>();
    for (const std::string& other : {std::string{"lay:out"}, std::string{"lay:out:7"}, "lay:out@" + digest}) {
        must(box.docker({"build", "-t", "both", "--pull", "--build-context", "base=oci-layout://lay:out:7",
                         "--build-context", "other=oci-layout://" + other, "."}));
        CHECK(box.docker({"run", "--rm", "both"}).out == "hello\nhello\n");
        must(box.docker({"rmi", "both"}));
    }
    CHECK(box.docker({"images", "-aq"}).out == before);  // the layout's own image did not stay

    const Result unknown = box.docker({"build", "--build-context", "base=oci-layout://lay:out:8", "."});
    CHECK(says(unknown, "the image layout has no '8'"));
    CHECK(says(unknown, "made:7"));
    CHECK(says(box.docker({"build", "--build-context", "base=oci-layout://nowhere", "."}), "is not a folder"));
    box.write("compose.yaml",
              "services:\n  a:\n    build:\n      context: .\n      additional_contexts:\n"
              "        base: oci-layout://lay:out:7\n        other: oci-layout://lay:out\n");
    must(box.stack({"build"}));
}

TEST_CASE("build --check tells what is wrong with a Dockerfile, and every build does at its end", "[build][check]") {
    const Sandbox box{"check"};
    box.need_busybox();
    box.write("good/Dockerfile", "FROM busybox\nCMD [\"true\"]\n");
    CHECK(must(box.docker({"build", "--check", "good"})).out == "Check complete, no warnings found.\n");
    CHECK_FALSE(says(must(box.docker({"build", "good"})), "warning"));

    box.write("Dockerfile", "FROM busybox\n\nCMD echo $HOME\nENV P=$PAHT\n");
    const Result checked = box.docker({"build", "--check", "."});
    CHECK(checked.exit_code == 1);
    CHECK(checked.out ==
          "Check complete, 2 warnings have been found!\n\n"
          "WARNING: JSONArgsRecommended - https://docs.docker.com/go/dockerfile/rule/json-args-recommended/\n"
          "JSON arguments recommended for CMD to prevent unintended behavior related to OS signals\n"
          "Dockerfile:3\n--------------------\n"
          "   1 |     FROM busybox\n   2 |     \n   3 | >>> CMD echo $HOME\n   4 |     ENV P=$PAHT\n"
          "--------------------\n\n"
          "WARNING: UndefinedVar - https://docs.docker.com/go/dockerfile/rule/undefined-var/\n"
          "Usage of undefined variable '$PAHT' (did you mean $PATH?)\n"
          "Dockerfile:4\n--------------------\n"
          "   2 |     \n   3 |     CMD echo $HOME\n   4 | >>> ENV P=$PAHT\n"
          "--------------------\n");
    const Result built = must(box.docker({"build", "-t", "warned", "."}));
    CHECK(says(built,
               "\n 2 warnings found (use --check to see the lines):\n"
               " - JSONArgsRecommended: JSON arguments recommended for CMD to prevent unintended behavior related "
               "to OS signals (line 3)\n - UndefinedVar: "));

    box.write("Dockerfile", "# check=error=true\nFROM busybox\nRUN true\nMAINTAINER me\n");
    const Result refused = box.docker({"build", "."});
    CHECK(refused.exit_code == 1);
    CHECK(says(refused, "lint violation found for rules: MaintainerDeprecated\n  --> Dockerfile:4:1"));
    CHECK_FALSE(says(refused, "RUN true"));
    must(box.docker({"build", "--build-arg", "BUILDKIT_DOCKERFILE_CHECK=skip=all", "."}));
    box.write("compose.yaml", "services:\n  a: {build: .}\n");
    CHECK(box.stack({"build", "--check"}).exit_code == 1);
}

TEST_CASE("build --progress rawjson speaks BuildKit's schema", "[build][rawjson]") {
    const Sandbox box{"rawjson"};
    box.need_busybox();
    box.write("Dockerfile",
              "FROM busybox AS one\nRUN echo out && echo data > /f\nFROM busybox\nCOPY --from=one /f /g\n"
              "MAINTAINER me\nRUN exit 7\n");
    const Result failed = box.docker({"build", "--progress", "rawjson", "."});
    CHECK(failed.exit_code != 0);
    std::map<std::string, nlohmann::json> last;  // of each vertex, by name
    auto logs = nlohmann::json::array();
    auto warnings = nlohmann::json::array();
    std::istringstream lines{failed.err};
    for (std::string line; std::getline(lines, line) && line.starts_with('{');) {
        const auto status = nlohmann::json::parse(line);
        for (const auto& vertex : status.value("vertexes", nlohmann::json::array())) {
            CHECK(vertex.at("digest").get<std::string>().starts_with("sha256:"));
            last[vertex.at("name")] = vertex;
        }
        for (const auto& log : status.value("logs", nlohmann::json::array())) {
            logs.push_back(log);
        }
        for (const auto& warning : status.value("warnings", nlohmann::json::array())) {
            warnings.push_back(warning);
        }
    }
    INFO(failed.err);
    const auto& run = last.at("[one 2/2] RUN echo out && echo data > /f");
    const auto& copy = last.at("[stage-1 2/3] COPY --from=one /f /g");
    CHECK(run.at("inputs") == nlohmann::json{last.at("[one 1/2] FROM busybox").at("digest")});
    CHECK(last.at("[one 1/2] FROM busybox").at("cached") == true);
    CHECK(run.contains("started"));
    CHECK(run.contains("completed"));
    CHECK(copy.at("inputs") == nlohmann::json{last.at("[stage-1 1/3] FROM busybox").at("digest"), run.at("digest")});
    CHECK(last.at("[stage-1 3/3] RUN exit 7").at("error") == "'RUN exit 7' ended with exit code 7");
    REQUIRE(logs.size() == 1);
    CHECK(logs[0].at("vertex") == run.at("digest"));
    CHECK(logs[0].at("data") == "b3V0Cg==");
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].at("range")[0].at("start").at("line") == 5);
    CHECK(warnings[0].at("sourceInfo").at("filename") == "Dockerfile");
}

TEST_CASE("files tell what was built: --iidfile and --metadata-file", "[build]") {
    const Sandbox box{"metadata"};
    box.need_busybox();
    box.write("Dockerfile", greeting);
    const auto result = box.docker({"buildx", "build", "--iidfile", "id", "--metadata-file", "meta.json", "-t", "one",
                                    "-t", "reg.test:5000/two:3", "."});
    INFO(result.all());
    REQUIRE(result.exit_code == 0);
    const auto id = stack::read_file(box.project_dir() / "id");
    CHECK(id.starts_with("sha256:"));
    const auto metadata = nlohmann::json::parse(stack::read_file(box.project_dir() / "meta.json"));
    CHECK(metadata.at("containerimage.config.digest") == id);
    CHECK(metadata.at("containerimage.digest") == id);
    CHECK(metadata.at("image.name") == "docker.io/library/one:latest,reg.test:5000/two:3");
}

TEST_CASE("build --file counts from the working directory", "[build]") {
    const Sandbox box{"file"};
    box.need_busybox();
    box.write("here", "FROM busybox\nRUN echo here > /where\n");
    box.write("ctx/here", "FROM busybox\nRUN echo context > /where\n");
    box.write("ctx/there", "FROM busybox\nRUN echo there > /where\n");
    const auto where = [&](const char* file) {
        const auto built = box.docker({"build", "-q", "-f", file, "-o", "out", "ctx"});
        INFO(built.all());
        REQUIRE(built.exit_code == 0);
        return stack::read_file(box.project_dir() / "out/where");
    };
    CHECK(where("here") == "here\n");
    CHECK(where("ctx/here") == "context\n");
    CHECK(where("there") == "there\n");
}

TEST_CASE("builder prune forgets the steps and frees their layers", "[build]") {
    const Sandbox box{"prune"};
    box.need_busybox();
    box.write("Dockerfile", "FROM busybox\nRUN --mount=type=cache,target=/c date +%s%N > /c/kept; cp /c/kept /made\n");
    const auto build = [&] { return box.docker({"build", "."}); };
    REQUIRE(build().exit_code == 0);
    CHECK(says(build(), "#2 CACHED"));
    CHECK(box.docker({"builder", "prune", "-f", "--filter", "until=24h"}).exit_code == 0);
    CHECK(says(build(), "#2 CACHED"));
    CHECK(box.docker({"image", "prune", "-f"}).exit_code == 0);
    const auto pruned = box.docker({"builder", "prune", "-af"});
    INFO(pruned.all());
    CHECK(pruned.exit_code == 0);
    CHECK(pruned.out.starts_with("Total reclaimed space: "));
    CHECK_FALSE(pruned.out.starts_with("Total reclaimed space: 0B"));
    CHECK_FALSE(fs::exists(box.paths().build_cache() / "mounts"));
    CHECK_FALSE(says(build(), "#2 CACHED"));
    CHECK(says(box.docker({"builder", "prune", "-f", "--filter", "x=1"}), "invalid filter"));
}

TEST_CASE("what a build cannot do is said", "[build]") {
    const Sandbox box{"refuse"};
    box.need_busybox();
    box.write("Dockerfile", greeting);
    CHECK(says(box.docker({"build", "--squash", "."}), "--squash is not supported"));
    CHECK(says(box.docker({"build", "--platform", "linux/amd64,linux/arm64", "."}), "at a time"));
    CHECK(says(box.docker({"build", "--allow", "everything", "."}), "no entitlement"));
    CHECK(says(box.docker({"build", "--shell-on-error", "."}), "needs a terminal"));
    box.write("key", "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    CHECK(says(box.docker({"build", "--ssh", "default=key", "."}), "'key' is no socket of an ssh agent"));
    box.write("compose.yaml", "services:\n  a:\n    build:\n      context: .\n      isolation: hyperv\n");
    const Result isolated = box.stack({"build"});
    CHECK(says(isolated, "for Windows containers"));
    CHECK(says(isolated, "compose.yaml:"));
}

TEST_CASE("a failed RUN can be entered", "[build][shell]") {
    const Sandbox box{"enter"};
    box.need_busybox();
    box.write("Dockerfile", "FROM busybox\nRUN echo half > /made && false\n");
    Command command = box.command("docker", {"build", "--shell-on-error", "."});
    command.tty = true;
    Process build{command};
    REQUIRE(build.wait_for("/ #"));
    build.write("cat /made; exit\n");
    const Result ended = build.wait();
    CHECK(ended.exit_code != 0);
    CHECK(says(ended, "half\r\n"));
    CHECK(says(ended, "ended with exit code 1"));
}

TEST_CASE("the shell in a failed RUN sees what the RUN saw", "[build][shell]") {
    const Sandbox box{"enter-like"};
    box.need_busybox();
    box.write("token", "s3cret");
    box.write("input/file", "from context\n");
    box.write(
        "Dockerfile",
        "FROM busybox\nARG PLACE=here\nENV KIND=kept\nRUN echo tester:x:1000:1000::/:/bin/sh >> /etc/passwd\nUSER "
        "tester\nWORKDIR /work\n"
        "RUN --network=none --mount=type=bind,source=input,target=/in --mount=type=bind,source=input,target=/rw,rw "
        "--mount=type=cache,target=/cache,uid=1000 --mount=type=tmpfs,target=/scratch "
        "--mount=type=secret,id=token,uid=1000 --mount=type=secret,id=token,env=TOKEN "
        "echo cached > /cache/file && false\n");
    Command command = box.command("docker", {"build", "--shell-on-error", "--secret", "id=token,src=token", "."});
    command.tty = true;
    Process build{command};
    REQUIRE(build.wait_for("/work $"));
    build.write("echo \"<$(id -un) $PWD $KIND $PLACE $TOKEN>\"\n");
    build.write("cat /in/file /rw/file /cache/file /run/secrets/token; grep -c scratch /proc/mounts\n");
    build.write("ls /sys/class/net; exit\n");
    const Result ended = build.wait();
    INFO(ended.all());
    CHECK(says(ended, "<tester /work kept here s3cret>"));
    CHECK(says(ended, "from context\r\nfrom context\r\ncached\r\ns3cret1\r\n"));
    CHECK_FALSE(says(ended, "eth0"));
    CHECK(says(ended, "ended with exit code 1"));

    box.write("Dockerfile",
              "FROM scratch\nCOPY --from=busybox /bin/busybox /false\nSHELL [\"/nope\"]\nRUN [\"/false\"]\n");
    Command bare = box.command("docker", {"build", "--shell-on-error", "."});
    bare.tty = true;
    Process without{bare};
    const Result told = without.wait();
    INFO(told.all());
    CHECK(says(told, "no shell in what the step left: cannot run '/nope'"));
    CHECK(says(told, "ended with exit code 1"));
}

TEST_CASE("services are built beside each other, and a failure names its own", "[build][compose]") {
    const Sandbox box{"many"};
    box.need_busybox();
    box.write("ok/Dockerfile", "FROM busybox\nRUN echo ok > /ok\n");
    box.write("bad/Dockerfile", "FROM busybox\nRUN exit 3\n");
    box.write("compose.yaml",
              "services:\n"
              "  a: {build: {context: ok, additional_contexts: {b: 'service:b'}}, command: 'true'}\n"
              "  b: {build: ok, command: 'true'}\n"
              "  c: {build: ok, command: 'true'}\n");
    const Result built = must(box.stack({"build"}));
    for (const char* name : {"many-a", "many-b", "many-c"}) {
        CHECK(says(built, std::string{"named "} + name));
        CHECK(box.docker({"image", "inspect", name}).exit_code == 0);
    }
    const auto times = [](const Result& result, const std::string& text) {
        int count = 0;
        for (size_t at = 0; (at = result.all().find(text, at)) != std::string::npos; ++at) {
            ++count;
        }
        return count;
    };
    CHECK(times(built, "named many-b") == 1);
    const Result with_needed = must(box.stack({"build", "a", "c"}));
    CHECK(times(with_needed, "named many-b") == 1);
    must(box.stack({"up", "-d"}));
    box.write("compose.yaml", "services:\n  a: {build: ok}\n  z: {build: bad}\n");
    const Result failed = box.stack({"build"});
    CHECK(failed.exit_code == 1);
    CHECK(says(failed, "ended with exit code 3"));
    CHECK(says(failed, "bad/Dockerfile:2:1"));
    CHECK(says(failed, "build service 'z'"));
}

TEST_CASE("files become images and are looked at", "[image]") {
    const Sandbox box{"files"};
    box.need_busybox();
    const Result tar = run({.argv = {"tar", "-czf", "-", "--files-from=/dev/null"}});
    CHECK(says(with_input(box, {"import", "-", "x"}, tar.out), "nothing in the archive"));
    box.write("root/etc/motd", "imported\n");
    const Result packed = run({.argv = {"tar", "-czf", "-", "-C", "root", "."}, .cwd = box.project_dir()});
    const Result imported = must(with_input(
        box, {"import", "-c", "ENV A=b", "--change", "CMD [\"/x\"]", "-m", "by hand", "-", "files:1"}, packed.out));
    CHECK(imported.out.starts_with("sha256:"));
    const Result seen = must(box.docker({"inspect", "files:1"}));
    const auto image = nlohmann::json::parse(seen.out)[0];
    CHECK(image["Config"]["Env"][0] == "A=b");
    CHECK(image["Config"]["Cmd"][0] == "/x");
    CHECK(image["Comment"] == "by hand");
    CHECK(box.docker({"inspect", "--type", "container", "files:1"}).exit_code == 1);
    CHECK(box.docker({"inspect", "--type", "image", "-f", "{{.Architecture}}", "files:1"}).exit_code == 0);
}
