#include <tyto/backend.hpp>

#include <tyto/error.hpp>

namespace tyto {

BatchResult Program::learn(const Batch&, const LocalLearning&) {
  throw Error("this backend has no local rules in trials");
}
void Program::probe(const TrialSet&, std::size_t, const ProbeSink&) {
  throw Error("this backend does not record probes in trials");
}
void Program::start(std::uint64_t) { throw Error("this backend cannot run a model step by step"); }
void Program::advance(const Signal<double>&, const ProbeSink&) {
  throw Error("this backend cannot run a model step by step");
}

}  // namespace tyto
