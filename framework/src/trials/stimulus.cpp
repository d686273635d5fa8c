#include <tyto/stimulus.hpp>

namespace tyto {

std::string_view to_string(Split split) {
  switch (split) {
    case Split::train:
      return "train";
    case Split::validation:
      return "validation";
    case Split::test:
      return "test";
  }
  return "unknown";
}

StreamKey TrialKey::stream(std::string_view name) const {
  std::string path(to_string(split));
  path += '/';
  path += name;
  return stream_key(seed, path);
}

}  // namespace tyto
