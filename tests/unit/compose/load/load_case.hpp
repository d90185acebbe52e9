#pragma once

#include <map>
#include <string>

#include "compose/loader.hpp"

namespace stack::compose::test {

/// A project in a folder of its own: file name -> text. "compose.yaml" is found by itself.
struct LoadCase {
    std::map<std::string, std::string> files;
    Environment environment;
    LoadOptions options;  // files and the like; folder and environment are filled in
};

/// Loads it and gives the model as one line of JSON, keys sorted; the project's folder reads as "/dir". `path`
/// ("services.app.ports") picks a part. A load that fails gives its messages, one per line, as "file:line:column
/// message".
std::string loaded(const LoadCase& load_case, const std::string& path);
/// The same for one compose.yaml.
std::string loaded(const std::string& yaml, const std::string& path);
/// The warnings of a load, in the same form as errors.
std::string warnings(const LoadCase& load_case);
/// Everything that a load tells people, as they see it.
std::string said(const LoadCase& load_case);
LoadedProject load(const LoadCase& load_case);

}  // namespace stack::compose::test
