/*
 * own_keys.h - the user's own keys: each stands for a line of the palette.
 *
 *     # ~/.config/headgate/keys
 *     F9   theme light
 *     8    filter !idle
 *     D    down
 *
 * They come on top of the key table and take nothing from it: what the screen, the manual and a
 * runbook say of a key is true on everybody's console. Pure.
 */
#ifndef CONSOLE_OWN_KEYS_H
#define CONSOLE_OWN_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <headgate/error.h>

enum { OWN_KEYS_MAX = 32 };

struct own_key {
    uint32_t key;
    char name[8]; /* as scripts write it */
    char line[112];
};

struct own_keys {
    struct own_key keys[OWN_KEYS_MAX];
    size_t count;
};

/* err: HG_FILE with file and line; then out has no keys at all. */
bool own_keys_parse(const char *text, size_t size, const char *origin, struct own_keys *out,
                    hg_error *err);

/* The line that a key stands for, or NULL. They work wherever ':' does. */
const char *own_keys_find(const struct own_keys *own, unsigned context, uint32_t key);

#endif
