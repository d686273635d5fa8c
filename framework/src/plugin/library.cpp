#include "library.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <fmt/format.h>

#include <array>
#include <boost/dll/shared_library.hpp>
#include <cstring>
#include <fstream>
#include <optional>
#include <tyto/error.hpp>
#include <tyto/plugin.hpp>

namespace tyto::plugin {
namespace {

#if defined(__x86_64__)
constexpr std::uint16_t own_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t own_machine = EM_AARCH64;
#else
constexpr std::uint16_t own_machine = EM_NONE;  // not known here: not checked
#endif

std::string describe(const std::filesystem::path& library, const std::string& plugin) {
  return fmt::format("plugin '{}' ({})", plugin, library.string());
}

template <class T>
std::optional<T> read_at(std::ifstream& stream, std::uint64_t offset) {
  T value{};
  stream.clear();
  stream.seekg(static_cast<std::streamoff>(offset));
  if (!stream.read(reinterpret_cast<char*>(&value), sizeof value)) return std::nullopt;
  return value;
}

/// Whether `count` entries of `size` bytes from `offset` lie within a file, without overflow.
bool within(std::uint64_t offset, std::uint64_t size, std::uint64_t count, std::uint64_t file_size) {
  return offset <= file_size && (count == 0 || size <= (file_size - offset) / count);
}

/// Whether every part of the file that the headers speak of is there.
bool is_whole(std::ifstream& stream, const Elf64_Ehdr& header, std::uint64_t file_size) {
  if (!within(header.e_shoff, header.e_shentsize, header.e_shnum, file_size)) return false;
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0) return false;
  if (!within(header.e_phoff, header.e_phentsize, header.e_phnum, file_size)) return false;
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    const auto segment = read_at<Elf64_Phdr>(stream, header.e_phoff + i * sizeof(Elf64_Phdr));
    if (!segment || !within(segment->p_offset, segment->p_filesz, 1, file_size)) return false;
  }
  return true;
}

/// The readable form of a symbol.
std::string demangled(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status),
                                                    [](void* memory) { std::free(memory); });
  return status == 0 && name ? std::string(name.get()) : symbol;
}

/// Why the dynamic linker refused a library, as a sentence.
std::string linker_sentence(const std::string& who, const std::string& reason) {
  static constexpr std::string_view unresolved = "undefined symbol: ";
  static constexpr std::string_view missing = ": cannot open shared object file";
  if (const auto at = reason.find(unresolved); at != std::string::npos) {
    std::string symbol = reason.substr(at + unresolved.size());
    symbol = symbol.substr(0, symbol.find_first_of(", \n"));
    return fmt::format(
        "{} needs the symbol '{}', which nothing provides: rebuild it against this Tyto, or link what it "
        "lacks",
        who, demangled(symbol));
  }
  if (const auto at = reason.find(missing); at != std::string::npos)
    return fmt::format("{} needs the library {}, which is not installed", who, reason.substr(0, at));
  return fmt::format("{} cannot be opened: {}", who, reason);
}

const tyto_plugin_descriptor* find_descriptor(const std::filesystem::path& library, const std::string& who) {
  namespace dll = boost::dll;
  // Bound now, since a symbol that is missing would otherwise end the process at its first call. Local, so that two
  // plugins with functions of one name don't meet. Never unloaded: components, their functions and exceptions may
  // outlive every handle, and RTLD_NODELETE keeps their code in place when the handle below is closed.
  const auto mode = static_cast<dll::load_mode::type>(dll::load_mode::rtld_now | dll::load_mode::rtld_local);
  const auto kept = static_cast<dll::load_mode::type>(static_cast<int>(mode) | RTLD_NODELETE);
  dll::shared_library handle;
  dll::fs::error_code failed;
  ::dlerror();
  handle.load(dll::fs::path(library.string()), failed, kept);
  if (failed) {
    const char* const reason = ::dlerror();
    throw Error(linker_sentence(who, reason != nullptr ? reason : failed.message()));
  }
  if (!handle.has("tyto_plugin"))
    throw Error(
        fmt::format("{} is a shared library but no plugin: it has no symbol 'tyto_plugin' (see TYTO_PLUGIN)", who));
  return &handle.get<const tyto_plugin_descriptor>("tyto_plugin");
}

/// Members of the descriptor are read in the order in which they become trustworthy.
void check_descriptor(const tyto_plugin_descriptor& descriptor, const std::string& who) {
  if (descriptor.magic != TYTO_ABI_MAGIC)
    throw Error(
        fmt::format("{} has a symbol 'tyto_plugin' that is not Tyto's: its magic number is {:#010x}, not {:#010x}", who,
                    descriptor.magic, TYTO_ABI_MAGIC));
  if (descriptor.api_version != TYTO_API_VERSION) check_build(who, descriptor.api_version, {});
  if (descriptor.size != sizeof(tyto_plugin_descriptor))
    throw Error(fmt::format("{} has a descriptor of {} bytes, this Tyto's has {}: rebuild it", who, descriptor.size,
                            sizeof(tyto_plugin_descriptor)));
  check_build(who, descriptor.api_version, to_owned(descriptor.fingerprint));
  if (descriptor.name == nullptr || descriptor.version == nullptr || descriptor.enter == nullptr)
    throw Error(fmt::format("{} has an incomplete descriptor: name, version or entry function is missing", who));
}

/// Keeps what a plugin registers until its entry function has succeeded.
class Staging final : public Registrar {
 public:
  std::vector<ComponentInfo> components;

