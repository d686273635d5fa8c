/// What a run checks on its way, so that nothing wrong passes in silence.
#pragma once

#include <concepts>
#include <exception>
#include <span>
#include <string>
#include <utility>

#include <tyto/backend.hpp>
#include <tyto/error.hpp>
#include <tyto/table.hpp>

#include "../results/results_file.hpp"
#include "../spec/experiment.hpp"

namespace tyto::run {

/// Throws Diverged if an array holds a number that is infinite or none: "hidden/stimulus/w [3, 5] is nan WHEN: CAUSE".
void check_arrays(const ArrayStore& store, const std::string& when, const std::string& cause);
/// The same for some of them.
void check_arrays(const ArrayStore& store, std::span<const std::size_t> arrays, const std::string& when,
                  const std::string& cause);

/// Throws Error if a weight lies beyond the bounds of the rule that is to change it.
void check_bounds(const Model& model, const ArrayStore& store);
/// Throws Error if a weight is below 0 where nothing below 0 can arrive.
void check_receptors(const Model& model, const ArrayStore& store);

/// "learning rule 'surrogate_gradient' of plugin 'surrogate_gradient'": the component of a kind that an experiment
/// uses.
std::string component_text(const spec::Experiment& experiment, Kind kind);

/// What does the arithmetic: the backend, which runs kernels of the layers.
std::string arithmetic_text(const spec::Experiment& experiment);

/// "nan", "inf" or "-inf", or the number; the sign of NaN means nothing.
std::string number_text(double number);

/// What to do about a training whose numbers grow without bound.
extern const char* const exploding;

/// Calls into a plugin. Whatever leaves it, of whatever type, becomes an Error that names the component; faults of the
/// input, interruptions, divergence, and results that a backend hands on and that cannot be written stay what they are.
template <std::invocable Function>
decltype(auto) from_plugin(const std::string& who, Function&& function) {
  try {
    return std::forward<Function>(function)();
  } catch (const InvalidInput&) {
    throw;
  } catch (const Interrupted&) {
    throw;
  } catch (const Diverged&) {
    throw;
  } catch (const results::CannotWrite&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(who + ": " + error.what());
  } catch (...) {
    throw Error(who + " threw something that is no std::exception");
  }
}

/// Throws Error, naming who wrote it, if a table holds an infinite number, or NaN in a variable that does not say what
/// that means.
void check_finite(const std::string& who, const Table& table);
/// Adds the attribute "nan_means": for each variable with missing numbers, when they are.
void say_what_is_missing(Table& table);

/// The experiment with the stimulus that its stimulus prepares for the run. Throws Error if that is of another shape.
spec::Experiment with_prepared_stimulus(spec::Experiment experiment);

}  // namespace tyto::run
