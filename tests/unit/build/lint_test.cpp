#include "build/lint/lint.hpp"

#include <numeric>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "build/dockerfile/parse.hpp"
#include "support/text.hpp"

using namespace stack;
using namespace stack::build;

namespace {

image::ImageConfig base_config() {
    image::ImageConfig config;
    config.env = {"PATH=/bin", "PYTHON_VERSION=3"};
    return config;
}

/// "line Rule: text", a line for each finding.
std::string lint_of(const std::string& text, const BuildRequest& request = {}, bool base_known = true) {
    const auto file = parse_dockerfile(text, "Dockerfile");
    const auto staged = make_stages(file, request);
    std::vector<size_t> all(staged.stages.size());
    std::iota(all.begin(), all.end(), size_t{0});
    const auto warnings = lint(staged, all, request, read_lint_options(file, request),
                               [&](const Stage&) { return base_known ? std::optional{base_config()} : std::nullopt; });
    std::string shown;
    for (const auto& one : warnings) {
        shown += fmt::format("{} {}: {}\n", one.pos.line, one.rule, one.text);
    }
    return shown;
}

struct Case {
    const char* dockerfile;
    const char* expected;
};

// The examples of docs.docker.com "Build checks", good and bad, and what lies between.
const Case cases[] = {
    {"FROM a AS BuilderBase\n", "1 StageNameCasing: Stage name 'BuilderBase' should be lowercase\n"},
    {"FROM a as builder\n", "1 FromAsCasing: 'as' and 'FROM' keywords' casing do not match\n"},
    {"from a as builder\n", ""},
    {"FROM a\nEXPOSE \\\n\n80\n", "3 NoEmptyContinuation: Empty continuation line\n"},
    {"FROM a\nEXPOSE \\\n# Port\n80\n", ""},
    {"FROM a\nrun b\nRun c\nEXPOSE 80\n",
     "2 ConsistentInstructionCasing: Command 'run' should match the case of the command majority (uppercase)\n"
     "3 ConsistentInstructionCasing: Command 'Run' should match the case of the command majority (uppercase)\n"},
    {"from a\nrun b\nEXPOSE 80\n",
     "3 ConsistentInstructionCasing: Command 'EXPOSE' should match the case of the command majority (lowercase)\n"},
    {"FROM a AS builder\nFROM b AS builder\n",
     "2 DuplicateStageName: Duplicate stage name \"builder\", stage names should be unique\n"},
    {"FROM a AS scratch\nFROM a AS context\n",
     "1 ReservedStageName: Stage name should not use the same name as reserved stage \"scratch\"\n"
     "2 ReservedStageName: Stage name should not use the same name as reserved stage \"context\"\n"},
    {"FROM a\nENTRYPOINT my-program start\n",
     "2 JSONArgsRecommended: JSON arguments recommended for ENTRYPOINT to prevent unintended behavior related to OS "
     "signals\n"},
    {"FROM a\nSHELL [\"bash\", \"-c\"]\nCMD echo\n", ""},
    {"FROM a AS x\nSHELL [\"bash\", \"-c\"]\nFROM x\nCMD echo\n", ""},
    {"FROM a\nCMD [\"echo\"]\n", ""},
    {"FROM a\nMAINTAINER me\n",
     "2 MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label\n"},
    {"FROM node:22${VARIANT} AS js\n", "1 UndefinedArgInFrom: FROM argument 'VARIANT' is not declared\n"},
    {"FROM --platform=$BULIDPLATFORM a\n",
     "1 UndefinedArgInFrom: FROM argument 'BULIDPLATFORM' is not declared (did you mean BUILDPLATFORM?)\n"},
    {"ARG VARIANT=\"-alpine3.20\"\nFROM node:22${VARIANT} AS js\n", ""},
    {"ARG VARIANT\nFROM node:22${VARIANT} AS js\n", ""},
    {"FROM nginx:${TAG:-1}\n", ""},
    {"ARG TAG\nFROM busybox:${TAG}\n",
     "2 InvalidDefaultArgInFrom: Default value for ARG busybox:${TAG} results in empty or invalid base image name\n"},
    {"ARG TAG=1\nFROM busybox:${TAG}\n", ""},
    {"FROM a\nWORKDIR usr/share\nWORKDIR more\n",
     "2 WorkdirRelativePath: Relative workdir \"usr/share\" can have unexpected results if the base image changes\n"
     "3 WorkdirRelativePath: Relative workdir \"more\" can have unexpected results if the base image changes\n"},
    {"FROM a\nWORKDIR /usr\nWORKDIR share\n", ""},
    {"FROM a\nCOPY $foo .\n", "2 UndefinedVar: Usage of undefined variable '$foo'\n"},
    {"FROM a\nARG foo\nCOPY $foo .\n", ""},
    {"FROM a\nARG VERSION=$foo\n", "2 UndefinedVar: Usage of undefined variable '$foo'\n"},
    {"FROM a\nARG VERSION=$PYTHON_VERSION\n", ""},
    {"FROM scratch\nARG VERSION=$PYTHON_VERSION\n", "2 UndefinedVar: Usage of undefined variable '$PYTHON_VERSION'\n"},
    {"FROM a\nENV PATH=$PAHT:/app/bin\n",
     "2 UndefinedVar: Usage of undefined variable '$PAHT' (did you mean $PATH?)\n"},
    {"FROM a\nENV A=1 B=$A\n", "2 UndefinedVar: Usage of undefined variable '$A'\n"},
    {"FROM a\nENV A=${B:-x} C=${D:+y} E='$F'\nRUN echo $G\nCMD [\"$H\"]\n", ""},
    {"FROM a AS x\nARG A\nFROM x\nENV B=$A\n", ""},
    {"FROM a AS x\nARG A\nFROM a\nENV B=$A\n", "4 UndefinedVar: Usage of undefined variable '$A'\n"},
    {"FROM a\nCOPY <<EOF /f\n$X $Y\nEOF\nCOPY <<'EOF' /g\n$X\nEOF\n",
     "2 UndefinedVar: Usage of undefined variable '$X'\n2 UndefinedVar: Usage of undefined variable '$Y'\n"},
    {"FROM a\nENTRYPOINT [\"a\"]\nENTRYPOINT [\"b\"]\nHEALTHCHECK CMD x\nCMD [\"c\"]\n",
     "2 MultipleInstructionsDisallowed: Multiple ENTRYPOINT instructions should not be used in the same stage because "
     "only the last one will be used\n"},
    {"FROM a AS x\nCMD [\"a\"]\nFROM x\nCMD [\"b\"]\n", ""},
    {"FROM a\nENV A b\nLABEL c d\n",
     "2 LegacyKeyValueFormat: \"ENV key=value\" should be used instead of legacy \"ENV key value\" format\n"
     "3 LegacyKeyValueFormat: \"LABEL key=value\" should be used instead of legacy \"LABEL key value\" format\n"},
    {"FROM --platform=$TARGETPLATFORM a\n",
     "1 RedundantTargetPlatform: Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the "
     "default behavior\n"},
    {"FROM --platform=$BUILDPLATFORM a\n", ""},
    {"FROM a\nARG AWS_SECRET_ACCESS_KEY\nENV DB_PASSWORD=x PUBLIC_KEY=y KEYBOARD=z\nENV API_TOKEN=1\n",
     "2 SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ARG "
     "\"AWS_SECRET_ACCESS_KEY\")\n"
     "3 SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ENV \"DB_PASSWORD\")\n"
     "4 SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ENV \"API_TOKEN\")\n"},
    {"FROM --platform=linux/amd64 a AS base\n",
     "1 FromPlatformFlagConstDisallowed: FROM --platform flag should not use constant value \"linux/amd64\"\n"},
    {"FROM --platform=linux/amd64 a AS build_amd64\nFROM --platform=linux/arm64 a AS build_arm64\n", ""},
    {"FROM a\nEXPOSE 80/TcP 53/udp\n",
     "2 ExposeProtoCasing: Defined protocol '80/TcP' in EXPOSE instruction should be lowercase\n"},
    {"FROM a\nEXPOSE 127.0.0.1:80:80 8080:80\n",
     "2 ExposeInvalidFormat: EXPOSE instruction should not define an IP address or host-port mapping, found "
     "'127.0.0.1:80:80'\n"
     "2 ExposeInvalidFormat: EXPOSE instruction should not define an IP address or host-port mapping, found "
     "'8080:80'\n"},
    {"# anything\nARG version\n# base image for all\nFROM a AS base\n", ""},
    {"# check=experimental=InvalidDefinitionDescription\n\n# anything\nARG version\n# base image for all\nFROM a AS "
     "base\n\n# about\n\nFROM a AS other\n",
     "4 InvalidDefinitionDescription: Comment for build argument should follow the format: `# version "
     "<description>`\n"},
    // directives
    {"# check=skip=JSONArgsRecommended,MaintainerDeprecated\nFROM a\nCMD x\nMAINTAINER y\nENV A b\n",
     "5 LegacyKeyValueFormat: \"ENV key=value\" should be used instead of legacy \"ENV key value\" format\n"},
    {"# check=skip=all;error=true\nFROM a\nCMD x\n", ""},
};

}  // namespace

