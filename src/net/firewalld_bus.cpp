#include "net/firewalld_bus.hpp"

#include <string>

#include <dlfcn.h>

#include "support/error.hpp"

namespace stack::net {
namespace {

template <class Function>
void find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    if (function == nullptr) {
        throw Error(Errc::unsupported, std::string{"the libsystemd of this machine has no "} + name);
    }
}

SdBusApi load() {
    void* library = ::dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        throw Error(Errc::unsupported, "speaking to firewalld needs libsystemd.so.0, which is not installed");
    }
    SdBusApi api{};
    find(library, "sd_bus_open_system", api.open_system);
    find(library, "sd_bus_flush_close_unref", api.close);
    find(library, "sd_bus_message_new_method_call", api.new_method_call);
    find(library, "sd_bus_message_set_auto_start", api.set_auto_start);
    find(library, "sd_bus_message_append_basic", api.append);
    find(library, "sd_bus_message_read_basic", api.read);
    find(library, "sd_bus_message_unref", api.unref);
    find(library, "sd_bus_call", api.call);
    find(library, "sd_bus_error_free", api.free_error);
    return api;
}

}  // namespace

const SdBusApi& SdBusApi::get() {
    static const SdBusApi api = load();
    return api;
}

}  // namespace stack::net
