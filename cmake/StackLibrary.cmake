# One function per kind of target, so that each room's CMakeLists.txt reads as a table.
#
#   stack_library(NAME net SOURCES a.cpp … DEPS support PRIVATE_DEPS stack::netlink)
#     The static library of one room. DEPS are rooms (src/LAYERS says which are allowed) or libraries that show in headers.
#
#   stack_test(NAME net_unit ROOM net TIER unit SOURCES a_test.cpp … [DEPS …])
#     One Catch2 program. TIER is the ctest label:
#       unit         no root, no kernel; the program is one ctest entry
#       integration  real kernel, root; every TEST_CASE is a ctest entry of its own
#       e2e          runs the built `stack`; every TEST_CASE is a ctest entry of its own

function(stack_library)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(stack_${ARG_NAME} STATIC ${ARG_SOURCES})
  target_include_directories(stack_${ARG_NAME} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  stack_room_links(stack_${ARG_NAME} PUBLIC ${ARG_DEPS})
  stack_room_links(stack_${ARG_NAME} PRIVATE ${ARG_PRIVATE_DEPS})
  target_link_libraries(stack_${ARG_NAME} PUBLIC stack::fmt PRIVATE stack_flags)
  if(STACK_TIDY)
    set_target_properties(stack_${ARG_NAME} PROPERTIES CXX_CLANG_TIDY "${CLANG_TIDY};--quiet")
  endif()
endfunction()

# Rooms are written by their short name ("support", "engine_state"); anything else is taken as a CMake target.
function(stack_room_links target visibility)
  foreach(dep IN LISTS ARGN)
    if(dep MATCHES "::")
      target_link_libraries(${target} ${visibility} ${dep})
    else()
      target_link_libraries(${target} ${visibility} stack_${dep})
    endif()
  endforeach()
endfunction()

include(/usr/lib/cmake/Catch2/Catch.cmake OPTIONAL)

function(stack_test)
  cmake_parse_arguments(ARG "" "NAME;ROOM;TIER" "SOURCES;DEPS" ${ARGN})
  add_executable(${ARG_NAME} ${ARG_SOURCES})
  stack_room_links(${ARG_NAME} PRIVATE ${ARG_ROOM} ${ARG_DEPS})
  target_include_directories(${ARG_NAME} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(${ARG_NAME} PRIVATE STACK_TESTS_DIR="${CMAKE_SOURCE_DIR}/tests" STACK_BINARY="$<IF:$<TARGET_EXISTS:stack>,${CMAKE_BINARY_DIR}/stack,>")
  target_link_libraries(${ARG_NAME} PRIVATE stack_flags)
  if(ARG_TIER STREQUAL "unit")
    target_link_libraries(${ARG_NAME} PRIVATE stack_catch_main)
    add_test(NAME ${ARG_NAME} COMMAND ${ARG_NAME})
    set_tests_properties(${ARG_NAME} PROPERTIES LABELS unit TIMEOUT 600)
  else()
    target_link_libraries(${ARG_NAME} PRIVATE stack_root_main)
    if(ARG_TIER STREQUAL "e2e")
      add_dependencies(${ARG_NAME} stack)
    endif()
    catch_discover_tests(${ARG_NAME} TEST_PREFIX "${ARG_NAME}: " DISCOVERY_TIMEOUT 60
      PROPERTIES LABELS ${ARG_TIER} TIMEOUT 3000 SKIP_RETURN_CODE $<IF:$<BOOL:${STACK_SKIPS_FAIL}>,-1,77>)
  endif()
endfunction()
