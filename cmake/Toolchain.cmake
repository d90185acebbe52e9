# Warnings, sanitizers, hardening and build accelerators. Every target gets them by linking stack_flags.

option(STACK_WERROR "treat warnings as errors" OFF)
option(STACK_TIDY "run clang-tidy while compiling" OFF)
option(STACK_COVERAGE "build with gcov counters" OFF)
option(STACK_FUZZ "build the libFuzzer programs (clang only)" OFF)
option(STACK_SKIPS_FAIL "a test that cannot run here fails instead of being skipped" OFF)
set(STACK_SANITIZE "" CACHE STRING "sanitizers, comma separated")

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(stack_flags INTERFACE)
target_compile_options(stack_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Wsuggest-override>
  -Wswitch-enum -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 warns about inlined std::string and std::optional code that is correct (GCC bugs 105329, 105593).
  target_compile_options(stack_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict -Wno-maybe-uninitialized>)
endif()
if(STACK_WERROR)
  target_compile_options(stack_flags INTERFACE -Werror)
endif()

find_program(MOLD mold)
if(MOLD AND NOT STACK_FUZZ)
  target_link_options(stack_flags INTERFACE -fuse-ld=mold)
endif()

# Not optimised: with the sanitizers g++ 12 takes five times as long at -O1 as at -O0 on template-heavy files.
if(STACK_SANITIZE)
  target_compile_options(stack_flags INTERFACE -fsanitize=${STACK_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  # ASan's at a fixed address: relocating the tables of globals at every start is half of what a short command costs here.
  target_link_options(stack_flags INTERFACE -fsanitize=${STACK_SANITIZE})
  if(STACK_SANITIZE MATCHES address)
    target_link_options(stack_flags INTERFACE -no-pie)
  endif()
elseif(STACK_FUZZ)
  target_compile_options(stack_flags INTERFACE -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all -g)
  target_link_options(stack_flags INTERFACE -fsanitize=address,undefined)
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(stack_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -ffunction-sections -fdata-sections)
  # Our own start-up time counts: as few shared objects as possible, none that is not used, and no relocations (ADR 3).
  target_link_options(stack_flags INTERFACE -no-pie -Wl,-z,relro,-z,now,--as-needed,--gc-sections,-z,keep-text-section-prefix
    -static-libstdc++ -static-libgcc)
endif()

if(STACK_COVERAGE)
  target_compile_options(stack_flags INTERFACE --coverage)
  target_link_options(stack_flags INTERFACE --coverage)
endif()

if(STACK_TIDY)
  find_program(CLANG_TIDY NAMES clang-tidy clang-tidy-14 REQUIRED)
endif()
