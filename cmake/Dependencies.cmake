# The libraries we stand on, all from Debian 12. Static archives where Debian has them: each shared object
# costs start-up time on every command (docs/adr/0003-start-up-time.md).

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Boost 1.81 REQUIRED)

# What users run has fmt inside; a build for tests takes the shared one, which is there already.
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_library(stack_fmt STATIC ${CMAKE_SOURCE_DIR}/cmake/fmt_format.cpp)
else()
  add_library(stack_fmt INTERFACE)
  target_link_libraries(stack_fmt INTERFACE fmt::fmt)
endif()
add_library(stack::fmt ALIAS stack_fmt)

# stack_archive_library(NAME sqlite FILES libsqlite3.a [LINK dl m] [INCLUDE dir]) defines the target stack::sqlite.
function(stack_archive_library)
  cmake_parse_arguments(ARG "" "NAME" "FILES;LINK;INCLUDE" ${ARGN})
  add_library(stack_dep_${ARG_NAME} INTERFACE)
  foreach(file IN LISTS ARG_FILES)
    find_library(STACK_DEP_${file} NAMES ${file} REQUIRED)
    target_link_libraries(stack_dep_${ARG_NAME} INTERFACE ${STACK_DEP_${file}})
  endforeach()
  target_link_libraries(stack_dep_${ARG_NAME} INTERFACE ${ARG_LINK})
  if(ARG_INCLUDE)
    target_include_directories(stack_dep_${ARG_NAME} SYSTEM INTERFACE ${ARG_INCLUDE})
  endif()
  add_library(stack::${ARG_NAME} ALIAS stack_dep_${ARG_NAME})
endfunction()

stack_archive_library(NAME yaml FILES libyaml-cpp.a)
stack_archive_library(NAME libyaml FILES libyaml.a)
stack_archive_library(NAME sqlite FILES libsqlite3.a LINK dl m Threads::Threads)
stack_archive_library(NAME crypto FILES libcrypto.a LINK dl Threads::Threads)
stack_archive_library(NAME netlink FILES libnl-route-3.a libnl-3.a INCLUDE /usr/include/libnl3)
stack_archive_library(NAME seccomp FILES libseccomp.a)
stack_archive_library(NAME zstd FILES libzstd.a)
stack_archive_library(NAME zlib FILES libz.a)
stack_archive_library(NAME lzma FILES liblzma.a)
stack_archive_library(NAME bzip2 FILES libbz2.a)

# Only its header: libsystemd is opened where firewalld is to be spoken to (src/net/firewalld_bus.cpp).
find_path(STACK_DEP_SD_BUS systemd/sd-bus.h REQUIRED)
add_library(stack_dep_systemd INTERFACE)
target_include_directories(stack_dep_systemd SYSTEM INTERFACE ${STACK_DEP_SD_BUS})
add_library(stack::systemd ALIAS stack_dep_systemd)
