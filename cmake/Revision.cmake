# Writes a source file that holds the git commit of SOURCE_DIR, with "+" after it where files that are tracked have been
# changed; an empty text outside a repository. The file is touched only when that changes.
#   cmake -DSOURCE_DIR=... -DOUTPUT=... -P Revision.cmake
set(revision "")
find_program(git git)
# An archive that lies within another repository has no revision of its own.
if(git AND EXISTS ${SOURCE_DIR}/.git)
  execute_process(COMMAND ${git} -C ${SOURCE_DIR} describe --always --abbrev=40 --dirty=+ --exclude=*
    OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
set(text "extern const char* const tyto_build_revision;\nconst char* const tyto_build_revision = \"${revision}\";\n")
set(before "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} before)
endif()
if(NOT text STREQUAL before)
  file(WRITE ${OUTPUT} "${text}")
endif()
