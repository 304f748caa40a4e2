# Included by cmake with ggml's project (see build.sh): on x86-64, build libggml-base for this machine as well, not only libggml-cpu. It holds what unpacks
# quantized values, which attention over a quantized cache does for every cached token. Products and sums stay apart, so that files quantized by it don't change.
if(GGML_NATIVE AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND CMAKE_C_COMPILER_ID MATCHES "GNU|Clang" AND NOT CMAKE_VERSION VERSION_LESS 3.19)
  cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL target_compile_options ggml-base PRIVATE -march=native -ffp-contract=off)
endif()
