// Hostile input: each limit has its own short error, and nothing hangs, whatever lies in the place of a file.
#include "compose/limits.hpp"

#include <filesystem>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compose/loader.hpp"
#include "support/files.hpp"

using namespace stack::compose;
namespace fs = std::filesystem;

namespace {

/// A project folder; what loading it says.
class Folder {
public:
    void write(const std::string& name, const std::string& text) const {
        stack::write_file(folder_.path() / name, text);
    }

    /// A file of that size without content: costs no disk.
    void write_hole(const std::string& name, off_t size) const {
        const int fd = ::open((folder_.path() / name).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        REQUIRE(fd >= 0);
        const int cut = ::ftruncate(fd, size);
        ::close(fd);
        REQUIRE(cut == 0);
    }

    const fs::path& path() const { return folder_.path(); }

    std::string load(std::vector<std::string> files = {"compose.yaml"}) const {
        LoadOptions options;
        options.working_dir = folder_.path();
        options.files = std::move(files);
        try {
            const auto loaded = load_project(options);
            return render_findings(loaded.warnings, *loaded.files);
        } catch (const LoadFailure& failure) {
            check_size(failure);
            return render_findings(failure.findings(), failure.files());
        } catch (const stack::Error& error) {
            return error.what();
        }
    }

    std::string load_text(const std::string& text) const {
        write("compose.yaml", text);
        return load();
    }

private:
    static void check_size(const LoadFailure& failure) {
        for (const auto& finding : failure.findings()) {
            CHECK(render_findings({finding}, failure.files()).size() < 4096);
        }
    }

    stack::TempDir folder_{fs::temp_directory_path(), "compose-limits-"};
};

std::string repeat(std::string_view text, std::size_t times) {
    std::string out;
    out.reserve(text.size() * times);
    for (std::size_t i = 0; i < times; ++i) {
        out += text;
    }
    return out;
}

/// `said` holds `word` and is short.
void check_says(const std::string& said, std::string_view word) {
    INFO(said.substr(0, 2000));
    CHECK(said.find(word) != std::string::npos);
    CHECK(said.size() < 8192);
}

}  // namespace

TEST_CASE("a file that is too large is refused before it is read", "[compose][limits]") {
    const Folder project;
    project.write_hole("compose.yaml", off_t{100} << 20U);
    check_says(project.load(), "is larger than 16 MiB");
    project.write_hole("big.env", off_t{200} << 20U);
    check_says(project.load_text("services: {web: {image: x, env_file: big.env}}"), "is larger than 4 MiB");
}

TEST_CASE("a scalar of megabytes is a value like another", "[compose][limits]") {
    const Folder project;
    const std::string large(8U << 20U, 'x');
    CHECK(project.load_text("services: {web: {image: x, environment: {A: " + large + "}}}").empty());
    check_says(project.load_text("services: {web: {image: x, restrat: " + large + "}}"), "unknown key 'restrat'");
    const std::string key(1000, 'x');  // YAML allows keys on one line up to 1024 characters
    check_says(project.load_text("services: {web: {image: x, " + key + ": y}}"), "unknown key 'xxx");
    check_says(project.load_text("services: {" + key + ": {image: x}}"), "the longest name has 255");
    check_says(project.load_text("services: {" + large + ": {image: x}}"), "is not closed with '}'");
    check_says(project.load_text("services: {web: {image: x, stop_grace_period: " + large + "}}"),
               "must be a duration");
}

TEST_CASE("lists and mappings within each other are limited", "[compose][limits]") {
    const Folder project;
    const std::string limit = fmt::format("more than {} lists or mappings within each other", limits::depth);
    check_says(project.load_text("x-a: " + repeat("[", 10'000) + repeat("]", 10'000)), limit);
    check_says(project.load_text("x-a: " + repeat("{a: ", 10'000) + repeat("}", 10'000)), limit);
    check_says(project.load_text("x-a:\n  " + repeat("- ", 10'000) + "a\n"), limit);
    CHECK(project.load_text("services: {a: {image: x}}\nx-a: " + repeat("[", 200) + repeat("]", 200)).empty());
}

TEST_CASE("aliases that repeat each other are counted", "[compose][limits]") {
    const Folder project;
    std::string bomb = "x-0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    std::string merges = "x-0: &a0 {a: 1, b: 2, c: 3}\n";
    for (int i = 1; i < 12; ++i) {
        bomb += fmt::format("x-{0}: &a{0} [{1}*a{2}]\n", i, repeat(fmt::format("*a{}, ", i - 1), 9), i - 1);
        merges += fmt::format("x-{0}: &a{0} {{<<: [{1}*a{2}], k{0}: 1}}\n", i, repeat(fmt::format("*a{}, ", i - 1), 9),
                              i - 1);
    }
    const std::string limit = fmt::format("more than {} values, aliases written out", limits::nodes);
    check_says(project.load_text(bomb + "services: {a: {image: x}}\n"), limit);
    const auto merged = project.load_text(merges + "services: {a: {image: x}}\n");
    CHECK((merged.empty() || merged.find(limit) != std::string::npos));
    check_says(project.load_text("x-a: &a [*a]\n"), "contains itself");
}

TEST_CASE("many services, entries and findings", "[compose][limits]") {
    const Folder project;
    std::string services = "services:\n";
    for (int i = 0; i < 20'000; ++i) {
        services += fmt::format("  s{}: {{image: x}}\n", i);
    }
    CHECK(project.load_text(services).empty());
    std::string entries = "services:\n  web:\n    image: x\n    group_add:\n";
    for (int i = 0; i < 100'000; ++i) {
        entries += fmt::format("    - g{}\n", i);
    }
    CHECK(project.load_text(entries).empty());
    const auto said =
        project.load_text("services:\n  web:\n    image: x\n    cap_add:\n" + repeat("    - 1\n", 100'000));
    CHECK(said.size() < 200'000);
    CHECK(said.find("'cap_add[0]' of service 'web' must be a string, not 1") != std::string::npos);
}

TEST_CASE("a list or mapping has a limit of its own", "[compose][limits]") {
    const Folder project;
    const std::string sequence = fmt::format("a list has more than {} entries", limits::entries);
    check_says(project.load_text("services: {web: {image: x, cap_add: [" + repeat("A,", 300'000) + "]}}"), sequence);
    std::string services = "services:\n";
    for (int i = 0; i < 300'000; ++i) {
        services += fmt::format(" s{}: {{}}\n", i);
    }
    check_says(project.load_text(services), fmt::format("a mapping has more than {} entries", limits::entries));
}

TEST_CASE("a load with a thousand mistakes is not searched for more", "[compose][limits]") {
    const Folder project;
    std::string files = "services: {web: {image: x, env_file: [";
    for (int i = 0; i < 200'000; ++i) {
        files += fmt::format("e{},", i);
    }
    const auto said = project.load_text(files + "]}}");
    CHECK(said.find("e0' is not there") != std::string::npos);
    CHECK(said.find("there are more mistakes than the 200 that are told here") != std::string::npos);
    std::string optional = "services:\n  web:\n    image: x\n    env_file:\n";
    for (std::size_t i = 0; i <= limits::env_files; ++i) {
        optional += fmt::format("      - {{path: e{}, required: false}}\n", i);
    }
    check_says(project.load_text(optional), fmt::format("more than {} env files", limits::env_files));
}

TEST_CASE("short forms are counted as what they become", "[compose][limits]") {
    const Folder project;
    std::string services = "services:\n";
    for (int i = 0; i < 2; ++i) {
        services += fmt::format("  s{}:\n    image: x\n    volumes: [{}]\n", i, repeat("/d,", 150'000));
    }
    check_says(project.load_text(services), fmt::format("more than {} values, everything written out", limits::nodes));
}

TEST_CASE("files of one load are limited", "[compose][limits]") {
    const Folder project;
    project.write("a.yaml", "services: {a: {image: x}}\n");
    check_says(project.load(std::vector<std::string>(10'000, "a.yaml")),
               fmt::format("more than {} files", limits::files));
}

TEST_CASE("variables within each other and what they grow to are limited", "[compose][limits]") {
    const Folder project;
    check_says(
        project.load_text("services: {web: {image: \"" + repeat("${A:-", 10'000) + "x" + repeat("}", 10'000) + "\"}}"),
        fmt::format("more than {} variables within each other", limits::substitution_depth));
    project.write(".env", "B=" + std::string(1U << 20U, 'x') + "\n");
    check_says(project.load_text("services: {web: {image: \"" + repeat("$B", 40) + "\"}}"), "grows beyond 16 MiB");
}

TEST_CASE("an env file that doubles itself ends", "[compose][limits]") {
    const Folder project;
    std::string lines = "A0=xxxxxxxx\n";
    for (int i = 1; i < 60; ++i) {
        lines += fmt::format("A{0}=$A{1}$A{1}\n", i, i - 1);
    }
    project.write("app.env", lines);
    check_says(project.load_text("services: {web: {image: x, env_file: app.env}}"), "grow beyond 16 MiB");
}

TEST_CASE("the values of all services together are limited", "[compose][limits]") {
    const Folder project;
    project.write(".env", "B=" + std::string(1U << 20U, 'x') + "\n");
    std::string services = "services:\n";
    for (int i = 0; i < 80; ++i) {
        services += fmt::format("  s{}: {{image: x, labels: {{a: $B}}}}\n", i);
    }
    check_says(project.load_text(services), "grow beyond 64 MiB by their variables");
    std::string wide = "services:\n  base:\n    image: x\n    cap_add:\n" + repeat("      - A\n", 5000);
    for (int i = 0; i < 500; ++i) {
        wide += fmt::format("  s{}: {{extends: base}}\n", i);
    }
    check_says(project.load_text(wide), fmt::format("more than {} values, everything written out", limits::nodes));
}

TEST_CASE("a hundred thousand unset variables are told in as many words as a few", "[compose][limits]") {
    const Folder project;
    std::string text;
    for (int i = 0; i < 100'000; ++i) {
        text += fmt::format("${{U{}}}", i);
    }
    const auto said = project.load_text("services: {web: {image: x, labels: {a: \"" + text + "\"}}}");
    CHECK(said.find("variable 'U0' is not set") != std::string::npos);
    CHECK(said.size() < 200'000);
}

TEST_CASE("that there are more mistakes than are told is told", "[compose][limits]") {
    const Folder project;
    std::string services = "services:\n";
    for (int i = 0; i < 300; ++i) {
        services += fmt::format("  s{}:\n    imag: x\n", i);
    }
    CHECK(project.load_text(services).find("there are more mistakes than the 200 that are told here") !=
          std::string::npos);
}

TEST_CASE("keys that YAML does not take for their length are explained", "[compose][limits]") {
    const Folder project;
    const std::string key(2000, 'k');
    check_says(project.load_text("services:\n  web:\n    image: x\n    " + key + ": 1\n"),
               "is longer than 1024 characters");
    check_says(project.load_text(key + ": 1\nservices:\n  web:\n    image: x\n"), "is longer than 1024 characters");
}

TEST_CASE("a Compose file that is a link to nowhere is named", "[compose][limits]") {
    const Folder project;
    fs::create_symlink("gone.yaml", project.path() / "compose.yaml");
    check_says(project.load({}), "is a link to 'gone.yaml', which is not there");
    fs::remove(project.path() / "compose.yaml");
    fs::create_symlink("compose.yaml", project.path() / "compose.yaml");
    check_says(project.load({}), "ELOOP");
}

TEST_CASE("extends and include end", "[compose][limits]") {
    const Folder project;
    std::string chain = "services:\n  s0: {image: x}\n";
    for (int i = 1; i < 3000; ++i) {
        chain += fmt::format("  s{}: {{extends: s{}}}\n", i, i - 1);
    }
    const auto said = project.load_text(chain);
    CHECK((said.empty() || said.find("extends others over more than") != std::string::npos));
    project.write("compose.yaml", "include: [compose.yaml]\n");
    const auto itself = project.load();
    CHECK_FALSE(itself.empty());
    CHECK(itself.size() < 8192);
    for (int i = 0; i < 100; ++i) {
        project.write(fmt::format("i{}.yaml", i), fmt::format("include: [i{}.yaml]\n", i + 1));
    }
    check_says(project.load({"i0.yaml"}),
               fmt::format("include each other over more than {} steps", limits::include_depth));
}

TEST_CASE("published ports are counted with their ranges", "[compose][limits]") {
    const Folder project;
    check_says(project.load_text("services: {web: {image: x, ports: ['1-65535', '1-65535/udp']}}"),
               fmt::format("service 'web' publishes more than {} ports", limits::ports));
}

TEST_CASE("what is no file is named, and nothing waits for it", "[compose][limits]") {
    const Folder project;
    REQUIRE(::mkfifo((project.path() / "fifo").c_str(), 0600) == 0);
    fs::create_directory(project.path() / "folder");
    fs::create_symlink("loop", project.path() / "loop");
    struct Case {
        std::string name;
        std::string_view says;
    };
    const std::vector<Case> cases{
        {"fifo", "a named pipe"}, {"folder", "a folder"}, {"loop", "symbolic links"}, {"/dev/zero", "a device"}};
    for (const auto& [name, says] : cases) {
        CAPTURE(name);
        check_says(project.load({name}), says);
        for (const std::string_view use :
             {"include: [{0}]", "services: {{a: {{extends: {{service: b, file: {0}}}}}}}",
              "services: {{a: {{image: x, env_file: {0}}}}}", "services: {{a: {{image: x, label_file: {0}}}}}"}) {
            CAPTURE(use);
            check_says(project.load_text(fmt::format(fmt::runtime(use), name)), says);
        }
    }
}
