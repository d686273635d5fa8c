#include <tyto/backend.hpp>

#include <tyto/error.hpp>

namespace tyto {

void Program::start() { throw Error("this backend cannot run a model step by step"); }
void Program::advance(const Signal<double>&, const ProbeSink&) {
  throw Error("this backend cannot run a model step by step");
}

}  // namespace tyto
