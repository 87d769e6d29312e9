/*
 * tty_parts.h - what a terminal emulator is made of: for tty.c, which works it, and tty_svg.c,
 * which draws its screen.
 */
#ifndef SUPPORT_TTY_PARTS_H
#define SUPPORT_TTY_PARTS_H

#include <termios.h>

#include <vterm.h>

#include "base/buf.h"
#include "tty.h"

struct tty {
    VTerm *emulator;
    VTermScreen *screen;
    int master, slave; /* the slave is kept open: its modes can be asked after the program's end */
    pid_t pid;
    bool ended, alternate, cursor_visible;
    bool holds; /* its answers */
    int status, unknown;
    struct buf bytes;
    size_t fed; /* of them to the emulator */
    struct termios before;
};

#endif
