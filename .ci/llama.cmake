# Read by llama-cpp-python's build right after its `project()`. It builds llama.cpp's "common" library, which the
# Python bindings never load and which takes more than half of the compile time; this variable hides its option.
set(LLAMA_BUILD_COMMON OFF)
