#include "plugin/registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <tyto/error.hpp>
#include <tyto/surrogate.hpp>

#include "plugin/library.hpp"
#include "plugin/manifest.hpp"
#include "results/sha256.hpp"

namespace {

namespace fs = std::filesystem;
using tyto::Kind;
using tyto::plugin::Manifest;
using tyto::plugin::PluginInfo;
using tyto::plugin::Registry;

const fs::path built = TYTO_BAD_PLUGIN_FOLDER;

std::string content(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void write(const fs::path& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const tyto::Error& error) {
    return error.what();
  }
  return "no error";
}

/// A folder for plugins, gone after the test.
class PluginFolder : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::path(testing::TempDir()) / "tyto_plugins_XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = fs::canonical(pattern);
  }
  void TearDown() override { fs::remove_all(folder); }

  /// Copies a good plugin as it was built.
  Manifest copy_good(const std::string& name) const {
    fs::copy(built / name, folder / name, fs::copy_options::recursive);
    return tyto::plugin::read_manifest(manifest_file(name));
  }
  [[nodiscard]] fs::path plugin_folder(const std::string& name) const {
    return name == "bad" ? folder / std::to_string(bad_count_) / name : folder / name;
  }
  [[nodiscard]] fs::path manifest_file(const std::string& name) const {
    return plugin_folder(name) / (name + ".tyto.json");
  }
  [[nodiscard]] fs::path library_file(const std::string& name) const {
    return plugin_folder(name) / ("lib" + name + ".so");
  }

  /// A plugin "bad" made of one of the bad libraries, with a manifest as good as can be. It takes the place of the one
  /// before but has a folder of its own: an opened library stays mapped, and its file must not change.
  void install_bad(const std::string& library) { install_bad_text(content(built / ("lib" + library + ".so"))); }
  void install_bad_text(const std::string& library) {
    fs::remove_all(folder / std::to_string(bad_count_) / "bad");
    ++bad_count_;
    fs::create_directories(library_file("bad").parent_path());
    write(library_file("bad"), library);
    Manifest manifest = tyto::plugin::read_manifest(built / "good_first" / "good_first.tyto.json");
    manifest.name = "bad";
    manifest.version = "1";
    manifest.library = "libbad.so";
    manifest.sha256 = tyto::results::sha256_file(library_file("bad"));
    write(manifest_file("bad"), to_json(manifest));
  }
  /// The error of using the plugin "bad", with "WHO" for its name and file.
  [[nodiscard]] std::string error_of_bad() const { return error_of("bad"); }
  [[nodiscard]] std::string error_of(const std::string& name) const {
    Registry registry({folder});
    const std::string message = message_of([&] { registry.load(Kind::surrogate, "sample"); });
    // The failure stays what it was, and is what diagnose() tells.
    EXPECT_EQ(message_of([&] { registry.load(Kind::surrogate, "sample"); }), message);
    registry.diagnose();
    EXPECT_EQ(registry.plugins().at(0).problem, message);
    EXPECT_FALSE(registry.plugins().at(0).loaded);
    return shortened(message, name);
  }
  [[nodiscard]] std::string shortened(std::string message, const std::string& name) const {
    const std::string who = "plugin '" + name + "' (" + library_file(name).string() + ")";
    for (auto at = message.find(who); at != std::string::npos; at = message.find(who))
      message.replace(at, who.size(), "WHO");
    return message;
  }

  fs::path folder;

 private:
  int bad_count_ = 0;
};

using RegistryTest = PluginFolder;

