/*
 * theme.h - a theme's JSON: role -> style, for as many colours as the terminal has.
 *
 *     {"name": "dark",
 *      "palette": {"blue": {"16": 12, "256": 75, "rgb": "#5fafff"}},
 *      "roles": {"ok": {"fg": "blue", "attr": ["bold"], "mono": ["bold"]}, "pool.*": {"fg":
 * "blue"}}}
 *
 * A role that a theme does not name looks as role.h says, without colour. "pool.*" speaks of all
 * roles of that family that are not named themselves. Must not know how a terminal is written to.
 */
#ifndef CONSOLE_THEME_H
#define CONSOLE_THEME_H

#include <headgate/error.h>

#include "role.h"

enum depth { DEPTH_MONO, DEPTH_8, DEPTH_16, DEPTH_256, DEPTH_RGB };

/* One colour at every depth; -1: the terminal's own. */
struct theme_color {
    int c16, c256, rgb;
};

struct theme_role {
    struct theme_color fg, bg;
    unsigned attributes; /* with colour */
    unsigned mono;       /* without */
};

struct theme {
    char name[32];
    struct theme_role roles[ROLE_COUNT];
};

struct style {
    int fg, bg; /* number of the colour, at DEPTH_RGB 0xRRGGBB; -1: the terminal's own */
    unsigned attributes;
};

/* No colours at all: what is there when no theme can be read. */
void theme_plain(struct theme *out);

/* Reads a theme. origin: the file's name, for errors. err: HG_FILE with file and line; unknown
 * names are errors, with the name that was probably meant as hint. */
bool theme_parse(const char *text, size_t size, const char *origin, struct theme *out,
                 hg_error *err);

/* Finds NAME.json in the folders, in order, or reads `name` as a path when it has a slash in it.
 * folders: ended by NULL. err: HG_FILE; HG_IO when there is no such theme. */
bool theme_load(const char *name, const char *const *folders, struct theme *out, hg_error *err);

/* The name of the theme after this one, in the order of names; wraps around. false: none found. */
bool theme_next(const char *name, const char *const *folders, char *out, size_t size);

/* How a cell looks: its role, with a role laid over it (ROLE_TEXT: none). */
struct style theme_style(const struct theme *theme, enum depth depth, enum role role,
                         enum role over);

#endif
