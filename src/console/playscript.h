/*
 * playscript.h - what is to be pressed and seen, a step a line:
 *
 *     # apply what is pending, and show how that ended
 *     until "pending"
 *     keys A
 *     until "y apply"
 *     keys y
 *     until "DONE" within 60
 *     print
 *
 *     keys KEY ...                  press them: a character, or a name of playscript_key_name()
 *     type TEXT                     each character of the rest of the line
 *     paste TEXT                    the same as a terminal pastes it
 *     until "TEXT" [within S]       wait until the screen shows it, at most S seconds (10)
 *     gone "TEXT" [within S]        wait until it no longer does
 *     print [TITLE]                 the screen as text, below its title
 *     size COLUMNSxROWS             the screen has this size from now on
 *     pause S                       do nothing for so long: for recordings
 *
 * A " in a TEXT between quotes is written \", a \ as \\. Pure.
 */
#ifndef CONSOLE_PLAYSCRIPT_H
#define CONSOLE_PLAYSCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <headgate/error.h>

enum playscript_verb {
    SCRIPT_KEY, /* one of `keys` or a character of `type` */
    SCRIPT_PASTE,
    SCRIPT_UNTIL,
    SCRIPT_GONE,
    SCRIPT_PRINT,
    SCRIPT_SIZE,
    SCRIPT_PAUSE
};

struct playscript_step {
    enum playscript_verb verb;
    int line;
    uint32_t key;
    char text[256];
    double seconds;
    int width, height;
};

struct playscript {
    struct playscript_step *steps;
    size_t count, room;
};

/* Reads all of it before anything is done. origin: the file's name. err: HG_USAGE with file and
 * line, HG_NOMEM. */
bool playscript_parse(const char *text, size_t size, const char *origin, struct playscript *out,
                      hg_error *err);
void playscript_release(struct playscript *script);

/* "80x24"; false: it is no size that a screen can have. */
bool playscript_size(const char *text, int *out_width, int *out_height);

/* The key of that name, or of that one character. */
bool playscript_key(const char *name, uint32_t *out);

/* How scripts write a key. out: room for 8 bytes. */
const char *playscript_key_name(uint32_t key, char *out);

#endif
