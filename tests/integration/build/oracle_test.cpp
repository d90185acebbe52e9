// The same Dockerfiles built by us and by buildah give the same files and the same config. Buildah's answers are kept
// in tests/golden/build; where it is installed they are asked for again. STACK_ACCEPT=1 writes them anew.
#include <cstdlib>
#include <fstream>
#include <map>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "harness/buildah.hpp"
#include "harness/tar_builder.hpp"
#include "image/archive.hpp"
#include "image/compression.hpp"
#include "support/digest.hpp"
#include "support/error.hpp"
#include "support/kernel/layered_tree.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/text.hpp"
#include "workshop.hpp"

using namespace stack;
using stack::testing::TarBuilder;
using stack::testing::Workshop;
namespace fs = std::filesystem;

namespace {

constexpr const char* base_name = "localhost/base:1";

struct Case {
    const char* name;
    const char* dockerfile;  ///< behind FROM, unless it has its own
};

// From the Dockerfile reference, one subject each.
constexpr Case cases[] = {
    {"copy",
     "COPY file /one\nCOPY file dir/a /many/\nCOPY dir /copied\nCOPY dir /copied/\nCOPY dir/*.md /md/\n"
     "COPY --chown=1:2 file /owned\nCOPY --chmod=600 file /modes\nCOPY script.sh /bin/\nCOPY [\"file\", \"/j son\"]\n"},
    {"ignored", "COPY . /all\n"},
    {"workdir", "WORKDIR /w\nWORKDIR sub\nRUN pwd > where\nCOPY file ./\nENV HERE=/e\nWORKDIR $HERE/x\n"},
    {"variables",
     "ARG A=1\nARG EMPTY\nENV B=$A C=\"x y\" D='q $A'\nENV OLD the old way\nENV E=\\$A "
     "F=${B}_${EMPTY:-none}_${A:+set}\n"
     "RUN echo \"$A|$B|$C|$D|$E|$F|${EMPTY:-unset}\" > /out\n"},
    {"words", "ENTRYPOINT [\"/bin/echo\", \"one\"]\nCMD [\"two\", \"three four\"]\n"},
    {"shell-words", "ENTRYPOINT exec top -b\nCMD echo hi\n"},
    {"settings",
     "LABEL a=b \"c d\"=\"e f\"\nLABEL a=again\nEXPOSE 80 53/udp\nSTOPSIGNAL SIGQUIT\n"
     "RUN mkdir /v1 /v2\nVOLUME /v1 /v2\nUSER 1:1\n"},
    {"health",
     "HEALTHCHECK --interval=30s --timeout=5s --start-period=2s --retries=4 CMD wget -qO- http://localhost/\n"},
    {"health-none", "HEALTHCHECK NONE\n"},
    {"shell", "SHELL [\"/bin/sh\", \"-ec\"]\nRUN echo $- > /options\n"},
    {"run",
     "RUN mkdir -p /made/deep && echo x > /made/deep/file && chmod 6711 /made/deep/file && ln -s file /made/deep/link "
     "&& ln /made/deep/file /made/again && chown 7:8 /made/again && mkfifo /made/pipe\n"
     "RUN rm -r /made/deep && rm /etc/passwd && mkdir /made/deep && echo y > /made/deep/new\n"
     "RUN [\"/bin/sh\", \"-c\", \"echo exec > /exec\"]\n"},
    {"stages",
     "RUN echo built > /result && chown 3:4 /result\nFROM localhost/base:1 AS other\nRUN echo unused > /unused\n"
     "FROM localhost/base:1\nCOPY --from=0 /result /taken\nCOPY --from=other /etc/group /groups\n"},
    {"add", "ADD packed.tgz /unpacked/\nADD file /plain\nADD dir /tree\n"},
    {"wildcards", "COPY f* /w/\nCOPY dir/? /q/\nCOPY dir/[ab]* /r/\nCOPY dir/*.md dir/a /s/\nCOPY s*.sh /bin\n"},
    {"targets",
     "COPY file /n1/n2/file\nCOPY file /n3/\nCOPY dir/ /d2/\nCOPY file /etc\nCOPY file script.sh /two/\nWORKDIR /wd\n"
     "COPY file .\nCOPY file sub/\nCOPY dir ./x\n"},
    {"escape", "# escape=`\nFROM localhost/base:1\nRUN echo a `\n && echo \"b\\c\" > /e\nCOPY file `\n  /f\n"},
    {"whiteouts",
     "RUN mkdir -p /p/q && echo 1 > /p/q/1 && echo 2 > /p/2\nRUN rm -r /p/q && mkdir /p/q && echo 3 > /p/q/3\n"
     "RUN rm /p/2 && mkdir /p/2 && rm -rf /etc/group\nCOPY file /p/q/1\n"},
    {"json", "COPY [\"file\", \"script.sh\", \"/j 2/\"]\nRUN [\"/bin/sh\", \"-c\", \"echo $0 > /j3\", \"arg0\"]\n"},
    {"args",
     "ARG G=glob\nFROM localhost/base:1 AS a\nARG G\nARG H=here\nARG L=$G-loc\nRUN echo \"$G $H $L\" > /a\n"
     "ENV H=env\nRUN echo \"$H\" > /a2\n"},
    {"user",
     "RUN mkdir -m 777 /w && echo u:x:77:78::/home/u:/bin/sh >> /etc/passwd\nUSER u\nRUN id -u > /w/id; touch /w/t\n"
     "COPY file /w/copied\nUSER 5:55\nRUN id -g > /w/id2\n"},
    {"special",
     "RUN mkfifo /ff && ln -s x /sy && echo h > /h1 && ln /h1 /h2 && chmod 6755 /h1 && touch \"/sp ace\" && mkdir -m "
     "1777 /st\n"},
    {"from-scratch", "FROM scratch\nCOPY dir /\nENV A=b\n"},
};

std::string gzip(const std::string& bytes) {
    std::string out;
    const auto compressor = image::Compressor::make(image::Compression::gzip);
    compressor->feed(bytes, [&](std::string_view piece) { out += piece; });
    compressor->finish([&](std::string_view piece) { out += piece; });
    return out;
}

void fill(const Workshop& shop) {
    shop.write("file", "content\n");
    shop.write("script.sh", "#!/bin/sh\n", 0755);
    shop.write("dir/a", "a\n");
    shop.write("dir/b.md", "b\n", 0640);
    shop.write("dir/sub/c", "c\n");
    shop.write("dir/keep.log", "kept\n");
    shop.write("dir/gone.log", "gone\n");
    shop.write("secret", "secret\n");
    fs::create_symlink("a", shop.context / "dir/link");
    image::tar::Entry owned;
    owned.path = "bin/tool";
    owned.size = 4;
    owned.mode = 0755;
    owned.uid = 7;
    owned.gid = 8;
    shop.write("packed.tgz", gzip(TarBuilder{}.folder("bin").entry(owned, "tool").end()));
    shop.write(".dockerignore", "secret\n**/*.log\n!dir/keep.log\nDockerfile\n.dockerignore\n");
}

std::string dockerfile_of(const Case& one) {
    const std::string text = one.dockerfile;
    const bool has_from = text.find("FROM ") != std::string::npos && !text.starts_with("RUN");
    return has_from ? text : fmt::format("FROM {}\n{}", base_name, text);
}

/// "path type mode owner content", a line for each file.
using Tree = std::map<std::string, std::string>;

void walk(const kernel::LayeredDir& folder, const std::string& path, Tree& tree) {
    for (const auto& entry : folder.list()) {
        const auto& status = entry.status;
        const std::string here = path + "/" + entry.name;
        std::string line = fmt::format("{:o} {}:{}", status.st_mode, status.st_uid, status.st_gid);
        if (S_ISREG(status.st_mode)) {
            const UniqueFd file = kernel::open_at(entry.parent, entry.name, O_RDONLY);
            line += " " + sha256_hex(read_all(file.get(), entry.name)).substr(0, 16);
        } else if (S_ISLNK(status.st_mode)) {
            char target[4096];
            const ssize_t length = ::readlinkat(entry.parent, entry.name.c_str(), target, sizeof target);
            line += " -> " + std::string{target, static_cast<size_t>(std::max<ssize_t>(length, 0))};
        }
        tree[here] = line;
        if (S_ISDIR(status.st_mode)) {
            walk(*folder.enter(entry.name), here, tree);
        }
    }
}

Tree tree_of(const image::ImageStore& store, const image::Image& image) {
    Tree tree;
    const auto layers = store.layer_dirs(image);
    if (!layers.empty()) {
        walk(kernel::LayeredDir::root(layers), "", tree);
    }
    // What engines lay over these is not the Dockerfile's: some leave the mount points in the layer.
    for (const char* name :
         {"/etc/hosts", "/etc/resolv.conf", "/etc/hostname", "/dev", "/proc", "/sys", "/run", "/tmp"}) {
        std::erase_if(tree, [&](const auto& item) { return (item.first + "/").starts_with(std::string{name} + "/"); });
    }
    return tree;
}

std::string list(const char* name, const std::vector<std::string>& words) {
    std::string text = fmt::format("{}:", name);
    for (const auto& word : words) {
        text += fmt::format(" '{}'", word);
    }
    return text + "\n";
}

std::string describe(const image::ImageConfig& config) {
    std::vector<std::string> labels;
    for (const auto& [name, value] : config.labels) {
        labels.push_back(name + "=" + value);
    }
    std::string text = list("env", config.env) +
                       list("entrypoint", config.entrypoint.value_or(std::vector<std::string>{})) +
                       list("cmd", config.cmd.value_or(std::vector<std::string>{})) + list("labels", labels) +
                       list("ports", {config.exposed_ports.begin(), config.exposed_ports.end()}) +
                       list("volumes", {config.volumes.begin(), config.volumes.end()}) +
                       list("shell", config.shell.value_or(std::vector<std::string>{}));
    text += fmt::format("user: {}\nworkdir: {}\nstop: {}\n", config.user,
                        config.working_dir.empty() ? "/" : config.working_dir, config.stop_signal);
    if (config.healthcheck) {
        text += list("health", config.healthcheck->test);
        text += fmt::format("health times: {} {} {} {}\n", config.healthcheck->interval.count(),
                            config.healthcheck->timeout.count(), config.healthcheck->start_period.count(),
                            config.healthcheck->retries);
    }
    return text;
}

/// The config, and what is different in the files from those of the base.
std::string describe(const image::ImageStore& store, const std::string& id, const Tree& base, bool from_base) {
    const auto image = store.get(id);
    std::string text = describe(image.config);
    const Tree tree = tree_of(store, image);
    for (const auto& [path, line] : tree) {
        const auto before = base.find(path);
        if (!from_base || before == base.end() || before->second != line) {
            text += fmt::format("{} {}\n", path, line);
        }
    }
    for (const auto& [path, line] : base) {
        if (from_base && !tree.contains(path)) {
            text += fmt::format("{} gone\n", path);
        }
    }
    return text;
}

/// Buildah where it is installed, with our base image in its store.
class Oracle {
public:
    explicit Oracle(const Workshop& shop) : shop_{shop}, buildah_{shop.root.dir()} {
        if (!testing::Buildah::is_installed()) {
            return;
        }
        here_ = true;
        const auto archive = shop.root.dir() / "base.tar";
        {
            const UniqueFd fd = kernel::open_at(AT_FDCWD, archive, O_WRONLY | O_CREAT | O_TRUNC, 0600);
            image::save_archive(image::ImageStore{shop.paths}, {"busybox"}, fd.get());
        }
        const auto pulled = call({"pull", "-q", "docker-archive:" + archive.string()});
        call({"tag", std::string{trim(pulled)}, base_name});
    }
    bool is_here() const { return here_; }