 protected:
  void stage(ComponentInfo info) override {
    check_declaration(info);
    for (const auto& earlier : components)
      if (earlier.kind == info.kind && earlier.name == info.name)
        throw Error(fmt::format("{} '{}' is registered twice, at {}:{} and {}:{}", to_string(info.kind), info.name,
                                earlier.file, earlier.line, info.file, info.line));
    components.push_back(std::move(info));
  }
};

std::vector<ComponentInfo> run_entry(const tyto_plugin_descriptor& descriptor, const std::string& who) {
  Staging staging;
  Registrar& registrar = staging;
  std::array<char, 2048> message{};
  int failed = 0;
  // TYTO_PLUGIN catches everything on the plugin's side; this guards against entry functions written by hand.
  try {
    failed = descriptor.enter(&registrar, message.data(), message.size());
  } catch (const std::exception& error) {
    throw Error(fmt::format("{} let an exception out of its entry function: {}", who, error.what()));
  } catch (...) {
    throw Error(fmt::format("{} let an exception out of its entry function: an exception of an unknown type", who));
  }
  message.back() = '\0';
  if (failed != 0) throw Error(fmt::format("{} failed to register: {}", who, message.data()));
  if (staging.components.empty()) throw Error(fmt::format("{} registers no component", who));
  return std::move(staging.components);
}

}  // namespace

void check_library_file(const std::filesystem::path& library, const std::string& plugin) {
  const std::string who = describe(library, plugin);
  std::error_code failed;
  const auto status = std::filesystem::status(library, failed);
  if (!std::filesystem::exists(status))
    throw Error(fmt::format("{}: the library is missing; rebuild or reinstall it", who));
  if (!std::filesystem::is_regular_file(status)) throw Error(fmt::format("{}: the library is not a file", who));
  std::ifstream stream(library, std::ios::binary);
  if (!stream) throw Error(fmt::format("{}: the library cannot be read", who));
  const std::uint64_t size = std::filesystem::file_size(library, failed);

  const auto magic = read_at<std::array<char, SELFMAG>>(stream, 0);
  if (!magic || std::memcmp(magic->data(), ELFMAG, SELFMAG) != 0)
    throw Error(fmt::format("{} is not a shared library", who));
  const auto header = read_at<Elf64_Ehdr>(stream, 0);
  if (!header) throw Error(fmt::format("{} was cut off: {} bytes are too few", who, size));
  if (header->e_ident[EI_CLASS] != ELFCLASS64 || (own_machine != EM_NONE && header->e_machine != own_machine))
    throw Error(fmt::format("{} was built for another kind of machine: rebuild it", who));
  if (header->e_type != ET_DYN) throw Error(fmt::format("{} is not a shared library", who));
  if (!is_whole(stream, *header, size))
    throw Error(fmt::format("{} was cut off: its headers speak of more than its {} bytes; rebuild it", who, size));
}

void check_build(const std::string& who, std::uint32_t api_version, const Fingerprint& theirs) {
  if (api_version != TYTO_API_VERSION)
    throw Error(fmt::format("{} was built for plugin API version {}, this Tyto has version {}: rebuild it", who,
                            api_version, TYTO_API_VERSION));
  const Fingerprint own = own_fingerprint();
  if (theirs.compiler != own.compiler)
    throw Error(fmt::format("{} was built with {}, this Tyto with {}: rebuild it", who, theirs.compiler, own.compiler));
  if (theirs.standard_library != own.standard_library)
    throw Error(fmt::format("{} was built with the standard library {}, this Tyto with {}: rebuild it", who,
                            theirs.standard_library, own.standard_library));
  if (theirs.cxx_standard != own.cxx_standard)
    throw Error(fmt::format("{} was built for the C++ standard {}, this Tyto for {}: rebuild it", who,
                            theirs.cxx_standard, own.cxx_standard));
  if (theirs.cxx_abi != own.cxx_abi)
    throw Error(fmt::format("{} was built with the C++ library layout {}, this Tyto with {}: rebuild it", who,
                            theirs.cxx_abi, own.cxx_abi));
  if (theirs.scalar_layout != own.scalar_layout)
    throw Error(fmt::format("{} was built for the number layout '{}', this Tyto for '{}': rebuild it", who,
                            theirs.scalar_layout, own.scalar_layout));
  if (theirs.sanitizer != own.sanitizer)
    throw Error(fmt::format("{} was built with the sanitizer '{}', this Tyto with '{}': rebuild it", who,
                            theirs.sanitizer, own.sanitizer));
  if (theirs.cuda != own.cuda)
    throw Error(
        fmt::format("{} was built with CUDA version {}, this Tyto with {}: rebuild it", who, theirs.cuda, own.cuda));
  if (theirs.headers != own.headers)
    throw Error(fmt::format("{} was built with other headers of Tyto ({}) than this one has ({}): rebuild it", who,
                            theirs.headers, own.headers));
}

OpenedPlugin open_plugin(const std::filesystem::path& library, const std::string& plugin) {
  check_library_file(library, plugin);
  const std::string who = describe(library, plugin);
  const tyto_plugin_descriptor& descriptor = *find_descriptor(library, who);
  check_descriptor(descriptor, who);
  OpenedPlugin opened;
  opened.name = descriptor.name;
  opened.version = descriptor.version;
  opened.api_version = descriptor.api_version;
  opened.fingerprint = to_owned(descriptor.fingerprint);
  opened.components = run_entry(descriptor, who);
  for (auto& component : opened.components) {
    component.plugin = opened.name;
    component.library = library.string();
  }
  return opened;
}

}  // namespace tyto::plugin