TEST_F(RegistryTest, ListsWithoutOpening) {
  copy_good("good_first");
  const Registry registry({folder});
  ASSERT_EQ(registry.plugins().size(), 1U);
  const PluginInfo& plugin = registry.plugins()[0];
  EXPECT_EQ(plugin.name, "good_first");
  EXPECT_EQ(plugin.version, "1.2");
  EXPECT_EQ(plugin.library, library_file("good_first"));
  EXPECT_EQ(plugin.problem, "");
  EXPECT_FALSE(plugin.loaded);
  EXPECT_THAT(registry.names(Kind::surrogate), testing::ElementsAre("sample"));
  EXPECT_THAT(registry.names(Kind::layer), testing::IsEmpty());
  const tyto::ComponentInfo* const info = registry.find(Kind::surrogate, "sample");
  ASSERT_NE(info, nullptr);
  EXPECT_EQ(info->plugin, "good_first");
  EXPECT_EQ(info->file, "tests/bad_plugins/entry.cpp");
  EXPECT_GT(info->line, 1);
  EXPECT_FALSE(info->make);
  EXPECT_EQ(info->parameters.items.size(), 2U);
  EXPECT_EQ(registry.find(Kind::layer, "sample"), nullptr);
  EXPECT_EQ(registry.find(Kind::surrogate, "simple"), nullptr);
}

TEST_F(RegistryTest, LoadsAndMakesComponents) {
  copy_good("good_first");
  Registry registry({folder});
  const tyto::ComponentInfo& info = registry.load(Kind::surrogate, "sample");
  EXPECT_TRUE(registry.plugins()[0].loaded);
  EXPECT_EQ(&registry.load(Kind::surrogate, "sample"), &info);
  EXPECT_EQ(info.library, library_file("good_first").string());
  const auto instance = info.make();
  info.parameters.items.at(0).set(instance.storage, tyto::ParameterValue(0.25));
  const auto surrogate = std::static_pointer_cast<tyto::Surrogate>(instance.interface);
  EXPECT_EQ(surrogate->primitive(3), 4.5);
}

TEST_F(RegistryTest, UnknownComponent) {
  Registry registry({folder, folder / "absent"});
  EXPECT_TRUE(registry.plugins().empty());
  EXPECT_EQ(message_of([&] { registry.load(Kind::learning_rule, "hebb"); }), "there is no learning rule 'hebb'");
}

TEST_F(RegistryTest, AFolderGivenTwiceIsNoDuplicate) {
  copy_good("good_first");
  Registry registry({folder, folder / ".", folder / "good_first"});
  EXPECT_EQ(registry.plugins().size(), 1U);
  EXPECT_NO_THROW(registry.load(Kind::surrogate, "sample"));
}

// --- the library ---

TEST_F(RegistryTest, OldApi) {
  install_bad("old_api");
  EXPECT_EQ(error_of_bad(), "WHO was built for plugin API version 0, this Tyto has version " +
                                std::to_string(TYTO_API_VERSION) + ": rebuild it");
}

TEST_F(RegistryTest, WrongMagic) {
  install_bad("wrong_magic");
  EXPECT_EQ(error_of_bad(),
            "WHO has a symbol 'tyto_plugin' that is not Tyto's: its magic number is 0x12345678, not 0x4f545954");
}

TEST_F(RegistryTest, WrongSize) {
  install_bad("wrong_size");
  EXPECT_EQ(error_of_bad(), "WHO has a descriptor of 16 bytes, this Tyto's has " +
                                std::to_string(sizeof(tyto_plugin_descriptor)) + ": rebuild it");
}

TEST_F(RegistryTest, NoEntryFunction) {
  install_bad("no_entry");
  EXPECT_EQ(error_of_bad(), "WHO has an incomplete descriptor: name, version or entry function is missing");
}

/// The sentence for each field of the fingerprint, with the value "another".
std::vector<std::pair<std::string, std::string>> fingerprint_sentences() {
  const auto own = tyto::plugin::own_fingerprint();
  return {
      {"compiler", "WHO was built with another, this Tyto with " + own.compiler + ": rebuild it"},
      {"standard_library",
       "WHO was built with the standard library another, this Tyto with " + own.standard_library + ": rebuild it"},
      {"cxx_standard",
       "WHO was built for the C++ standard another, this Tyto for " + own.cxx_standard + ": rebuild it"},
      {"cxx_abi", "WHO was built with the C++ library layout another, this Tyto with " + own.cxx_abi + ": rebuild it"},
      {"scalar_layout",
       "WHO was built for the number layout 'another', this Tyto for '" + own.scalar_layout + "': rebuild it"},
      {"sanitizer", "WHO was built with the sanitizer 'another', this Tyto with '" + own.sanitizer + "': rebuild it"},
      {"cuda", "WHO was built with CUDA version another, this Tyto with " + own.cuda + ": rebuild it"},
      {"headers",
       "WHO was built with other headers of Tyto (another) than this one has (" + own.headers + "): rebuild it"}};
}

