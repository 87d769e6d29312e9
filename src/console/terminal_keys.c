/*
 * terminal_keys.c - what the terminal sends: keys, presses of the mouse, and what it says of
 * itself.
 */
#include <curses.h>
#include <string.h>

#include "keys.h"
#include "terminal_parts.h"

enum {
    CODE_PASTE_BEGIN = KEY_MAX + 1,
    CODE_PASTE_END,
    CODE_MOUSE, /* the beginning of a report */
    CODE_WATCHED,
    CODE_UNWATCHED,
    CODE_SEEN /* the terminal's answer to "are you there" */
};

void terminal_name_keys(void)
{
    define_key("\033[200~", CODE_PASTE_BEGIN);
    define_key("\033[201~", CODE_PASTE_END);
    define_key("\033[0n", CODE_SEEN);
    define_key("\033[<", CODE_MOUSE);
    define_key("\033[I", CODE_WATCHED);
    define_key("\033[O", CODE_UNWATCHED);
}

/* clang-format off */
static const struct {
    wint_t code;
    bool function; /* a code of ncurses, not a character */
    uint32_t key;  /* 0: ignored */
} codes[] = {
    {KEY_UP, true, KEYS_UP},          {KEY_DOWN, true, KEYS_DOWN},
    {KEY_LEFT, true, KEYS_LEFT},      {KEY_RIGHT, true, KEYS_RIGHT},
    {KEY_HOME, true, KEYS_HOME},      {KEY_END, true, KEYS_END},
    {KEY_FIND, true, KEYS_HOME},      {KEY_SELECT, true, KEYS_END},
    {KEY_PPAGE, true, KEYS_PAGE_UP},  {KEY_NPAGE, true, KEYS_PAGE_DOWN},
    {KEY_BTAB, true, KEYS_BACK_TAB},  {KEY_ENTER, true, KEYS_ENTER},
    {KEY_BACKSPACE, true, KEYS_BACKSPACE},
    {3, false, KEYS_INTERRUPT},       {8, false, KEYS_BACKSPACE},
    {9, false, KEYS_TAB},             {10, false, KEYS_ENTER},
    {12, false, KEYS_REDRAW},         {13, false, KEYS_ENTER},
    {26, false, KEYS_SUSPEND},        {27, false, KEYS_ESCAPE},
    {127, false, KEYS_BACKSPACE},
};
/* clang-format on */

static uint32_t key_of(wint_t code, bool function)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].code == code && codes[i].function == function)
            return codes[i].key;
    if (function && code >= KEY_F(1) && code <= KEY_F(12))
        return KEYS_F1 + (code - KEY_F(1));
    return function ? 0 : (uint32_t)code;
}

/* After an escape: a sequence that terminfo does not name is swallowed to its end, lest its last
 * letter pass for a key. Returns whether there was one. */
static bool swallow_sequence(void)
{
    wint_t code;
    int kind = get_wch(&code);

    if (kind == ERR)
        return false;
    if (kind == KEY_CODE_YES || (code != '[' && code != 'O')) {
        if (kind == KEY_CODE_YES)
            ungetch((int)code);
        else
            unget_wch((wchar_t)code);
        return false;
    }
    while (get_wch(&code) == OK && (code < 0x40 || code > 0x7E))
        continue;
    return true;
}

/* The rest of "CSI < button ; column ; row M", or m when it is released. What is no press of the
 * first button and no wheel says nothing. */
static uint32_t take_mouse(struct terminal *t, wint_t code)
{
    int button, x, y;
    size_t used = strlen(t->report);

    if ((code >= '0' && code <= '9') || code == ';') {
        if (used + 1 < sizeof t->report)
            t->report[used] = (char)code;
        return 0;
    }
    t->reporting = false;
    if (code != 'M' || sscanf(t->report, "%d;%d;%d", &button, &x, &y) != 3)
        return 0;
    t->pointer_x = x - 1;
    t->pointer_y = y - 1;
    return button == 0    ? KEYS_CLICK
           : button == 64 ? KEYS_WHEEL_UP
           : button == 65 ? KEYS_WHEEL_DOWN
                          : 0;
}

/* What the terminal says of itself or of a paste; false: it is a key. */
static bool take_report(struct terminal *t, wint_t code, uint32_t *out_key)
{
    *out_key = 0;
    if (code == CODE_SEEN)
        terminal_pace_heard(t);
    else if (code == CODE_MOUSE) {
        t->reporting = true;
        memset(t->report, 0, sizeof t->report);
    } else if (code == CODE_WATCHED || code == CODE_UNWATCHED)
        *out_key = code == CODE_WATCHED ? KEYS_WATCHED : KEYS_UNWATCHED;
    else if (code == CODE_PASTE_BEGIN || code == CODE_PASTE_END)
        *out_key = code == CODE_PASTE_BEGIN ? KEYS_PASTE : KEYS_PASTE_END;
    else
        return false;
    return true;
}

bool terminal_key(struct terminal *t, uint32_t *out_key)
{
    wint_t code;
    int kind;

    while ((kind = get_wch(&code)) != ERR) {
        bool function = kind == KEY_CODE_YES;

        if (t->reporting && !function) {
            *out_key = take_mouse(t, code);
        } else if (!(function && take_report(t, code, out_key))) {
            if (!function && code == 27 && swallow_sequence())
                continue;
            *out_key = key_of(code, function);
        }
        if (*out_key != 0)
            return true;
    }
    return false;
}

void terminal_pointer(const struct terminal *t, int *out_x, int *out_y)
{
    *out_x = t->pointer_x;
    *out_y = t->pointer_y;
}
