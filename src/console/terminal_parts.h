/*
 * terminal_parts.h - what the terminal's own files share; nobody else includes this.
 */
#ifndef CONSOLE_TERMINAL_PARTS_H
#define CONSOLE_TERMINAL_PARTS_H

#include <stdio.h>
#include <termios.h>

#include "base/buf.h"
#include "pen.h"
#include "terminal.h"

struct pace {
    bool asks, answers;
    int owed;         /* answers that have not come yet */
    int64_t asked_ms; /* behind the frame; 0: nothing is waited for */
    int patience_ms;  /* with one that answers */
    int link_ms;      /* see terminal_link_ms() */
};

struct terminal {
    int tty;
    int frame; /* the file in memory that ncurses writes to */
    FILE *to, *from;
    struct screen *screen;
    struct termios before;
    enum depth depth;
    bool ansi;    /* understands the sequences of ECMA-48, as most do */
    bool strings; /* and more of what xterm does: its string sequences, the mouse, the focus */
    bool own_pen; /* written to by paint.c; otherwise by ncurses */
    bool cursor_visible, suspended, mouse;
    char report[16]; /* of the mouse, while it comes: "0;12;5" */
    bool reporting;
    int pointer_x, pointer_y;
    struct pace pace;
    struct pen pen;
    struct canvas shown; /* what it was told last */
    const struct theme *theme;
    struct buf pending;
};

/* Modes of xterm: what is pasted is marked; the window's focus is told; presses and the wheel are
 * told, in decimal numbers. */
#define PASTE_ON  "\033[?2004h"
#define PASTE_OFF "\033[?2004l"
#define FOCUS_ON  "\033[?1004h"
#define FOCUS_OFF "\033[?1004l"
#define MOUSE_ON  "\033[?1000h\033[?1006h"
#define MOUSE_OFF "\033[?1006l\033[?1000l"

/* terminal_kind.c: what the description of this kind of terminal says. All but the first after
 * newterm(). */
bool terminal_kind_is_sound(void);       /* ncurses survives it */
const char *terminal_kind_placing(void); /* the sequence that places the cursor, or NULL */
bool terminal_kind_has_strings(void);    /* titles and the clipboard do no harm */
enum depth terminal_kind_depth(enum color_use use);
bool terminal_kind_pen(enum depth depth, struct pen_kind *out); /* paint.c can write to it */

/* terminal_keys.c: names what is no key of the description. */
void terminal_name_keys(void);

/* terminal_pace.c: before the first frame, behind each, and when it has answered. */
void terminal_pace_begin(struct terminal *t);
void terminal_pace_frame(struct terminal *t);
void terminal_pace_heard(struct terminal *t);

/* terminal_rescue.c: gives the terminal back when the program dies. */
void terminal_rescue(const struct terminal *t);
void terminal_rescue_end(void);

#endif
