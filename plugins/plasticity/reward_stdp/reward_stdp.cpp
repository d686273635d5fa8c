#include <memory>

#include <tyto/plasticity.hpp>
#include <tyto/spike_pairs.hpp>

namespace {

struct RewardStdp : tyto::SpikePairs {
  static constexpr tyto::RuleNeeds needs{.reward = true, .spikes = true};
  double learning_rate = 1;
  double tau_c_s = 0;
  double baseline_tau_s = 0;

  static auto parameters();
  template <class S>
  [[nodiscard]] std::unique_ptr<tyto::PlasticityKernel<S>> prepare(double dt_s) const;
};

template <class S>
class RewardStdpKernel final : public tyto::PlasticityKernel<S> {
 public:
  RewardStdpKernel(const RewardStdp& rule, double dt_s)
      : rule_(rule),
        r_(rule.tau_plus_s, dt_s, rule.pairing),
        o_(rule.tau_minus_s, dt_s, rule.pairing),
        eligibility_decay_(static_cast<S>(tyto::exp(-dt_s / rule.tau_c_s))),
        baseline_decay_(static_cast<S>(rule.baseline_tau_s > 0 ? tyto::exp(-dt_s / rule.baseline_tau_s) : 0)),
        rate_dt_(static_cast<S>(rule.learning_rate * dt_s)) {}

  /// Besides: the mean reward.
  [[nodiscard]] tyto::StateSizes state(const tyto::Synapses&) const override {
    return {.source = 1, .target = 1, .synapse = 1, .other = 1};
  }
  [[nodiscard]] tyto::WeightBounds bounds() const override { return rule_.bounds(); }

  void step(const tyto::LocalStep<S>& step, bool learning) const override {
    const auto r = step.source_state, o = step.target_state, c = step.synapse_state;
    r_.decay(r), o_.decay(o);
    for (S& value : c) value *= eligibility_decay_;
    const auto a = static_cast<S>(rule_.a_plus), b = static_cast<S>(rule_.a_minus);
    tyto::SpikeTrace<S>::for_each_spike(step.target, [&](std::size_t j) {
      step.synapses->for_each_to(j, [&](std::size_t synapse, std::size_t i) { c[synapse] += a * r[i]; });
    });
    tyto::SpikeTrace<S>::for_each_spike(step.source, [&](std::size_t i) {
      step.synapses->for_each_from(i, [&](std::size_t synapse, std::size_t j) { c[synapse] -= b * o[j]; });
    });
    r_.add(step.source, r), o_.add(step.target, o);
    S& mean = step.other_state[0];
    const S surprise = step.reward - mean;
    if (rule_.baseline_tau_s > 0) mean += (S(1) - baseline_decay_) * surprise;
    if (learning && surprise != S(0)) step.changes.add(0, rate_dt_ * surprise, std::span<const S>(c));
  }

  void reward(const tyto::LocalStep<S>& step, S surprise) const override {
    step.changes.add(0, static_cast<S>(rule_.learning_rate) * surprise, std::span<const S>(step.synapse_state));
  }

 private:
  RewardStdp rule_;
  tyto::SpikeTrace<S> r_, o_;
  S eligibility_decay_, baseline_decay_, rate_dt_;
};

template <class S>
std::unique_ptr<tyto::PlasticityKernel<S>> RewardStdp::prepare(double dt_s) const {
  return std::make_unique<RewardStdpKernel<S>>(*this, dt_s);
}

auto RewardStdp::parameters() {
  return tyto::declare_pairs(
             tyto::parameters<RewardStdp>(
                 "Reward-modulated STDP: what pairs of spikes would change is remembered until a reward comes")
                 .details(
                     R"(The rule of pairs of `stdp` changes an eligibility c, and a reward turns that into changes of weights. In each step
n, when all layers have done theirs:

    r_i, o_j  *=  exp(-dt / tau_plus), exp(-dt / tau_minus);   c_ij *= exp(-dt / tau_c)
    at a spike of target j:   c_ij += a_plus r_i       for all i
    at a spike of source i:   c_ij -= a_minus o_j      for all j
    r_i += 1 at a spike of source i;  o_j += 1 at a spike of target j   (nearest: they become 1)
    w_ij += learning_rate dt (R - m) c_ij;   m += (1 - exp(-dt / baseline_tau)) (R - m)

R is the value of the layer `reward` in step n and m its mean so far (0 without `baseline_tau`). Spikes in the same step do
nothing to each other, and a spike of the source counts when it acts, as for `stdp`. w stays within `lowest` and `highest`.

In trials, under the learning rule `local`, no layer gives the reward but the objective, once after the last step:

    w_ij += mean over the trials of a batch of learning_rate (R - m) c_ij

with R and m as that rule says. The rule is that of Izhikevich (2007) and Florian (2007).)"))
      .number("learning_rate", &RewardStdp::learning_rate, "1", "factor on all changes")
      .non_negative()
      .time("tau_c", &RewardStdp::tau_c_s, "1 s", "how long it is remembered what a synapse did")
      .compared(tyto::StepRole::resolved)
      .positive()
      .time("baseline_tau", &RewardStdp::baseline_tau_s, "0 s",
            "in a stream: time constant of the mean reward, which is what is expected; 0: nothing is")
      .compared(tyto::StepRole::resolved)
      .non_negative();
}

}  // namespace

TYTO_PLASTICITY("reward_stdp", RewardStdp)
