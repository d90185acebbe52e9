#pragma once

#include <systemd/sd-bus.h>

namespace stack::net {

/// sd-bus of libsystemd, opened when firewalld is to be spoken to: few hosts have one, and the library brings others
/// along. Lives until the process ends. Throws Errc::unsupported if it is not installed.
struct SdBusApi {
    decltype(&::sd_bus_open_system) open_system;
    decltype(&::sd_bus_flush_close_unref) close;
    decltype(&::sd_bus_message_new_method_call) new_method_call;
    decltype(&::sd_bus_message_set_auto_start) set_auto_start;
    decltype(&::sd_bus_message_append_basic) append;
    decltype(&::sd_bus_message_read_basic) read;
    decltype(&::sd_bus_message_unref) unref;
    decltype(&::sd_bus_call) call;
    decltype(&::sd_bus_error_free) free_error;

    static const SdBusApi& get();
};

}  // namespace stack::net
