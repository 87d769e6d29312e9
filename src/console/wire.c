/*
 * wire.c - one pass over the bytes, with the style that has not been said yet.
 */
#include "wire.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum { STYLE_MAX = 96, PARAMETERS_MAX = 48 };

struct wire {
    struct buf *out;
    char style[STYLE_MAX]; /* parameters of the style that is to be said; size 0: none */
    size_t size;
};

static void say_style(struct wire *w)
{
    if (w->size == 0)
        return;
    buf_text(w->out, "\033[");
    if (w->size != 1 || w->style[0] != '0')
        buf_bytes(w->out, w->style, w->size);
    buf_char(w->out, 'm');
    w->size = 0;
}

/* No parameter is a zero: both reset. */
static void take_style(struct wire *w, const char *parameters, size_t size)
{
    if (size == 0) {
        parameters = "0";
        size = 1;
    }
    if (parameters[0] == '0' && (size == 1 || parameters[1] == ';'))
        w->size = 0;
    else if (w->size + size + 1 > sizeof w->style)
        say_style(w);
    else if (w->size > 0)
        w->style[w->size++] = ';';
    memcpy(w->style + w->size, parameters, size);
    w->size += size;
}

/* Parameters of a control sequence that begins here: their length, when they are plain numbers and
 * `final` stands behind them; -1: something else is there. */
static int find_parameters(const char *bytes, size_t size, char final)
{
    size_t n = 2;

    if (size < 3 || bytes[0] != '\033' || bytes[1] != '[')
        return -1;
    while (n < size && n < PARAMETERS_MAX + 2 && strchr("0123456789;", bytes[n]) != NULL
           && bytes[n] != '\0')
        n++;
    return n < size && bytes[n] == final ? (int)n - 2 : -1;
}

static void repeat(struct buf *out, char byte, int count)
{
    for (int i = 0; i < count; i++)
        buf_char(out, byte);
}

void wire_append(struct buf *out, const char *bytes, size_t size, bool *chosen)
{
    static const char ascii[] = "\033(B";
    struct wire w = {.out = out};

    for (size_t i = 0, n; i < size; i += n) {
        int style = find_parameters(bytes + i, size - i, 'm');
        int again = i == 0 ? -1 : find_parameters(bytes + i, size - i, 'b');
        bool choice = size - i >= 3 && memcmp(bytes + i, ascii, 3) == 0;

        n = choice ? 3 : style >= 0 ? (size_t)style + 3 : again > 0 ? (size_t)again + 3 : 1;
        if (style >= 0) {
            take_style(&w, bytes + i + 2, (size_t)style);
        } else if (again > 0) {
            repeat(out, bytes[i - 1], atoi(bytes + i + 2));
        } else if (!choice || !*chosen) {
            say_style(&w);
            buf_bytes(out, bytes + i, n);
        }
        *chosen = *chosen || choice;
    }
    say_style(&w);
}
