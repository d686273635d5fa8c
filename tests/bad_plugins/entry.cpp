// Plugins whose entry function does one thing wrong, or nothing.
#include <stdexcept>
#include <tyto/surrogate.hpp>

#ifndef BAD_DEFAULT
#define BAD_DEFAULT "5 ms"
#endif

namespace missing {
int function(int argument);
}

namespace {

struct Sample {
  double width_s = 0;
  int order = 0;

  static auto parameters() {
    return tyto::parameters<Sample>("A surrogate for the tests of plugin loading")
        .time("width", &Sample::width_s, BAD_DEFAULT, "how wide it is")
        .positive()
        .integer("order", &Sample::order, "2", "how steep it is")
        .range(1, 9);
  }
  template <class S>
  [[nodiscard]] S derivative(S u) const {
    return u;
  }
  [[nodiscard]] double primitive(double u) const { return u * u / 2; }
};

[[maybe_unused]] void add_sample(tyto::Registrar& registrar) {
  registrar.add_definition("sample", &tyto::SurrogateOf<Sample>::definition, {"a capability"},
                           std::source_location::current());
}

}  // namespace

TYTO_PLUGIN(registrar) {
#if defined(BAD_THROWS_EXCEPTION)
  add_sample(registrar);
  throw std::runtime_error("the entry gave up");
#elif defined(BAD_THROWS_NUMBER)
  add_sample(registrar);
  throw 42;
#elif defined(BAD_REGISTERS_NOTHING)
  static_cast<void>(registrar);
#elif defined(BAD_REGISTERS_TWICE)
  add_sample(registrar);
  add_sample(registrar);
#elif defined(BAD_UNRESOLVED)
  if (missing::function(1) == 0) add_sample(registrar);
#else
  add_sample(registrar);
#endif
}
