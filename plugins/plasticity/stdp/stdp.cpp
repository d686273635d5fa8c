#include <memory>

#include <tyto/plasticity.hpp>
#include <tyto/spike_pairs.hpp>

namespace {

/// How a change depends on the weight: not at all, or on how far it is from the bound that it moves to.
enum class Dependence { additive, multiplicative };

struct Stdp : tyto::SpikePairs {
  static constexpr tyto::RuleNeeds needs{.spikes = true};
  double a3_plus = 0, a3_minus = 0;
  double tau_x_s = 0, tau_y_s = 0;
  Dependence dependence = Dependence::additive;

  static auto parameters();
  template <class S>
  [[nodiscard]] std::unique_ptr<tyto::PlasticityKernel<S>> prepare(double dt_s) const;
};

template <class S>
class StdpKernel final : public tyto::PlasticityKernel<S> {
 public:
  StdpKernel(const Stdp& rule, double dt_s)
      : rule_(rule),
        r1_(rule.tau_plus_s, dt_s, rule.pairing),
        r2_(rule.tau_x_s, dt_s, rule.pairing),
        o1_(rule.tau_minus_s, dt_s, rule.pairing),
        o2_(rule.tau_y_s, dt_s, rule.pairing),
        lowest_(static_cast<S>(rule.lowest)),
        highest_(static_cast<S>(rule.highest)) {}

  [[nodiscard]] tyto::StateSizes state(const tyto::Synapses&) const override { return {.source = 2, .target = 2}; }
  [[nodiscard]] tyto::WeightBounds bounds() const override { return rule_.bounds(); }

  void step(const tyto::LocalStep<S>& step, bool learning) const override {
    const std::size_t n = step.from(), m = step.to();
    const auto r1 = step.source_state.first(n), r2 = step.source_state.subspan(n);
    const auto o1 = step.target_state.first(m), o2 = step.target_state.subspan(m);
    r1_.decay(r1), r2_.decay(r2), o1_.decay(o1), o2_.decay(o2);
    if (learning) learn(step, {r1.data(), r2.data(), o1.data(), o2.data()});
    // A spike is not paired with itself, nor with one of the same step.
    r1_.add(step.source, r1), r2_.add(step.source, r2);
    o1_.add(step.target, o1), o2_.add(step.target, o2);
  }

 private:
  struct Traces {
    const S *r1, *r2, *o1, *o2;
  };
  void learn(const tyto::LocalStep<S>& step, const Traces& traces) const {
    const bool additive = rule_.dependence == Dependence::additive;
    const auto a2 = static_cast<S>(rule_.a_plus), a3 = static_cast<S>(rule_.a3_plus);
    const auto b2 = static_cast<S>(rule_.a_minus), b3 = static_cast<S>(rule_.a3_minus);
    tyto::SpikeTrace<S>::for_each_spike(step.target, [&](std::size_t j) {
      const S amount = a2 + a3 * traces.o2[j];
      step.synapses->for_each_to(j, [&](std::size_t synapse, std::size_t i) {
        const S room = additive ? S(1) : highest_ - step.weights[synapse];
        step.changes.add(synapse, room * amount * traces.r1[i]);
      });
    });
    tyto::SpikeTrace<S>::for_each_spike(step.source, [&](std::size_t i) {
      const S amount = b2 + b3 * traces.r2[i];
      step.synapses->for_each_from(i, [&](std::size_t synapse, std::size_t j) {
        const S room = additive ? S(1) : step.weights[synapse] - lowest_;
        step.changes.add(synapse, -(room * amount * traces.o1[j]));
      });
    });
  }

  Stdp rule_;
  tyto::SpikeTrace<S> r1_, r2_, o1_, o2_;
  S lowest_, highest_;
};

template <class S>
std::unique_ptr<tyto::PlasticityKernel<S>> Stdp::prepare(double dt_s) const {
  return std::make_unique<StdpKernel<S>>(*this, dt_s);
}

auto Stdp::parameters() {
  return tyto::declare_pairs(
             tyto::parameters<Stdp>("Spike-timing-dependent plasticity: by pairs and triplets of spikes")
                 .details(R"(In each step n, in this order, when all layers have done theirs:

    r1_i, r2_i, o1_j, o2_j  *=  exp(-dt / tau_plus), exp(-dt / tau_x), exp(-dt / tau_minus), exp(-dt / tau_y)
    at a spike of target j:   w_ij += F+(w_ij) r1_i (a_plus + a3_plus o2_j)        for all i
    at a spike of source i:   w_ij -= F-(w_ij) o1_j (a_minus + a3_minus r2_i)      for all j
    r1_i, r2_i += 1 at a spike of source i;  o1_j, o2_j += 1 at a spike of target j   (nearest: they become 1)

So a spike of the source that arrives k steps before one of the target adds a_plus exp(-k dt / tau_plus), one that
arrives k steps after it takes away a_minus exp(-k dt / tau_minus), and spikes in the same step do nothing. A spike of
the source counts when it acts: later by the connection's `delay`, or by a step with a synapse or in a loop. Without
a3_plus and a3_minus this is the rule of pairs, with them that of triplets; o2 and r2 are those just before the spike.

`additive`: F+ = F- = 1. `multiplicative`: F+ = highest - w, F- = w - lowest. In either case w stays within `lowest` and
`highest`. In a stream w changes at once. In trials, under the learning rule `local`, traces begin at 0 in each trial,
the changes of a trial are summed up, and w changes by their mean over the trials of a batch.

The rule is that of Pfister & Gerstner (2006).)"))
      .number("a3_plus", &Stdp::a3_plus, "0",
              "added, by triplets, for two spikes of the target after one of the source")
      .number("a3_minus", &Stdp::a3_minus, "0",
              "taken away, by triplets, for two spikes of the source after one of the target")
      .time("tau_x", &Stdp::tau_x_s, "100 ms", "how long spikes of the source are remembered for triplets")
      .compared(tyto::StepRole::resolved)
      .positive()
      .time("tau_y", &Stdp::tau_y_s, "125 ms", "how long spikes of the target are remembered for triplets")
      .compared(tyto::StepRole::resolved)
      .positive()
      .choice("dependence", &Stdp::dependence,
              {{"additive", Dependence::additive}, {"multiplicative", Dependence::multiplicative}}, "additive",
              "of changes on the weight");
}

}  // namespace

TYTO_PLASTICITY("stdp", Stdp)
