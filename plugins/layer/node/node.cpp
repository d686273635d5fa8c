#include <memory>
#include <string>
#include <vector>

#include <tyto/neuron.hpp>

namespace {

/// What arrives in a step is handed on in the same step. The member keeps the layout of a neuron.
struct Node {
  static constexpr bool linear = true;
  template <class T>
  struct State {
    T value{};
  };

  static auto parameters() {
    return tyto::parameters<Node>("Sum of what arrives, handed on as it is: an error signal, a point to look at")
        .details(R"(With I[n] the sum over the node's inputs in step n:

    y[n] = I[n]

The node adds no delay of its own. The state `value` is y[n]. Its unit is that of the values that arrive.)");
  }
  static std::vector<std::string> state_names() { return {"value"}; }

  template <class T>
  TYTO_STEP T step(State<T>& x, const T& current, const tyto::Step<T>&) const {
    x.value = current;
    return x.value;
  }
};

}  // namespace

TYTO_NEURON("node", Node)
