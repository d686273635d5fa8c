# How Tyto's own sources are compiled. Some versions of GCC see overlapping copies where strings are put together that
# are none (bug 105651), hence -Wno-restrict. Clang does not know GCC's pragmas for loops.
add_library(tyto_flags INTERFACE)
target_compile_options(tyto_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -ffp-contract=off
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> $<$<CXX_COMPILER_ID:Clang>:-Wno-unknown-pragmas>
  "-ffile-prefix-map=${PROJECT_SOURCE_DIR}/="
  $<$<BOOL:${TYTO_WARNINGS_AS_ERRORS}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
  # Lets ccache know which precompiled headers a file was compiled with.
  target_compile_options(tyto_flags INTERFACE -fpch-preprocess)
endif()

if(TYTO_SANITIZE)
  # For every target of this build and, through Tyto::tyto, for plugins built against it.
  # Spans and vectors are checked at every access. What the address sanitizer tells of null pointers is enough, and
  # objects of a wrong type are not what casts here could give; looking for both would take a third more time.
  set(TYTO_SANITIZE_OPTIONS "-fsanitize=${TYTO_SANITIZE};-fno-sanitize-recover=all;-fno-sanitize=null,vptr;-fno-omit-frame-pointer;-D_GLIBCXX_ASSERTIONS")
  add_compile_options(${TYTO_SANITIZE_OPTIONS})
  add_link_options(${TYTO_SANITIZE_OPTIONS})
endif()