TEST_CASE("build checks say of a Dockerfile what BuildKit's do", "[build][lint]") {
    for (const auto& one : cases) {
        CAPTURE(one.dockerfile);
        CHECK(lint_of(one.dockerfile) == one.expected);
    }
}

TEST_CASE("nothing is said of variables where the base image is not known", "[build][lint]") {
    CHECK(lint_of("FROM a\nCOPY $foo .\n", {}, false).empty());
}

TEST_CASE("a source that the ignore file leaves out is found before the build", "[build][lint]") {
    BuildRequest request;
    request.ignore_text = "tmp\n*.log\n!keep.log\n";
    CHECK(lint_of("FROM a\nCOPY ./tmp/x /\nADD one.log two /\nCOPY keep.log /\nCOPY --from=x tmp /\n", request) ==
          "2 CopyIgnoredFile: Attempting to Copy file \"./tmp/x\" that is excluded by .dockerignore\n"
          "3 CopyIgnoredFile: Attempting to Add file \"one.log\" that is excluded by .dockerignore\n");
}

TEST_CASE("the check options of --build-arg win, and wrong ones are told", "[build][lint]") {
    BuildRequest request;
    request.args["BUILDKIT_DOCKERFILE_CHECK"] = "skip=MaintainerDeprecated";
    CHECK(lint_of("# check=skip=all\nFROM a\nMAINTAINER x\nENV A b\n", request).starts_with("4 Legacy"));
    CHECK_THROWS_WITH(lint_of("# check=skp=all\nFROM a\n"), "'skp=all' is no option of checks");
    CHECK_THROWS_WITH(lint_of("# check=error=maybe\nFROM a\n"), "'error=maybe' is no option of checks");
}

TEST_CASE("with error=true a finding ends the build", "[build][lint]") {
    LintOptions options;
    const std::vector<LintWarning> found{{"B", "", {"Dockerfile", 3, 1}, 3}, {"A", "", {}, 4}, {"B", "", {}, 5}};
    CHECK_NOTHROW(enforce(options, found));
    options.error = true;
    CHECK_NOTHROW(enforce(options, {}));
    CHECK_THROWS_WITH(enforce(options, found), "lint violation found for rules: A, B");
}

TEST_CASE("a rule's page has its name in words", "[build][lint]") {
    CHECK(lint_rule_url("JSONArgsRecommended").ends_with("/rule/json-args-recommended/"));
    CHECK(lint_rule_url("SecretsUsedInArgOrEnv").ends_with("/rule/secrets-used-in-arg-or-env/"));
    CHECK(lint_rule_description("StageNameCasing") == "Stage names should be lowercase");
}
