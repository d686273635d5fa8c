#include "dropout.hpp"

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include <tyto/neuron.hpp>

namespace {

/// Counters and keys of one stream of Philox4x32-10 (Salmon et al. 2011).
struct PhiloxStream {
  tyto::StreamKey key;
  std::uint32_t epoch = 0;
  std::uint64_t trial = 0;

  [[nodiscard]] bool operator==(const PhiloxStream& other) const {
    return key.word[0] == other.key.word[0] && key.word[1] == other.key.word[1] && epoch == other.epoch &&
           trial == other.trial;
  }
};

constexpr std::size_t lanes = 16;

/// The words of blocks first .. first+lanes-1: word k of block first+b is words[k][b], the same as tyto::philox()
/// gives.
TYTO_MANY_TARGETS void philox_lanes(const PhiloxStream& stream, std::uint32_t first,
                                    std::array<std::array<std::uint32_t, lanes>, 4>& words) {
  std::uint32_t key0 = stream.key.word[0], key1 = stream.key.word[1];
  std::array<std::uint32_t, lanes> x0{}, x1{}, x2{}, x3{};
  for (std::size_t b = 0; b < lanes; ++b) {
    x0[b] = first + static_cast<std::uint32_t>(b);
    x1[b] = stream.epoch;
    x2[b] = static_cast<std::uint32_t>(stream.trial);
    x3[b] = static_cast<std::uint32_t>(stream.trial >> 32U);
  }
  for (int round = 0; round < 10; ++round) {
    for (std::size_t b = 0; b < lanes; ++b) {
      const std::uint64_t left = std::uint64_t{0xD2511F53U} * x0[b];
      const std::uint64_t right = std::uint64_t{0xCD9E8D57U} * x2[b];
      x0[b] = static_cast<std::uint32_t>(right >> 32U) ^ x1[b] ^ key0;
      x1[b] = static_cast<std::uint32_t>(right);
      x2[b] = static_cast<std::uint32_t>(left >> 32U) ^ x3[b] ^ key1;
      x3[b] = static_cast<std::uint32_t>(left);
    }
    key0 += 0x9E3779B9U;
    key1 += 0xBB67AE85U;
  }
  words = {x0, x1, x2, x3};
}

/// 64 decisions, each by a word of its own, from 16 blocks of four words: bit k * lanes + b by word k of block b.
std::uint64_t draw_decisions(const PhiloxStream& stream, std::size_t number, std::uint32_t threshold) {
  static_assert(4 * lanes == 64);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): philox_lanes() writes every word
  std::array<std::array<std::uint32_t, lanes>, 4> words;
  philox_lanes(stream, static_cast<std::uint32_t>(number * lanes), words);
  std::uint64_t bits = 0;
  for (std::size_t k = 0; k < 4; ++k)
    for (std::size_t b = 0; b < lanes; ++b)
      bits |= static_cast<std::uint64_t>(words[k][b] >= threshold) << (k * lanes + b);
  return bits;
}

/// The mask of one pass of one trial: bit (step, channel) is set with probability 1 - p, by the decision whose number
/// is step * channels + channel. No draw depends on another one.
void draw_mask(double p, const PhiloxStream& stream, const tyto::MutableSpikes& mask) {
  const auto threshold = static_cast<std::uint32_t>(std::min(std::round(p * 0x1p32), 0x1p32 - 1));
  thread_local std::vector<std::uint64_t> decisions;  // scratch, so that no trial allocates
  const std::size_t count = (mask.steps * mask.channels + 63) / 64;
  decisions.resize(count + 1);
  for (std::size_t q = 0; q < count; ++q) decisions[q] = draw_decisions(stream, q, threshold);
  decisions[count] = 0;  // so that the last row may look beyond the end
  for (std::size_t t = 0; t < mask.steps; ++t)
    for (std::size_t w = 0; w < mask.words(); ++w) {
      const std::size_t left = std::min(mask.channels - w * 64, std::size_t{64});
      mask.row(t)[w] = tyto::bits_at(decisions.data(), t * mask.channels + w * 64, left);
    }
}

