// An ordinary shared library.
extern "C" __attribute__((visibility("default"))) int tyto_test_answer() { return 42; }
