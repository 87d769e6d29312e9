/*
 * keys.h - one row a key: what it does, where, and how the hint line and the help call it.
 *
 * Pure. What changes the database is a capital letter, and leads to a plan and a question.
 */
#ifndef CONSOLE_KEYS_H
#define CONSOLE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layout.h"

/* A key is a Unicode character, or one of these. */
enum key {
    KEYS_UP = 0x110000, /* behind the last character */
    KEYS_DOWN,
    KEYS_LEFT,
    KEYS_RIGHT,
    KEYS_HOME,
    KEYS_END,
    KEYS_PAGE_UP,
    KEYS_PAGE_DOWN,
    KEYS_TAB,
    KEYS_BACK_TAB,
    KEYS_ENTER,
    KEYS_ESCAPE,
    KEYS_BACKSPACE,
    KEYS_INTERRUPT, /* Ctrl-C, or SIGINT */
    KEYS_SUSPEND,   /* Ctrl-Z */
    KEYS_REDRAW,    /* Ctrl-L */
    KEYS_PASTE,     /* what follows was pasted, up to KEYS_PASTE_END */
    KEYS_PASTE_END,
    KEYS_F1, /* KEYS_F1 + n: the function key after it */
    KEYS_F12 = KEYS_F1 + 11,
    KEYS_CLICK, /* the pointer: a message of its own tells where */
    KEYS_WHEEL_UP,
    KEYS_WHEEL_DOWN,
    KEYS_WATCHED, /* the terminal's window has the keyboard, or no longer */
    KEYS_UNWATCHED
};

enum command {
    COMMAND_NONE,
    COMMAND_SCREEN, /* COMMAND_SCREEN + a screen of layout.h: go there */
    COMMAND_UP = COMMAND_SCREEN + SCREEN_COUNT,
    COMMAND_DOWN,
    COMMAND_PAGE_UP,
    COMMAND_PAGE_DOWN,
    COMMAND_FIRST,
    COMMAND_LAST,
    COMMAND_NEXT_PANE,
    COMMAND_PREVIOUS_PANE,
    COMMAND_ZOOM,
    COMMAND_OPEN,
    COMMAND_BACK,
    COMMAND_SORT,
    COMMAND_REVERSE,
    COMMAND_FILTER,
    COMMAND_SEARCH,
    COMMAND_MATCH,
    COMMAND_MATCH_BACK,
    COMMAND_COPY,
    COMMAND_EXPORT,
    COMMAND_LINE,
    COMMAND_THEME,
    COMMAND_MOUSE,
    COMMAND_REFRESH,
    COMMAND_HOLD,
    COMMAND_FASTER,
    COMMAND_SLOWER,
    COMMAND_CHECKS,
    COMMAND_CHECK_ONE,
    COMMAND_CHECK_FAILED,
    COMMAND_HELP,
    COMMAND_PLAN,
    COMMAND_APPLY,
    COMMAND_ROLL_BACK,
    COMMAND_RESET,
    COMMAND_ARM,
    COMMAND_YES,
    COMMAND_WAIT,
    COMMAND_DETACH,
    COMMAND_CANCEL,
    COMMAND_ATTACH,
    COMMAND_DRIFT,
    COMMAND_TRANSFER,
    COMMAND_NEXT,
    COMMAND_PAUSE,
    COMMAND_BACK_OUT,
    COMMAND_REMARK,
    COMMAND_LEAVE,
    COMMAND_COMPARE,
    COMMAND_CANCEL_QUERY,
    COMMAND_END_SESSION,
    COMMAND_STOP,
    COMMAND_INTERRUPT,
    COMMAND_SUSPEND,
    COMMAND_REDRAW,
    COMMAND_QUIT,
    COMMAND_COUNT
};

/* What has the keys. */
enum context {
    IN_SCREEN = 1,    /* lists, and what is known about the selected row */
    IN_PAGE = 2,      /* detail, help, a plan that asks nothing: text that scrolls */
    IN_PLAN = 4,      /* a plan, waiting for y */
    IN_PROMPT = 8,    /* a plan, waiting for a typed name: letters go there */
    IN_RUN = 16,      /* something runs */
    IN_RESULT = 32,   /* it has ended */
    IN_ASK = 64,      /* arm it? */
    IN_LINE = 128,    /* a filter or a command is being typed: letters go there */
    IN_STOP = 256,    /* what is to become of what runs? */
    IN_CUTOVER = 512, /* the screen of the cutover, which has keys of its own */
    ANYWHERE = 1023
};

struct key_row {
    enum command command;
    uint32_t keys[3]; /* ended by 0 */
    unsigned contexts;
    const char *name;  /* as hint line and help write the key */
    const char *hint;  /* in the hint line, and where it is refused; "": none */
    const char *group; /* of the help; NULL: not in it */
    const char *help;
    bool changes; /* the database */
    bool shy;     /* in the hint line only behind those that are not */
};

const struct key_row *keys_rows(size_t *out_count);

enum command keys_find(enum context context, uint32_t key);
const struct key_row *keys_row(enum command command);

#endif
