/*
 * wire.h - what ncurses wrote, said in fewer bytes.
 *
 * Pure. Must not know what a terminal shows: only sequences are taken together, never what stands
 * between them.
 */
#ifndef CONSOLE_WIRE_H
#define CONSOLE_WIRE_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/*
 * Appends the bytes of a frame.
 *  - Styles (SGR, "CSI ... m") that follow each other become one, from the last one on that begins
 *    with a reset.
 *  - The choice of ASCII ("ESC ( B"), which ncurses repeats with every reset, is said the first
 *    time: no other character set is ever chosen.
 *  - What is to be repeated (REP, "CSI n b") is spelled out: libvterm, the terminal within editors,
 *    takes a row for full one column too early after such an order, and puts what follows into the
 *    next row.
 * chosen: whether ASCII has been chosen; false at first.
 */
void wire_append(struct buf *out, const char *bytes, size_t size, bool *chosen);

#endif
