/*
 * tty.h - a real terminal emulator for tests: a program on a pseudo-terminal, its screen, its keys.
 *
 * Nothing here sleeps: a test waits for what the screen has to show, and the limit is only a
 * failure.
 */
#ifndef SUPPORT_TTY_H
#define SUPPORT_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

struct tty;

struct tty_options {
    int width, height;              /* 0: 80x24 */
    const char *term;               /* NULL: xterm-256color */
    const char *locale;             /* NULL: C.UTF-8 */
    const char *directory;          /* NULL: the present one */
    const char *const *environment; /* more NAME=value, ended by NULL; NULL: none */
};

/* Starts argv (argv[0] is a path) on a new pseudo-terminal, in a session of its own; exits the test
 * program when it cannot. */
struct tty *tty_start(const struct tty_options *options, const char *const *argv);
void tty_free(struct tty *t); /* ends the program, however it stands; NULL is fine */

/* Sends bytes as if typed. */
void tty_type(struct tty *t, const char *bytes);
void tty_resize(struct tty *t, int width, int height);
/* What the terminal itself answers waits, as behind a slow link; false: it arrives, and what
 * follows at once. */
void tty_hold_answers(struct tty *t, bool hold);

/* Reads what the program writes until the screen shows the text; false: it does not within a
 * minute, or the program has ended without. */
bool tty_wait(struct tty *t, const char *text);
/* The same until it is no longer shown. */
bool tty_wait_gone(struct tty *t, const char *text);
/* Until the screen below its first row (which holds a clock) is exactly this, as tty_dump() tells
 * it; false: it is not within a minute. */
bool tty_wait_same(struct tty *t, const char *expected, bool attributes);
/* Until the program has ended; its wait status, or -1. */
int tty_wait_end(struct tty *t);
/* Until it has stopped (as by Ctrl-Z). */
bool tty_wait_stop(struct tty *t);
/* Reads for this long, whatever comes; returns how many bytes came. For measuring, not for waiting.
 */
size_t tty_listen(struct tty *t, int ms);

/* Reads until nothing has come for so long; false: something always came, for a minute. */
bool tty_settle(struct tty *t, int ms);

pid_t tty_pid(const struct tty *t);
void tty_hang_up(struct tty *t); /* closes our end of the terminal */

bool tty_shows(struct tty *t, const char *text);

/* The dump without its first row; freed by the caller with free(). */
char *tty_dump_below(struct tty *t, bool attributes);

/* Rows of text, then runs of attributes as "@y:x0-x1 bold fg=4 bg=1", then the cursor. Freed by the
 * caller with free(). */
char *tty_dump(struct tty *t, bool attributes);

/* The screen as a picture, on a dark or a light background. */
struct tty_colors {
    unsigned text, background; /* the terminal's own, 0xRRGGBB */
};
void tty_svg(struct tty *t, const struct tty_colors *own, FILE *out);

/* All bytes that the program has written, and how many of its sequences the emulator did not know.
 */
const char *tty_bytes(const struct tty *t, size_t *out_size);
int tty_unknown(const struct tty *t);

/* Whether the other screen is on, the cursor is visible, and the keys are in the terminal's usual
 * modes (lines and echo): what a program must give back. */
bool tty_alternate(const struct tty *t);
bool tty_cursor_visible(const struct tty *t);
bool tty_modes_restored(const struct tty *t);

#endif
