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

TrialShape Stimulus::shape() const { throw Error("this stimulus makes no trials"); }

std::vector<TargetInfo> Stimulus::targets() const { throw Error("this stimulus makes no trials"); }

void Stimulus::make(const TrialKey&, const MutableSpikes&, std::span<double>) const {
  throw Error("this stimulus makes no trials");
}

void Stimulus::make_values(const TrialKey&, std::span<float>, std::span<double>) const {
  throw Error("this stimulus makes no trials of values");
}

std::size_t Stimulus::channels() const { throw Error("this stimulus has no values for a simulation"); }

std::unique_ptr<ValueStream> Stimulus::stream(std::uint64_t, double) const {
  throw Error("this stimulus has no values for a simulation");
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
