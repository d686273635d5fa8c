/// The plain C symbol that every plugin exports and that is checked before any C++ type crosses the
/// border between the host and the plugin.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <tyto/headers.hpp>

#define TYTO_ABI_MAGIC 0x4f545954u /* "TYTO" */
#define TYTO_API_VERSION 10u

#define TYTO_STRINGIFY_(x) #x
#define TYTO_STRINGIFY(x) TYTO_STRINGIFY_(x)

#if defined(__clang__)
#define TYTO_FINGERPRINT_COMPILER "clang " TYTO_STRINGIFY(__clang_major__)
#else
#define TYTO_FINGERPRINT_COMPILER "gcc " TYTO_STRINGIFY(__GNUC__)
#endif
#if defined(__GLIBCXX__) || __has_include(<bits/c++config.h>)
#define TYTO_FINGERPRINT_LIBRARY "libstdc++"
#else
#define TYTO_FINGERPRINT_LIBRARY "libc++"
#endif
#if defined(__SANITIZE_ADDRESS__)
#define TYTO_FINGERPRINT_SANITIZER "address"
#elif defined(__SANITIZE_THREAD__)
#define TYTO_FINGERPRINT_SANITIZER "thread"
#else
#define TYTO_FINGERPRINT_SANITIZER "none"
#endif
#if defined(TYTO_CUDA_VERSION)
#define TYTO_FINGERPRINT_CUDA TYTO_STRINGIFY(TYTO_CUDA_VERSION)
#else
#define TYTO_FINGERPRINT_CUDA "none"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/// One field for each property that must agree, so that a mismatch can be named.
struct tyto_fingerprint {
  const char* compiler;          ///< name and major version
  const char* standard_library;  ///< name
  const char* cxx_standard;      ///< value of __cplusplus
  const char* cxx_abi;           ///< libstdc++'s string and list layout
  const char* scalar_layout;     ///< sizes of pointer, size_t, long double; byte order
  const char* sanitizer;         ///< address, thread or none
  const char* cuda;              ///< CUDA toolkit version, or none
  const char* headers;           ///< digest of Tyto's public headers
};

/// What the symbol `tyto_plugin` is. The first three members never move.
struct tyto_plugin_descriptor {
  uint32_t magic;
  uint32_t api_version;
  uint32_t size;  ///< sizeof(tyto_plugin_descriptor)
  struct tyto_fingerprint fingerprint;
  const char* name;
  const char* version;
  /// Registers the plugin's components with a tyto::Registrar. Returns 0, or 1 with a sentence in
  /// `message` (at most `capacity` bytes, ended by a zero byte).
  int (*enter)(void* registrar, char* message, size_t capacity);
};

#ifdef __cplusplus
}
#endif

#if defined(_GLIBCXX_USE_CXX11_ABI)
#define TYTO_FINGERPRINT_CXX_ABI "cxx11=" TYTO_STRINGIFY(_GLIBCXX_USE_CXX11_ABI)
#else
#define TYTO_FINGERPRINT_CXX_ABI "unknown"
#endif

/// The fingerprint of the code being compiled.
#define TYTO_FINGERPRINT                                                                                        \
  {                                                                                                             \
    TYTO_FINGERPRINT_COMPILER, TYTO_FINGERPRINT_LIBRARY, TYTO_STRINGIFY(__cplusplus), TYTO_FINGERPRINT_CXX_ABI, \
        "pointer=" TYTO_STRINGIFY(__SIZEOF_POINTER__) " long double=" TYTO_STRINGIFY(                           \
            __SIZEOF_LONG_DOUBLE__) " order=" TYTO_STRINGIFY(__BYTE_ORDER__),                                   \
        TYTO_FINGERPRINT_SANITIZER, TYTO_FINGERPRINT_CUDA, TYTO_HEADERS                                         \
  }