TEST_F(RegistryTest, EachFieldOfTheFingerprint) {
  for (const auto& [field, sentence] : fingerprint_sentences()) {
    install_bad("wrong_" + field);
    EXPECT_EQ(error_of_bad(), sentence);
  }
}

TEST_F(RegistryTest, TheManifestsBuildIsCheckedBeforeTheLibraryIsOpened) {
  Manifest manifest = copy_good("good_first");
  manifest.api_version = 0;
  manifest.fingerprint.compiler = "gcc 3";
  write(manifest_file("good_first"), to_json(manifest));
  EXPECT_EQ(error_of("good_first"), "WHO was built for plugin API version 0, this Tyto has version " +
                                        std::to_string(TYTO_API_VERSION) + ": rebuild it");
  manifest.api_version = TYTO_API_VERSION;
  write(manifest_file("good_first"), to_json(manifest));
  EXPECT_EQ(error_of("good_first"),
            "WHO was built with gcc 3, this Tyto with " + tyto::plugin::own_fingerprint().compiler + ": rebuild it");
}

TEST_F(RegistryTest, NoSymbol) {
  install_bad("no_symbol");
  EXPECT_EQ(error_of_bad(), "WHO is a shared library but no plugin: it has no symbol 'tyto_plugin' (see TYTO_PLUGIN)");
}

TEST_F(RegistryTest, UnresolvedSymbol) {
  install_bad("unresolved");
  EXPECT_EQ(
      error_of_bad(),
      "WHO needs the symbol 'missing::function(int)', which nothing provides: rebuild it against this Tyto, or link "
      "what it lacks");
}

TEST_F(RegistryTest, NeedsAnotherLibrary) {
  install_bad("needs_library");
  EXPECT_EQ(error_of_bad(), "WHO needs the library libnowhere.so, which is not installed");
}

TEST_F(RegistryTest, NotALibrary) {
  install_bad_text("This is text, whatever its name says.\n");
  EXPECT_EQ(error_of_bad(), "WHO is not a shared library");
  install_bad_text("");
  EXPECT_EQ(error_of_bad(), "WHO is not a shared library");
  // A program is in the same format, but is nothing to open.
  std::string object = content(built / "libno_symbol.so");
  object.at(16) = 1;
  install_bad_text(object);
  EXPECT_EQ(error_of_bad(), "WHO is not a shared library");
}

TEST_F(RegistryTest, AnotherMachine) {
  std::string library = content(built / "libno_symbol.so");
  library.at(18) = 8;  // MIPS
  library.at(19) = 0;
  install_bad_text(library);
  EXPECT_EQ(error_of_bad(), "WHO was built for another kind of machine: rebuild it");
}

TEST_F(RegistryTest, EveryTruncation) {
  const std::string whole = content(built / "good_first" / "libgood_first.so");
  for (std::size_t length = 4; length < whole.size(); length += whole.size() / 50) {
    install_bad_text(whole.substr(0, length));
    EXPECT_THAT(error_of_bad(), testing::StartsWith("WHO was cut off: ")) << length << " of " << whole.size();
  }
}

TEST_F(RegistryTest, ChangedLibrary) {
  copy_good("good_first");
  std::string library = content(library_file("good_first"));
  library.at(library.size() / 2) ^= 1;
  write(library_file("good_first"), library);
  EXPECT_EQ(error_of("good_first"), "WHO is not the file that its manifest was written for: rebuild or reinstall it");
}

