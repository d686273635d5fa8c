/// TYTO_MANY_TARGETS marks functions that are compiled for several instruction sets; the best is chosen when the
/// library is opened. All give the same bits: the operations on every number are the same, and nothing is contracted.
///
/// TYTO_RESTRICT marks pointers to numbers that no other pointer of the function reaches, without which loops over them
/// are not vectorised.
#pragma once

#if defined(__GNUC__)
#define TYTO_RESTRICT __restrict__
#else
#define TYTO_RESTRICT
#endif

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define TYTO_MANY_TARGETS __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define TYTO_MANY_TARGETS
#endif
