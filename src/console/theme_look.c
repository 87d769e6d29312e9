/*
 * theme_look.c - how a role looks under a theme at a depth, and how well that can be read. Pure.
 */
#include "theme.h"

#include <math.h>
#include <stdio.h>

static const struct {
    const char *name;
    unsigned mono;
} role_rows[ROLE_COUNT] = {
#define ROLE_ROW(name, theme_name, mono_attributes) {theme_name, mono_attributes},
    ROLE_TABLE(ROLE_ROW)
#undef ROLE_ROW
};

const char *theme_role_name(enum role role)
{
    return role_rows[role].name;
}

static const struct theme_color own_color = {-1, -1, -1};

void theme_plain(struct theme *out)
{
    *out = (struct theme){.name = "plain", .background = -1};
    for (size_t i = 0; i < ROLE_COUNT; i++)
        out->roles[i] =
            (struct theme_role){own_color, own_color, role_rows[i].mono, role_rows[i].mono, false};
}

/* What terminals show for a number of the 256-colour palette: 16 named ones, a cube, greys. */
int theme_rgb_of(int number)
{
    static const int named[16] = {0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd,
                                  0x00cdcd, 0xe5e5e5, 0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00,
                                  0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff};
    static const int cube[6] = {0x00, 0x5f, 0x87, 0xaf, 0xd7, 0xff};
    int n = number - 16;

    if (number < 0)
        return -1;
    if (number < 16)
        return named[number];
    return number >= 232 ? (8 + 10 * (number - 232)) * 0x010101
                         : cube[n / 36] << 16 | cube[n / 6 % 6] << 8 | cube[n % 6];
}

static int at_depth(struct theme_color c, enum depth depth)
{
    if (depth >= DEPTH_256)
        return depth == DEPTH_RGB ? c.rgb : c.c256;
    return depth == DEPTH_8 && c.c16 >= 8 ? c.c16 - 8 : c.c16;
}

struct style theme_style(const struct theme *theme, enum depth depth, enum role role,
                         enum role over)
{
    const struct theme_role *r = &theme->roles[role], *o = &theme->roles[over];
    struct style style = {-1, -1, r->mono};

    if (depth == DEPTH_MONO) {
        style.attributes |= over == ROLE_TEXT ? 0 : o->mono;
        return style;
    }
    style = (struct style){at_depth(r->fg, depth), at_depth(r->bg, depth), r->attributes};
    if (depth == DEPTH_8 && r->fg.c16 >= 8) /* the bright half is the bold half there */
        style.attributes |= ATTR_BOLD;
    if (over == ROLE_TEXT)
        return style;
    if (style.bg < 0) { /* what has a background of its own was chosen to be read on that one */
        style.bg = at_depth(o->bg, depth);
        style.fg = at_depth(o->fg, depth) >= 0 ? at_depth(o->fg, depth) : style.fg;
    }
    style.attributes |= o->attributes;
    return style;
}

bool theme_is_read(enum role role)
{
    return role != ROLE_BORDER && role != ROLE_BORDER_FOCUS && role != ROLE_BORDER_PROD
           && role != ROLE_POOL_FREE && role != ROLE_POOL_IDLE && role != ROLE_GAUGE_TODO;
}

static double channel(int value)
{
    double c = value / 255.0;

    return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double luminance(int rgb)
{
    return 0.2126 * channel(rgb >> 16 & 255) + 0.7152 * channel(rgb >> 8 & 255)
           + 0.0722 * channel(rgb & 255);
}

double theme_contrast_of(int a, int b)
{
    double x = luminance(a), y = luminance(b);

    return x > y ? (x + 0.05) / (y + 0.05) : (y + 0.05) / (x + 0.05);
}

/* 0: not known. The sixteen colours are as the user's terminal has them. */
static double contrast_at(const struct theme *theme, enum depth depth, enum role role,
                          enum role over)
{
    struct style s = theme_style(theme, depth, role, over);
    bool numbers = depth == DEPTH_256;
    int fg = numbers ? theme_rgb_of(s.fg) : s.fg;
    int bg = s.bg < 0 ? theme->background : numbers ? theme_rgb_of(s.bg) : s.bg;

    return fg < 0 || bg < 0 ? 0 : theme_contrast_of(fg, bg);
}

double theme_contrast(const struct theme *theme, enum role role)
{
    double least = 0;

    for (int depth = DEPTH_256; depth <= DEPTH_RGB; depth++)
        for (int selected = 0; selected < 2; selected++) {
            double seen =
                contrast_at(theme, (enum depth)depth, role, selected ? ROLE_SELECT : ROLE_TEXT);

            if (seen > 0 && (seen < least || least <= 0))
                least = seen;
        }
    return least;
}
