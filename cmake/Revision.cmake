# Writes a source file that holds the git commit of SOURCE_DIR, with "+" after it where what the program is made of
# has been changed since; an empty text outside a repository. The file is touched only when that changes.
#   cmake -DSOURCE_DIR=... -DOUTPUT=... -P Revision.cmake
set(revision "")
find_program(git git)
# An archive that lies within another repository has no revision of its own.
if(git AND EXISTS ${SOURCE_DIR}/.git)
  execute_process(COMMAND ${git} -C ${SOURCE_DIR} rev-parse HEAD
    OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  execute_process(COMMAND ${git} -C ${SOURCE_DIR} status --porcelain -- CMakeLists.txt cmake framework plugins
    OUTPUT_VARIABLE changes ERROR_QUIET)
  if(revision AND changes)
    string(APPEND revision "+")
  endif()
endif()
set(text "extern const char* const tyto_build_revision;\nconst char* const tyto_build_revision = \"${revision}\";\n")
set(before "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} before)
endif()
if(NOT text STREQUAL before)
  file(WRITE ${OUTPUT} "${text}")
endif()
