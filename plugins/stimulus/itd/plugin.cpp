#include <tyto/plugin.hpp>

#include "itd.hpp"

TYTO_PLUGIN(registrar) {
  registrar.add_definition<tyto::Stimulus>(tyto::Kind::stimulus, "itd", &tyto::itd::Itd::parameters,
                                           {tyto::capability::likelihood}, std::source_location::current());
}
