#pragma once

#include <map>
#include <string>
#include <vector>

#include "build/request.hpp"

namespace stack::cli {

/// A build's events as `docker buildx build --progress=rawjson` prints them: one object a line on standard error, with
/// any of vertexes, statuses, logs and warnings (BuildKit's client.SolveStatus). Texts of programs are base64.
class BuildJson {
public:
    void show(const build::BuildEvent& event);

private:
    struct Vertex {
        std::string digest, name, started;
        std::vector<std::string> inputs;
    };
    void begin(const build::BuildEvent& event);
    void end(const build::BuildEvent& event);
    void show_output(const build::BuildEvent& event) const;
    void show_status(const std::string& what);
    static void show_warnings(const build::BuildEvent& event);

    std::map<int, Vertex> vertexes_;  ///< by step; 0: the export
};

}  // namespace stack::cli
