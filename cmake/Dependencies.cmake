# Everything that Tyto needs from the system; docs/dependencies.md says what each is for, and
# cmake/debian-packages.txt names the packages.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Boost 1.74 REQUIRED COMPONENTS filesystem program_options)
find_package(yaml-cpp 0.7 REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(OpenSSL 3 REQUIRED COMPONENTS Crypto)
pkg_check_modules(HDF5 REQUIRED IMPORTED_TARGET hdf5>=1.10)
# Dimension scales are in HDF5's high-level library, which has no pkg-config file.
find_library(HDF5_HL_LIBRARY hdf5_hl HINTS ${HDF5_LIBRARY_DIRS} PATH_SUFFIXES hdf5/serial REQUIRED)
pkg_check_modules(HWY REQUIRED IMPORTED_TARGET libhwy>=1.0)
pkg_check_modules(MUPARSER REQUIRED IMPORTED_TARGET muparser>=2.3)
find_path(RANDOM123_INCLUDE_FOLDER Random123/philox.h REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
# Without asking the processor for the sizes of its caches: they decide in which order Eigen adds, and so about the last
# bits of results.
target_compile_definitions(Eigen3::Eigen INTERFACE EIGEN_NO_CPUID)
# Only the header of Ceres's small solver is used, which needs none of the libraries of Ceres's package file.
find_path(CERES_INCLUDE_FOLDER ceres/tiny_solver.h REQUIRED)
if(TYTO_TESTS)
  find_package(GTest 1.12 REQUIRED)
  find_package(benchmark REQUIRED)
endif()

# One target with all of them, for the framework and its own tests.
add_library(tyto_dependencies INTERFACE)
target_include_directories(tyto_dependencies SYSTEM INTERFACE ${RANDOM123_INCLUDE_FOLDER})
target_link_libraries(tyto_dependencies INTERFACE
  Boost::headers Boost::filesystem Boost::program_options yaml-cpp fmt::fmt
  nlohmann_json::nlohmann_json OpenSSL::Crypto ${HDF5_HL_LIBRARY} PkgConfig::HDF5 PkgConfig::HWY
  PkgConfig::MUPARSER   Threads::Threads ${CMAKE_DL_LIBS})
