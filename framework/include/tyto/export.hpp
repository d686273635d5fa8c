/// Symbol visibility: everything is hidden by default, TYTO_API is what crosses a library border.
#pragma once

#define TYTO_API __attribute__((visibility("default")))
