# One interface target, ear_options, carries the language, the warnings and the hardening that every
# object of the project is compiled with. Hardening flags: docs/safety.md, "Compiler flags".
option(EAR_WERROR "Treat warnings as errors" OFF)
option(EAR_HARDEN "All hardening flags of a release" OFF)
option(EAR_FUZZ "Build the libFuzzer targets (clang only)" OFF)
set(EAR_SANITIZE "" CACHE STRING "Comma-separated sanitizers, for example address,undefined")

set(EAR_FUZZ_SECONDS 3 CACHE STRING "Length of each fuzz target's short run under ctest")

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(ear_options INTERFACE)
target_include_directories(ear_options INTERFACE "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}/generated")
target_compile_definitions(ear_options INTERFACE _DEFAULT_SOURCE EAR_VERSION="${PROJECT_VERSION}")
target_compile_options(ear_options INTERFACE
  -Wall -Wextra -Wformat=2 -Wconversion -Wimplicit-fallthrough -Wshadow -Wstrict-prototypes
  -Wmissing-prototypes -Wswitch-enum -Wvla
  -Werror=format-security -Werror=implicit -Werror=incompatible-pointer-types
  -Werror=int-conversion -Werror=return-type
  # The same bits on x86-64 and Graviton: never fuse a multiplication and an addition.
  -ffp-contract=off
  -fno-delete-null-pointer-checks -fno-strict-overflow -fno-strict-aliasing)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  target_compile_options(ear_options INTERFACE -Wtrampolines -Wbidi-chars=any)
endif()
if(EAR_WERROR)
  target_compile_options(ear_options INTERFACE -Werror)
endif()

if(EAR_SANITIZE)
  target_compile_options(ear_options INTERFACE -fsanitize=${EAR_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(ear_options INTERFACE -fsanitize=${EAR_SANITIZE})
endif()

if(EAR_FUZZ)
  if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "EAR_FUZZ needs clang: use the preset `fuzz`")
  endif()
  # Coverage feedback in every object; only the fuzz targets link libFuzzer's main.
  target_compile_options(ear_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(EAR_HARDEN)
  include(CheckCCompilerFlag)
  target_compile_options(ear_options INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
    -fstack-clash-protection -fstack-protector-strong -ftrivial-auto-var-init=zero)
  # Flags that only some compilers or machines know are probed, never assumed.
  foreach(flag -fcf-protection=full -mbranch-protection=standard -fstrict-flex-arrays=3
          -fzero-init-padding-bits=all)
    string(MAKE_C_IDENTIFIER "EAR_HAS${flag}" has)
    check_c_compiler_flag("-Werror ${flag}" ${has})
    if(${has})
      target_compile_options(ear_options INTERFACE ${flag})
    endif()
  endforeach()
  target_link_options(ear_options INTERFACE -pie
    -Wl,-z,nodlopen -Wl,-z,noexecstack -Wl,-z,relro -Wl,-z,now -Wl,--as-needed)
endif()
