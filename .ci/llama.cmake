# Read by llama-cpp-python's build right after its `project()`. It builds llama.cpp's "common" library, which the
# Python bindings never load and which takes more than half of the compile time; this variable hides its option.
set(LLAMA_BUILD_COMMON OFF)

# Virtual machines announce AMX and then trap its instructions: the first decode would end the engine by SIGILL. Small
# models gain nothing from it.
include(CheckCXXCompilerFlag)
check_cxx_compiler_flag(-mno-amx-tile HAS_NO_AMX)
if(HAS_NO_AMX)
  add_compile_options(-mno-amx-tile -mno-amx-int8 -mno-amx-bf16)
endif()