    /// Builds and brings the image into our store; its id there.
    std::string build(const Case& one) const {
        write_file(shop_.root.dir() / "Dockerfile", dockerfile_of(one));
        call({"bud", "-q", "--pull-never", "--isolation", "chroot", "--network", "host", "--format", "docker",
              "--identity-label=false", "-f", (shop_.root.dir() / "Dockerfile").string(), "-t", "localhost/out:1",
              shop_.context.string()});
        const auto archive = shop_.root.dir() / "out.tar";
        fs::remove(archive);
        call({"push", "-q", "localhost/out:1", "docker-archive:" + archive.string() + ":localhost/out:1"});
        image::ImageStore store{shop_.paths};
        const UniqueFd fd = kernel::open_at(AT_FDCWD, archive, O_RDONLY);
        return image::load_archive(store, fd.get())[0].id;
    }

private:
    std::string call(const std::vector<std::string>& words) const {
        const auto result = buildah_.run(words);
        INFO(join(words, " ") << "\n" << result.all());
        REQUIRE(result.exit_code == 0);
        return result.out;
    }
    const Workshop& shop_;
    testing::Buildah buildah_;
    bool here_{false};
};

fs::path golden_file(const Case& one) {
    return fs::path{STACK_TESTS_DIR} / "golden/build" / (std::string{one.name} + ".txt");
}

}  // namespace

TEST_CASE("Dockerfiles give the same files and config as with buildah", "[build][oracle]") {
    Workshop shop;
    fill(shop);
    shop.request.ignore_text = read_file(shop.context / ".dockerignore");
    image::ImageStore store{shop.paths};
    const auto base_image = store.get("busybox");
    store.tag(base_image.id, image::parse_reference(base_name));
    const Tree base = tree_of(store, base_image);
    const Oracle buildah{shop};
    const bool accept = std::getenv("STACK_ACCEPT") != nullptr;
    for (const Case& one : cases) {
        INFO(one.name);
        const bool from_base = !std::string{one.dockerfile}.starts_with("FROM scratch");
        if (buildah.is_here()) {
            const auto theirs = describe(store, buildah.build(one), base, from_base);
            if (accept) {
                fs::create_directories(golden_file(one).parent_path());
                write_file(golden_file(one), theirs);
            }
            CHECK(theirs == read_file(golden_file(one)));
        }
        CHECK(describe(store, shop.build(dockerfile_of(one)), base, from_base) == read_file(golden_file(one)));
    }
}
