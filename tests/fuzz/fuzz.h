/*
 * fuzz.h - the one function that a fuzz target has, as libFuzzer calls it.
 *
 * tests/fuzz/fuzz_NAME.c is a target, tests/fuzz/corpus/NAME/ its inputs; both are found by their
 * names. As an ordinary test, replay.c feeds the corpus to the target. To search for more:
 *
 *     CC=clang cmake -B build-fuzz -DHG_FUZZ=ON && cmake --build build-fuzz
 *     build-fuzz/fuzz_url -max_len=300 tests/fuzz/corpus/url
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Feeds one input to the code under test; what must hold is asserted. Always returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