TEST_F(RegistryTest, MissingLibrary) {
  copy_good("good_first");
  fs::remove(library_file("good_first"));
  EXPECT_EQ(error_of("good_first"), "WHO: the library is missing; rebuild or reinstall it");
  fs::create_directory(library_file("good_first"));
  EXPECT_EQ(error_of("good_first"), "WHO: the library is not a file");
}

// --- the entry function ---

TEST_F(RegistryTest, ThrowingEntries) {
  install_bad("throws_exception");
  EXPECT_EQ(error_of_bad(), "WHO failed to register: the entry gave up");
  install_bad("throws_number");
  EXPECT_EQ(error_of_bad(), "WHO failed to register: an exception of an unknown type");
  install_bad("escaping_exception");
  EXPECT_EQ(error_of_bad(), "WHO let an exception out of its entry function: out of cheese");
  install_bad("escaping_number");
  EXPECT_EQ(error_of_bad(), "WHO let an exception out of its entry function: an exception of an unknown type");
}

TEST_F(RegistryTest, RegistersTwice) {
  install_bad("registers_twice");
  EXPECT_THAT(error_of_bad(),
              testing::MatchesRegex("WHO failed to register: surrogate 'sample' is registered twice, at "
                                    "tests/bad_plugins/entry.cpp:[0-9]+ and "
                                    "tests/bad_plugins/entry.cpp:[0-9]+"));
}

TEST_F(RegistryTest, RegistersNothing) {
  install_bad("registers_nothing");
  EXPECT_EQ(error_of_bad(), "WHO registers no component");
}

TEST_F(RegistryTest, BadDefault) {
  install_bad("bad_default");
  EXPECT_THAT(error_of_bad(),
              testing::StartsWith("WHO failed to register: surrogate 'sample': parameter 'width' has the "
                                  "default '5 Hz': "));
}

// --- manifest and library ---

TEST_F(RegistryTest, LibraryAndManifestMustAgree) {
  const Manifest good = copy_good("good_first");
  const auto error_with = [&](const std::function<void(Manifest&)>& change) {
    Manifest manifest = good;
    change(manifest);
    write(manifest_file("good_first"), to_json(manifest));
    return error_of("good_first");
  };
  EXPECT_EQ(error_with([](Manifest& m) { m.version = "9"; }),
            "WHO calls itself 'good_first' 1.2, its manifest says 'good_first' 9: rebuild it");
  EXPECT_EQ(error_with([](Manifest& m) { m.components[0].parameters.items[1].default_text = "3"; }),
            "WHO declares surrogate 'sample' otherwise than its manifest: rebuild it");
  EXPECT_EQ(error_with([](Manifest& m) {
              m.components.push_back(m.components[0]);
              m.components[1].name = "another";
            }),
            "WHO does not register surrogate 'another', which its manifest lists: rebuild it");
}

TEST_F(RegistryTest, RegistersMoreThanItsManifestLists) {
  Manifest manifest = copy_good("good_first");
  manifest.components[0].name = "another";
  write(manifest_file("good_first"), to_json(manifest));
  Registry registry({folder});
  EXPECT_EQ(shortened(message_of([&] { registry.load(Kind::surrogate, "another"); }), "good_first"),
            "WHO registers surrogate 'sample', which its manifest does not list: rebuild it");
}

TEST_F(RegistryTest, DuplicateNamesBoth) {
  const int line = copy_good("good_first").components.at(0).line;
  copy_good("good_second");
  Registry registry({folder});
  EXPECT_THAT(registry.names(Kind::surrogate), testing::ElementsAre("sample"));
  EXPECT_EQ(registry.find(Kind::surrogate, "sample")->plugin, "good_first");
  const std::string where = ", from tests/bad_plugins/entry.cpp:" + std::to_string(line) + ")";
  EXPECT_EQ(message_of([&] { registry.load(Kind::surrogate, "sample"); }),
            "surrogate 'sample' is provided twice, by plugin 'good_first' (" + library_file("good_first").string() +
                where + " and by plugin 'good_second' (" + library_file("good_second").string() + where +
                ": remove one of them");
}

