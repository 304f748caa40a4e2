# Included by cmake with ggml's project (see build.sh): on x86-64, build libggml-base for this machine as well, not only libggml-cpu. It holds what unpacks
# quantized values, which attention over a quantized cache does for every cached token. Products and sums stay apart, so that files quantized by it don't change.
if(GGML_NATIVE AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND CMAKE_C_COMPILER_ID MATCHES "GNU|Clang" AND NOT CMAKE_VERSION VERSION_LESS 3.19)
  cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL target_compile_options ggml-base PRIVATE -march=native -ffp-contract=off)
endif()

# Debian 12's compiler among others makes AMX kernels that die of SIGILL: see tile_config.h.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU"
    AND (CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12.4 OR (CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13 AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13.3)))
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:-include ${CMAKE_CURRENT_LIST_DIR}/tile_config.h>")
endif()
