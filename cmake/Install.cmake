# A relocatable tree: bin/tyto, lib/libtyto.so, lib/tyto/plugins, include/tyto, lib/cmake/Tyto, share/tyto. The plugins'
# own install rules are in TytoPlugin.cmake.
include(CMakePackageConfigHelpers)
if(TARGET tyto_cli)
  install(TARGETS tyto_cli RUNTIME DESTINATION bin)
endif()
install(TARGETS tyto EXPORT TytoTargets LIBRARY DESTINATION lib)
install(TARGETS tyto_read RUNTIME DESTINATION lib/tyto)
install(TARGETS tyto_manifest EXPORT TytoTargets RUNTIME DESTINATION lib/tyto)
install(DIRECTORY framework/include/tyto ${PROJECT_BINARY_DIR}/include/tyto DESTINATION include
  FILES_MATCHING PATTERN "*.hpp")
install(DIRECTORY experiments models DESTINATION share/tyto FILES_MATCHING PATTERN "*.yaml")
install(FILES LICENSE DESTINATION share/doc/tyto)

install(EXPORT TytoTargets NAMESPACE Tyto:: DESTINATION lib/cmake/Tyto)
string(REGEX MATCH "^[0-9]+" compiler_major ${CMAKE_CXX_COMPILER_VERSION})
set(TYTO_COMPILER "${CMAKE_CXX_COMPILER_ID} ${compiler_major}")
configure_package_config_file(cmake/TytoConfig.cmake.in ${PROJECT_BINARY_DIR}/cmake/TytoConfig.cmake
  INSTALL_DESTINATION lib/cmake/Tyto NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cmake/TytoConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cmake/TytoConfig.cmake ${PROJECT_BINARY_DIR}/cmake/TytoConfigVersion.cmake
  cmake/TytoPlugin.cmake DESTINATION lib/cmake/Tyto)
