#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <tyto/data_file.hpp>
#include <tyto/error.hpp>
#include <tyto/plugin.hpp>
#include <tyto/stimulus.hpp>

namespace {

enum class Between { hold, linear };
enum class After { hold, repeat, zero };

struct Playback {
  double period_s = 0;
  Between between = Between::hold;
  After after = After::hold;
};

struct Samples {
  std::size_t count = 0, channels = 0;
  std::vector<double> values;  ///< [sample][channel]
};

/// Sample i holds for the time from i to i + 1 periods and is the value at its end, as probes record it.
class SampleStream final : public tyto::ValueStream {
 public:
  SampleStream(std::shared_ptr<const Samples> data, Playback playback, double dt_s)
      : data_(std::move(data)), playback_(playback), dt_s_(dt_s) {}

  void values(std::uint64_t first, std::span<double> values) const override {
    const std::size_t channels = data_->channels;
    for (std::size_t cell = 0; cell < values.size(); ++cell) {
      const std::uint64_t step = first + cell / channels + 1;
      const double periods = static_cast<double>(step) * dt_s_ / playback_.period_s;
      values[cell] = at(periods, cell % channels, channels);
    }
  }

 private:
  [[nodiscard]] double at(double periods, std::size_t channel, std::size_t channels) const {
    constexpr double rounding = 1e-9;
    const double end = std::ceil(periods * (1 - rounding));  // at which the sample ends, in periods
    const double part = playback_.between == Between::linear ? std::min(1.0, periods - (end - 1)) : 1.0;
    const double before = sample(end - 2, channel, channels), now = sample(end - 1, channel, channels);
    return part < 1 ? before + (now - before) * part : now;
  }

  /// Sample number `index`, which may lie before the first or behind the last one.
  [[nodiscard]] double sample(double index, std::size_t channel, std::size_t channels) const {
    const auto count = static_cast<double>(data_->count);
    if (index < 0) index = 0;
    if (index >= count) {
      if (playback_.after == After::zero) return 0;
      index = playback_.after == After::repeat ? std::fmod(index, count) : count - 1;
    }
    return data_->values[static_cast<std::size_t>(index) * channels + channel];
  }

  std::shared_ptr<const Samples> data_;
  Playback playback_;
  double dt_s_;
};

/// Values out of a file.
class DatasetStimulus final : public tyto::Stimulus {
 public:
  std::string file;
  std::string path;
  Playback playback;

  static auto parameters() {
    return tyto::parameters<DatasetStimulus>("Values over time out of a file")
        .details(
            R"(With s_0, s_1, ... the samples, and the time at the end of step n in periods, q[n] = (n + 1) dt / period:

    i    = ceil(q[n]) - 1
    x[n] = s_i                                            between: hold
    x[n] = s_(i-1) + (q[n] - i) (s_i - s_(i-1))           between: linear

So sample i is reached (i + 1) periods after the start, as probes record it, and with `hold` stands for the period
before that. Before the first sample s_0 takes its place. After the last one come its value (`hold`), the first sample
and those after it (`repeat`), or 0 (`zero`). A q[n] that is above a whole number by a rounding error counts as that
number. Times are in s; values have the unit that they have in the file. Values that are not finite are refused.)")
        .file("file", &DatasetStimulus::file, "", "the HDF5, .npy or .npz file, relative to the experiment file")
        .required()
        .text("dataset", &DatasetStimulus::path, "",
              "the array in it, [sample] or [sample][channel], as in '/probes/input/value'")
        .required()
        .group(
            "playback", &DatasetStimulus::playback,
            tyto::parameters<Playback>("How the samples are played")
                .time("period", &Playback::period_s, "1 ms", "time from one sample to the next")
                .positive()
                .choice("between", &Playback::between, {{"hold", Between::hold}, {"linear", Between::linear}}, "hold",
                        "a sample holds for the period that it ends, or values go straight from one to the next")
                .choice("after", &Playback::after,
                        {{"hold", After::hold}, {"repeat", After::repeat}, {"zero", After::zero}}, "hold",
                        "what comes after the last sample: its value, the first sample again, or 0"),
            "how the samples are played")
        .check([](const DatasetStimulus& stimulus) -> std::optional<tyto::Problem> {
          try {
            stimulus.read();
          } catch (const tyto::Error& error) {
            return tyto::Problem{"file", error.what()};
          }
          return std::nullopt;
        });
  }

  [[nodiscard]] std::size_t channels() const override { return data_->channels; }
  [[nodiscard]] std::unique_ptr<tyto::ValueStream> stream(std::uint64_t, double dt_s) const override {
    return std::make_unique<SampleStream>(data_, playback, dt_s);
  }

 private:
  /// The file is read once, when the parameters are checked: how many channels there are is part of what it says.
  void read() const {
    const tyto::DataArray array = tyto::read_data(file, path);
    const auto& shape = array.shape();
    const bool numbers = array.content() != tyto::DataArray::Content::text && array.rows().empty();
    if (!numbers || shape.empty() || shape.size() > 2 || array.size() == 0)
      throw tyto::Error("'" + path + "' is not made of samples: one or two axes and at least one value are needed");
    constexpr std::size_t most_values = std::size_t{1} << 27U;
    if (array.size() > most_values)
      throw tyto::Error("'" + path + "' in '" + file + "' holds more than 1 GiB of numbers");
    auto data = std::make_shared<Samples>(Samples{shape[0], array.size() / shape[0], array.numbers()});
    for (std::size_t i = 0; i < data->values.size(); ++i)
      if (!std::isfinite(data->values[i]))
        throw tyto::Error("'" + path + "' has no finite number in sample " + std::to_string(i / data->channels));
    data_ = std::move(data);
  }

  mutable std::shared_ptr<const Samples> data_;
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<DatasetStimulus>("dataset", {tyto::capability::stream}); }
