# Everything that Tyto needs from the system; docs/dependencies.md says what each is for, and
# cmake/debian-packages.txt names the packages. All that is missing is named at once, with what to install.
set(missing_dependencies "")
# tyto_need(FOUND NAME DEBIAN FEDORA): FOUND is the variable, or the path, that says whether NAME was found.
macro(tyto_need found name debian fedora)
  if(NOT ${found})
    string(APPEND missing_dependencies "\n  ${name}: install ${debian} (Debian, Ubuntu) or ${fedora} (Fedora)")
  endif()
endmacro()

find_package(Threads REQUIRED)
find_package(PkgConfig QUIET)
if(NOT PkgConfig_FOUND)
  message(FATAL_ERROR "pkg-config is missing: install pkg-config (Debian, Ubuntu) or pkgconf-pkg-config (Fedora)")
endif()
find_package(Boost 1.74 QUIET COMPONENTS filesystem program_options)
tyto_need(Boost_FOUND "Boost 1.74 or later" "libboost-dev libboost-filesystem-dev libboost-program-options-dev" boost-devel)
find_package(yaml-cpp 0.7 QUIET)
tyto_need(yaml-cpp_FOUND "yaml-cpp 0.7 or later" libyaml-cpp-dev yaml-cpp-devel)
# Its target got a namespace in 0.8.
if(TARGET yaml-cpp::yaml-cpp)
  set(TYTO_YAML_CPP yaml-cpp::yaml-cpp)
else()
  set(TYTO_YAML_CPP yaml-cpp)
endif()
find_package(fmt 9 QUIET)
tyto_need(fmt_FOUND "fmt 9 or later" libfmt-dev fmt-devel)
find_package(nlohmann_json 3.11 QUIET)
tyto_need(nlohmann_json_FOUND "nlohmann-json 3.11 or later" nlohmann-json3-dev json-devel)
find_package(OpenSSL 3 QUIET COMPONENTS Crypto)
tyto_need(OpenSSL_FOUND "OpenSSL 3 or later" libssl-dev openssl-devel)
pkg_check_modules(HDF5 QUIET IMPORTED_TARGET hdf5>=1.10)
# Dimension scales are in HDF5's high-level library, which has no pkg-config file everywhere.
find_library(HDF5_HL_LIBRARY NAMES hdf5_hl hdf5_serial_hl HINTS ${HDF5_LIBRARY_DIRS} PATH_SUFFIXES hdf5/serial)
if(NOT HDF5_HL_LIBRARY)
  set(HDF5_FOUND FALSE)
endif()
tyto_need(HDF5_FOUND "HDF5 1.10 or later, with its high-level library" libhdf5-dev hdf5-devel)
pkg_check_modules(HWY QUIET IMPORTED_TARGET libhwy>=1.0)
tyto_need(HWY_FOUND "Highway 1.0 or later" libhwy-dev highway-devel)
pkg_check_modules(MUPARSER QUIET IMPORTED_TARGET muparser>=2.3)
tyto_need(MUPARSER_FOUND "muParser 2.3 or later" libmuparser-dev muParser-devel)
pkg_check_modules(LIBZIP QUIET IMPORTED_TARGET libzip>=1.7)
tyto_need(LIBZIP_FOUND "libzip 1.7 or later" libzip-dev libzip-devel)
find_path(RANDOM123_INCLUDE_FOLDER Random123/philox.h)
tyto_need(RANDOM123_INCLUDE_FOLDER Random123 librandom123-dev Random123-devel)
# No version in the call: Eigen 5, which follows 3.4, says that it cannot stand in for 3.4.
find_package(Eigen3 QUIET NO_MODULE)
if(Eigen3_FOUND AND Eigen3_VERSION VERSION_LESS 3.4)
  set(Eigen3_FOUND FALSE)
endif()
tyto_need(Eigen3_FOUND "Eigen 3.4 or later" libeigen3-dev eigen3-devel)
# Only the headers of Ceres's small solver are used, which need none of the libraries of Ceres's package file.
find_path(CERES_INCLUDE_FOLDER ceres/tiny_solver.h)
tyto_need(CERES_INCLUDE_FOLDER "Ceres Solver 2" libceres-dev ceres-solver-devel)
if(TYTO_TESTS)
  find_package(GTest 1.12 QUIET)
  tyto_need(GTest_FOUND "GoogleTest 1.12 or later" "libgtest-dev libgmock-dev" "gtest-devel gmock-devel")
  find_package(benchmark QUIET)  # without it there are no benchmarks
endif()
if(missing_dependencies)
  message(FATAL_ERROR "Tyto needs what is missing here:${missing_dependencies}")
endif()

# Without asking the processor for the sizes of its caches: they decide in which order Eigen adds, and so about the last
# bits of results.
target_compile_definitions(Eigen3::Eigen INTERFACE EIGEN_NO_CPUID)

# One target with all of them, for the framework and its own tests.
add_library(tyto_dependencies INTERFACE)
target_include_directories(tyto_dependencies SYSTEM INTERFACE ${RANDOM123_INCLUDE_FOLDER})
target_link_libraries(tyto_dependencies INTERFACE
  Boost::headers Boost::filesystem Boost::program_options ${TYTO_YAML_CPP} fmt::fmt
  nlohmann_json::nlohmann_json OpenSSL::Crypto ${HDF5_HL_LIBRARY} PkgConfig::HDF5 PkgConfig::HWY
  PkgConfig::LIBZIP PkgConfig::MUPARSER Threads::Threads ${CMAKE_DL_LIBS})
