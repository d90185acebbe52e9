// resolv.conf of the host: whatever it holds, what a container gets can be read again and names the servers asked for.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "net/resolv_conf.hpp"

using namespace stack::net;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ResolvConf host = parse_resolv_conf({reinterpret_cast<const char*>(data), size});
    auto search = host.search;
    std::erase(search, ".");  // "no search list" is said by having none
    for (const bool embedded : {true, false}) {
        ResolvConfRequest request;
        request.embedded = embedded;
        const ResolvConf inside = parse_resolv_conf(render_resolv_conf(host, request));
        if (embedded && (inside.nameservers.size() != 1 || to_string(inside.nameservers[0]) != "127.0.0.11")) {
            std::abort();
        }
        if (inside.search != search) {
            std::abort();
        }
    }
    return 0;
}
