#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "support/kernel/unique_fd.hpp"

namespace stack::testing {

/// An HTTP server on 127.0.0.1 that says whatever a test wants, also what no honest server says. One connection at a
/// time, one answer per connection.
class ScriptedServer {
public:
    struct Request {
        std::string method, path;
        std::map<std::string, std::string> headers;  ///< names in lower case
    };
    /// Returns the raw bytes of the answer, status line included; the connection is closed behind them.
    using Script = std::function<std::string(const Request&)>;

    /// What stands behind an answer: the end of the connection, or silence until the client goes.
    enum class Ending { closes, stalls };

    explicit ScriptedServer(Script script, Ending ending = Ending::closes);
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;
    ~ScriptedServer();

    /// "127.0.0.1:12345"
    std::string address() const;
    std::vector<std::string> log() const { return log_; }

private:
    void serve();

    Script script_;
    Ending ending_;
    int port_{0};
    UniqueFd listener_, stop_;
    std::vector<std::string> log_;
    std::thread thread_;
};

/// A complete answer with a Content-Length.
std::string http_answer(int status, const std::string& body, const std::vector<std::string>& headers = {});

/// A TCP port of 127.0.0.1 that nobody uses at this moment.
int free_port();

}  // namespace stack::testing
