/*
 * terminal.h - canvas -> screen, keys -> codes. The only file that knows curses.
 *
 * A frame is collected and written with one write(2); when the terminal cannot take all of it at
 * once the rest waits, and nothing new is drawn before it is gone. One terminal a process.
 */
#ifndef CONSOLE_TERMINAL_H
#define CONSOLE_TERMINAL_H

#include <headgate/error.h>

#include "canvas.h"
#include "theme.h"

enum color_use { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct terminal;

/*
 * Finds out in a process of its own, once, whether ncurses survives the terminal's description.
 * Best before the first thread is started, since it forks; terminal_open() does it otherwise.
 */
void terminal_look(void);

/* Takes over the terminal of the process. err: HG_UNSUPPORTED when there is none, or it cannot
 * place its cursor; the terminal is as it was then. */
bool terminal_open(enum color_use color, struct terminal **out, hg_error *err);

/* Gives it back as it was. NULL is fine. */
void terminal_close(struct terminal *t);

/* The same for a while: between these two the shell has it. Resuming what was not suspended sets
 * modes and screen again, for a program that was stopped without being asked. */
void terminal_suspend(struct terminal *t);
void terminal_resume(struct terminal *t);

int terminal_fd(const struct terminal *t);
void terminal_size(const struct terminal *t, int *out_width, int *out_height);
enum depth terminal_depth(const struct terminal *t);

/* After a change of size, or when what is on screen cannot be trusted: all is drawn again. */
void terminal_reset(struct terminal *t);

/* Draws what differs from the frame before. */
void terminal_draw(struct terminal *t, const struct canvas *c, const struct theme *theme);

/* Asks the terminal to put a text on its clipboard (OSC 52). */
bool terminal_has_clipboard(const struct terminal *t);
void terminal_copy(struct terminal *t, const char *text);

/* The mouse: whether the terminal can tell of it, whether it shall, and where it was when
 * terminal_key() told of it last. Given back with the terminal. */
bool terminal_has_mouse(const struct terminal *t);
void terminal_take_mouse(struct terminal *t, bool take);
void terminal_pointer(const struct terminal *t, int *out_x, int *out_y);

/*
 * Whether a frame may be drawn: what was written before is gone, and the terminal has answered that
 * it has seen it. A terminal that does not answer is not asked again.
 * terminal_patience_ms: how long until one that owes an answer is given up, or -1.
 */
bool terminal_ready(struct terminal *t);
int terminal_patience_ms(const struct terminal *t);

/* How long the last frames took to be seen; what was slow once counts for a few frames. 0: not
 * known. */
int terminal_link_ms(const struct terminal *t);

/* Writes as much as the terminal takes now; false: it is gone. */
bool terminal_flush(struct terminal *t);
bool terminal_pending(const struct terminal *t);

/* The next key that has arrived: a character or a KEYS_ code; false: none. */
bool terminal_key(struct terminal *t, uint32_t *out_key);

#endif