template <class S>
class DropoutKernel final : public tyto::TransformKernel<S> {
 public:
  explicit DropoutKernel(double p) : p_(p), scale_(static_cast<S>(1 / (1 - p))) {}

  [[nodiscard]] bool spikes(const tyto::Pass& pass) const override { return !drops(pass); }

  void forward(const tyto::Signal<S>& input, std::span<const std::span<const S>>, const tyto::Pass& pass, S* values,
               std::uint64_t* bits) const override {
    if (drops(pass))
      dropout::forward(input, mask(input, pass), scale_, values);
    else if (bits != nullptr)
      std::copy_n(input.bits, input.steps * tyto::words_for(input.channels), bits);
    else
      std::copy_n(input.values, input.steps * input.channels, values);
  }

  void backward(const tyto::Signal<S>& input, const tyto::Signal<S>&, std::span<const std::span<const S>>,
                const tyto::Pass& pass, const S* grad_output, std::span<const std::span<S>>,
                S* grad_input) const override {
    if (grad_input == nullptr) return;
    if (drops(pass)) {
      dropout::add_kept(grad_output, mask(input, pass), scale_, grad_input);
      return;
    }
    for (std::size_t i = 0; i < input.steps * input.channels; ++i) grad_input[i] += grad_output[i];
  }

 private:
  [[nodiscard]] bool drops(const tyto::Pass& pass) const { return pass.training && p_ > 0; }

  /// Valid until the thread asks for that of another trial in its place. The way back mostly finds it as the way
  /// forward has left it; where not, it is drawn anew.
  [[nodiscard]] tyto::Spikes mask(const tyto::Signal<S>& input, const tyto::Pass& pass) const {
    struct Kept {
      PhiloxStream stream;
      double p = 0;
      std::size_t steps = 0, channels = 0;
      std::vector<std::uint64_t> bits;
    };
    thread_local std::array<Kept, 32> masks;
    const PhiloxStream stream{tyto::stream_key(pass.seed, "dropout/" + std::string(pass.layer)), pass.epoch,
                              pass.trial};
    Kept& kept = masks[pass.trial % masks.size()];
    if (!(kept.stream == stream && kept.p == p_ && kept.steps == input.steps && kept.channels == input.channels)) {
      kept = {stream, p_, input.steps, input.channels, std::move(kept.bits)};
      kept.bits.resize(input.steps * tyto::words_for(input.channels));
      draw_mask(p_, stream, {kept.bits.data(), input.steps, input.channels});
    }
    return {kept.bits.data(), input.steps, input.channels};
  }

  double p_;
  S scale_;
};

class Dropout final : public tyto::Layer {
 public:
  static auto parameters() {
    return tyto::parameters<Dropout>(
               "Inverted dropout: in training each value of each step is set to 0 with probability p, or divided by "
               "1 - p; evaluation passes everything on as it is")
        .details(R"(With x_c[n] channel c of the input in step n:

    y_c[n] = m_c[n] x_c[n] / (1 - p)     in training
    y_c[n] = x_c[n]                      else

m_c[n] is 0 with probability p, else 1, drawn for each trial, step and channel on its own and anew in each epoch. The
gradient is multiplied by the same m_c[n] / (1 - p). In training spikes become values of 0 and 1 / (1 - p).

Draws depend on the seed, the layer's name, the epoch, the trial, the step and the channel alone; p is resolved to
2^-32. Inverted dropout is due to Srivastava et al. (2014), the generator, Philox, to Salmon et al. (2011).)")
        .number("p", &Dropout::p_, "0.5", "probability that a value is dropped")
        .at_least(0)
        .below(1);
  }
  [[nodiscard]] std::unique_ptr<tyto::TransformKernel<float>> transform_f32(double) const override {
    return std::make_unique<DropoutKernel<float>>(p_);
  }
  [[nodiscard]] std::unique_ptr<tyto::TransformKernel<double>> transform_f64(double) const override {
    return std::make_unique<DropoutKernel<double>>(p_);
  }

 private:
  double p_ = 0;
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<Dropout>("dropout", {tyto::capability::transform}); }
