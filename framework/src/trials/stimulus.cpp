#include <tyto/stimulus.hpp>

#include <tyto/error.hpp>

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

void Stimulus::log_likelihood(const TrialKey&, const Spikes&, std::size_t, std::span<const double>,
                              std::span<double>) const {
  throw Error("this stimulus does not know the probability of its spikes");
}

StreamKey TrialKey::stream(std::string_view name) const {
  std::string path(to_string(split));
  path += '/';
  path += name;
  return stream_key(seed, path);
}

}  // namespace tyto
