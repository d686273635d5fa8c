# tyto_add_plugin(NAME SOURCES... [VERSION version] [NO_INSTALL])
#
# Builds the plugin NAME as the target NAME_plugin: a folder NAME with the library libNAME.so and its manifest
# NAME.tyto.json, which the framework reads instead of running the library. The folder lies below
# TYTO_PLUGIN_OUTPUT_FOLDER, by default <build>/plugins: give that to `tyto --plugin-path` or TYTO_PLUGIN_PATH.
# `cmake --install` puts it where an installed Tyto looks, unless NO_INSTALL is given. Works alike inside Tyto's own
# tree and in a project of its own, after find_package(Tyto).
function(tyto_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 plugin "NO_INSTALL" "VERSION" "")
  if(NOT name MATCHES "^[a-z][a-z0-9_]*$")
    message(FATAL_ERROR "tyto_add_plugin: '${name}' is not a plugin name: use lower-case letters, digits and _")
  endif()
  if(NOT plugin_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "tyto_add_plugin: plugin '${name}' has no source files")
  endif()
  if(NOT plugin_VERSION)
    set(plugin_VERSION ${PROJECT_VERSION})
  endif()
  if(NOT plugin_VERSION)
    set(plugin_VERSION 0)
  endif()
  if(NOT TYTO_PLUGIN_OUTPUT_FOLDER)
    set(TYTO_PLUGIN_OUTPUT_FOLDER ${CMAKE_BINARY_DIR}/plugins)
  endif()
  # A plugin that was compiled otherwise than Tyto is refused when it is opened; here that is known before the build.
  if(Tyto_FOUND AND NOT "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}" MATCHES "^${TYTO_COMPILER}\\.")
    message(FATAL_ERROR "tyto_add_plugin: Tyto was built with ${TYTO_COMPILER} and this project uses "
      "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}; plugins need the same one (-DCMAKE_CXX_COMPILER=...)")
  endif()
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    message(WARNING "tyto_add_plugin: no CMAKE_BUILD_TYPE is set, so that '${name}' is compiled without optimisation "
      "and runs many times slower; -DCMAKE_BUILD_TYPE=Release sets it")
  endif()
  set(folder ${TYTO_PLUGIN_OUTPUT_FOLDER}/${name})
  set(target ${name}_plugin)

  add_library(${target} MODULE ${plugin_UNPARSED_ARGUMENTS})
  target_compile_features(${target} PRIVATE cxx_std_20)
  target_compile_definitions(${target} PRIVATE
    TYTO_PLUGIN_NAME="${name}" TYTO_PLUGIN_VERSION="${plugin_VERSION}")
  # Nobody asks for floating-point traps or errno; without them comparisons need no branches and loops vectorise. This
  # changes no result.
  # Results must not depend on how a compiler fuses multiplications and additions, and the manifest must not
  # depend on where the sources lay.
  target_compile_options(${target} PRIVATE -ffp-contract=off -fno-trapping-math -fno-math-errno "-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=")
  target_link_options(${target} PRIVATE LINKER:-z,defs)
  target_link_libraries(${target} PRIVATE Tyto::tyto)
  # The program that opens the plugin has libtyto.so already; no path to it is needed in the plugin.
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME ${name} PREFIX lib SUFFIX .so
    LIBRARY_OUTPUT_DIRECTORY ${folder}
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "")
  add_custom_command(TARGET ${target} POST_BUILD VERBATIM
    COMMAND $<TARGET_FILE:Tyto::manifest> $<TARGET_FILE:${target}> ${folder}/${name}.tyto.json)

  # Installed as plain files: CMake would otherwise edit or strip the library, and the manifest's digest with it.
  if(NOT plugin_NO_INSTALL)
    install(FILES ${folder}/lib${name}.so ${folder}/${name}.tyto.json DESTINATION lib/tyto/plugins/${name})
  endif()
endfunction()
