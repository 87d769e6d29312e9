/*
 * place.h - where in a JSON text a value stands, for faults that are not faults of JSON. Pure.
 */
#ifndef CUTOVER_PLACE_H
#define CUTOVER_PLACE_H

#include <stddef.h>

/* One step of the way to a value: a member's key, or an element's index when the key is NULL. */
struct place_step {
    const char *key;
    size_t index;
};

/* The byte at which the value begins, in a text that is JSON (RFC 8259). A way that leads nowhere
 * ends at the last value it could reach. */
size_t place_of(const char *text, size_t size, const struct place_step *way, size_t steps);

#endif
