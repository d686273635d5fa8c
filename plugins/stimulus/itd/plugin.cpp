#include <tyto/plugin.hpp>

#include "itd.hpp"

TYTO_PLUGIN(registrar) {
  registrar.add_definition("itd", &tyto::itd::Itd::parameters, {tyto::capability::likelihood},
                           std::source_location::current());
}
