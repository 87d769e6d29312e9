/*
 * theme.h - a theme's JSON: role -> style, for as many colours as the terminal has.
 *
 *     {"name": "dark", "background": "#14171c",
 *      "palette": {"blue": {"16": 12, "256": 75, "rgb": "#5fafff"}},
 *      "roles": {"ok": {"fg": "blue", "attr": ["bold"], "mono": ["bold"]}, "pool.*": {"fg":
 * "blue"}}}
 *
 * The background is the one that the theme was made for; it is not painted, as the terminal has its
 * own, but tells how well the colours can be read. A role that a theme does not name looks as
 * role.h says, without colour. "pool.*" speaks of all roles of that family that are not named
 * themselves. Must not know how a terminal is written to.
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
    bool named;          /* the theme speaks of it */
};

enum { THEME_NAME_SIZE = 64, THEMES_MAX = 48 };

struct theme {
    char name[32];
    int background; /* that it was made for, 0xRRGGBB; -1: not told */
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

/* Reads the theme in a file. err: HG_FILE, HG_IO. */
bool theme_read(const char *path, struct theme *out, hg_error *err);

/* Finds NAME.json in the folders, in order, or reads `name` as a path when it has a slash in it.
 * folders: ended by NULL. err: HG_FILE; HG_IO when there is no such theme. */
bool theme_load(const char *name, const char *const *folders, struct theme *out, hg_error *err);

/* Where themes are looked for: the user's own folder ("": none) before those of the program. */
enum { THEME_FOLDERS = 4 };
void theme_folders(const char *own, const char *out[THEME_FOLDERS]);

/* The names of all themes there are, each once, sorted; how many. */
size_t theme_names(const char *const *folders, char out[][THEME_NAME_SIZE], size_t most);

/* The file of a theme; false: there is none of that name. */
bool theme_path(const char *name, const char *const *folders, char *out, size_t size);

/* The name of the theme after this one, in the order of names; wraps around. false: none found. */
bool theme_next(const char *name, const char *const *folders, char out[THEME_NAME_SIZE]);

/* How a cell looks: its role, with a role laid over it (ROLE_TEXT: none). */
struct style theme_style(const struct theme *theme, enum depth depth, enum role role,
                         enum role over);

/* What terminals show for a number of the 256-colour palette; -1 for -1. */
int theme_rgb_of(int number);

/* The role's name in themes. Static. */
const char *theme_role_name(enum role role);

/* Lines, and what is not there, may be faint; what is read may not. */
bool theme_is_read(enum role role);

/* The ratio, from 1 to 21, as WCAG 2 defines it, between two colours 0xRRGGBB. */
double theme_contrast_of(int a, int b);

/* What text needs at least (WCAG 2, level AA). */
#define CONTRAST_LEAST 4.5

/* The smallest contrast of a role at the depths whose colours are known, also on a selected row;
 * 0: not known, as it is the terminal's own colour or background. */
double theme_contrast(const struct theme *theme, enum role role);

#endif
