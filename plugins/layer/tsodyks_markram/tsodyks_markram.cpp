#include <tyto/math.hpp>
#include <tyto/neuron.hpp>

namespace {

template <class S>
struct ReleaseStep {
  template <class T>
  struct State {
    T u{};     ///< part of what is there that a spike would release, before its own facilitation
    T used{};  ///< part that has been released and has not recovered
  };

  S each, forget, recover;

  template <class T>
  TYTO_STEP T step(State<T>& x, const T& arriving, const tyto::Step<T>&) const {
    const T spikes = tyto::choose(arriving < T(0), T(0), tyto::choose(arriving > T(1), T(1), arriving));
    const T u = forget * x.u;
    x.u = u + each * (T(1) - u) * spikes;
    const T used = recover * x.used;
    const T released = x.u * (T(1) - used) * spikes;
    x.used = used + released;
    return released;
  }
};

struct TsodyksMarkram {
  double use = 0;
  double recovery_s = 0;
  double facilitation_s = 0;

  static auto parameters() {
    return tyto::parameters<TsodyksMarkram>(
               "Short-term plasticity: what synapses release at each spike, depressed and facilitated by those before")
        .details(
            R"(Stands between neurons and the connections that their synapses make, which all release alike: one place for each
neuron, reached by `direct` (`input: {from: pre, type: direct}`), read by `dense`, `sparse` and their like, whose weights
become the absolute strength of a synapse. With s[n] the spikes that arrive in step n, 0 or 1, since a synapse releases
once in a step at most (what lies outside is taken for the nearer of the two):

    u'      = u[n] exp(-dt / tau_facil)           0 with tau_facil: 0
    q'      = q[n] exp(-dt / tau_rec)
    u[n+1]  = u' + use (1 - u') s[n]
    y[n]    = u[n+1] (1 - q') s[n]
    q[n+1]  = q' + y[n]

u is the part of what is there that a spike releases, q the part that has been released and has not recovered, and
1 - q the resources that are left; u[0] = q[0] = 0, so that the first spike releases `use`. y[n], handed on in the step of the
spike, is dimensionless and counts like spikes: what follows takes a release of 0.5 for half a spike. In a loop this is a
layer of its own, which takes a step as every layer there does; a `delay` of the connection behind it can be shorter by
that. (Tsodyks, Pawelzik and Markram 1998, equations 2.2 and 2.3; Markram, Wang and Tsodyks 1998; with parameters equal
for all synapses of a neuron.))")
        .number("use", &TsodyksMarkram::use, "0.5", "part of the resources that the first spike releases")
        .range(0, 1)
        .time("tau_rec", &TsodyksMarkram::recovery_s, "800 ms", "in which what was released recovers")
        .compared(tyto::StepRole::resolved)
        .positive()
        .time("tau_facil", &TsodyksMarkram::facilitation_s, "0 ms",
              "in which facilitation is forgotten; 0: there is none, and u is always `use`")
        .compared(tyto::StepRole::resolved)
        .non_negative();
  }
  [[nodiscard]] bool takes_charges() const { return true; }
  [[nodiscard]] bool counts_spikes() const { return true; }
  static std::vector<std::string> state_names() { return {"u", "q"}; }

  template <class S>
  [[nodiscard]] ReleaseStep<S> prepare(double dt_s) const {
    return {static_cast<S>(use), static_cast<S>(facilitation_s > 0 ? tyto::exp(-dt_s / facilitation_s) : 0),
            static_cast<S>(tyto::exp(-dt_s / recovery_s))};
  }
};

}  // namespace

TYTO_NEURON("tsodyks_markram", TsodyksMarkram)
