// A plugin's descriptor written by hand, with one member other than it should be.
#include <stdexcept>
#include <tyto/abi.hpp>
#include <tyto/export.hpp>

#ifndef BAD_MAGIC
#define BAD_MAGIC TYTO_ABI_MAGIC
#endif
#ifndef BAD_API_VERSION
#define BAD_API_VERSION TYTO_API_VERSION
#endif
#ifndef BAD_SIZE
#define BAD_SIZE sizeof(tyto_plugin_descriptor)
#endif
#ifndef BAD_ENTRY
#define BAD_ENTRY return 0
#endif

static constexpr tyto_fingerprint fingerprint() {
  tyto_fingerprint changed = TYTO_FINGERPRINT;
#ifdef BAD_FIELD
  changed.BAD_FIELD = "another";
#endif
  return changed;
}

static int enter(void*, char*, size_t) { BAD_ENTRY; }

#ifdef BAD_NO_ENTRY
#define BAD_ENTER nullptr
#else
#define BAD_ENTER &enter
#endif

extern "C" TYTO_API const tyto_plugin_descriptor tyto_plugin;
extern "C" const tyto_plugin_descriptor tyto_plugin = {BAD_MAGIC, BAD_API_VERSION, BAD_SIZE, fingerprint(), "bad",
                                                       "1",       BAD_ENTER};

// Unused in the variant without an entry function.
[[maybe_unused]] static int (*const keep)(void*, char*, size_t) = &enter;