TEST_F(RegistryTest, BrokenManifestIsKeptWithItsProblem) {
  copy_good("good_first");
  fs::create_directory(folder / "broken");
  write(manifest_file("broken"), "{\"tyto_manifest\": 1, \"na");
  Registry registry({folder});
  ASSERT_EQ(registry.plugins().size(), 2U);
  EXPECT_EQ(registry.plugins()[0].name, "broken");
  EXPECT_THAT(registry.plugins()[0].problem, testing::StartsWith("manifest " + manifest_file("broken").string() +
                                                                 ": is not valid JSON, or was cut off"));
  EXPECT_NO_THROW(registry.load(Kind::surrogate, "sample"));
}

// --- all at once ---

TEST_F(RegistryTest, DiagnoseDoesNotStop) {
  for (const char* const name : {"old_api", "unresolved", "throws_number"}) {
    install_bad(name);
    fs::rename(plugin_folder("bad"), folder / name);
    Manifest manifest = tyto::plugin::read_manifest(folder / name / "bad.tyto.json");
    manifest.components[0].name = name;
    write(folder / name / "bad.tyto.json", to_json(manifest));
  }
  copy_good("good_first");
  Registry registry({folder});
  registry.diagnose();
  std::vector<std::string> failed;
  for (const auto& plugin : registry.plugins())
    if (!plugin.problem.empty()) failed.push_back(plugin.library.parent_path().filename().string());
  EXPECT_THAT(failed, testing::ElementsAre("old_api", "throws_number", "unresolved"));
  EXPECT_TRUE(registry.plugins().at(0).loaded);
}

using RegistryDeathTest = PluginFolder;

TEST_F(RegistryDeathTest, NoBadLibraryEndsTheProcess) {
  std::vector<fs::path> libraries;
  for (const auto& entry : fs::directory_iterator(built))
    if (entry.path().extension() == ".so") libraries.push_back(entry.path());
  ASSERT_GE(libraries.size(), 18U);
  const auto open_all = [&] {
    int refused = 0;
    for (const auto& library : libraries) {
      try {
        static_cast<void>(tyto::plugin::open_plugin(library, "bad"));
      } catch (const tyto::Error&) {
        ++refused;
      }
    }
    std::_Exit(refused == static_cast<int>(libraries.size()) ? 0 : 1);
  };
  EXPECT_EXIT(open_all(), testing::ExitedWithCode(0), "");
}

// --- where plugins are looked for ---

TEST_F(RegistryTest, SearchPath) {
  ::unsetenv("TYTO_PLUGIN_PATH");
  const auto program = folder / "bin" / "tyto";
  const auto own = folder / "lib" / "tyto" / "plugins";
  const auto one = folder / "one";
  const auto two = folder / "two";
  fs::create_directory(one);
  fs::create_directory(two);
  using testing::ElementsAre;
  EXPECT_THAT(tyto::plugin::search_path(program, {}), ElementsAre(own));
  EXPECT_THAT(tyto::plugin::search_path(program, {one.string()}), ElementsAre(own, one));
  ::setenv("TYTO_PLUGIN_PATH", (two.string() + "::" + one.string() + ":").c_str(), 1);
  EXPECT_THAT(tyto::plugin::search_path(program, {one.string()}), ElementsAre(own, two, one, one));
  ::setenv("TYTO_PLUGIN_PATH", "no/such/folder", 1);
  EXPECT_EQ(message_of([&] { static_cast<void>(tyto::plugin::search_path(program, {})); }),
            "there is no plugin folder 'no/such/folder' (from TYTO_PLUGIN_PATH)");
  ::unsetenv("TYTO_PLUGIN_PATH");
  EXPECT_EQ(message_of([&] { static_cast<void>(tyto::plugin::search_path(program, {"typo"})); }),
            "there is no plugin folder 'typo' (from --plugin-path)");
}

}  // namespace
