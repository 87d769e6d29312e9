/*
 * theme.c - JSON to styles, strictly: a name that nobody knows is an error with its line.
 */
#include "theme.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"

enum { NAMES_MAX = 64 };

/* What is being read, for errors. */
struct reader {
    const char *text;
    size_t size;
    const char *origin;
    json_t *palette;
    hg_error *err;
};

static const struct theme_color own_color = {-1, -1, -1};

/* The key at the end of a path of keys: each is looked for behind the one before it. */
static size_t offset_of(const struct reader *r, const char *const *path, size_t depth)
{
    const char *at = r->text, *end = r->text + r->size, *key = at;
    char quoted[80];

    for (size_t i = 0; i < depth; i++) {
        const char *found;

        snprintf(quoted, sizeof quoted, "\"%s\"", path[i]);
        found = memmem(at, (size_t)(end - at), quoted, strlen(quoted));
        if (found == NULL)
            break;
        key = found;
        at = found + strlen(quoted);
    }
    return (size_t)(key - r->text);
}

static void place(const struct reader *r, const char *const *path, size_t depth)
{
    hg_error_place(r->err, r->origin, 0, 0);
    hg_error_excerpt(r->err, r->text, r->size, offset_of(r, path, depth));
}

static const char *nearest(const char *name, const char *const *known, size_t count)
{
    const char *best = NULL;

    for (size_t i = 0; i < count; i++)
        if (near_enough(name, known[i])
            && (best == NULL || near_distance(name, known[i]) < near_distance(name, best)))
            best = known[i];
    return best;
}

/* An unknown name at a path: what it is, where, and what was probably meant. */
static bool fail_unknown(const struct reader *r, const char *what, const char *const *path,
                         size_t depth, const char *const *known, size_t count)
{
    const char *name = path[depth - 1], *meant = nearest(name, known, count);

    hg_fail(r->err, HG_FILE, "could not read theme \"%s\": unknown %s \"%s\"", r->origin, what,
            name);
    place(r, path, depth);
    if (meant != NULL)
        hg_error_hint(r->err, "Did you mean \"%s\"?", meant);
    return false;
}

static bool fail_value(const struct reader *r, const char *const *path, size_t depth,
                       const char *wanted)
{
    hg_fail(r->err, HG_FILE, "could not read theme \"%s\": \"%s\" has to be %s", r->origin,
            path[depth - 1], wanted);
    place(r, path, depth);
    return false;
}

static bool check_keys(const struct reader *r, json_t *object, const char *what,
                       const char *const *path, size_t depth, const char *const *known,
                       size_t count)
{
    const char *full[8];
    const char *key;
    json_t *value;

    if (depth > 0)
        memcpy(full, path, depth * sizeof *path);
    json_object_foreach(object, key, value)
    {
        bool found = false;

        for (size_t i = 0; i < count; i++)
            found = found || strcmp(known[i], key) == 0;
        full[depth] = key;
        if (!found)
            return fail_unknown(r, what, full, depth + 1, known, count);
    }
    return true;
}

static bool read_number(const struct reader *r, json_t *value, int most, const char *const *path,
                        size_t depth, int *out)
{
    if (value == NULL)
        return true;
    if (!json_is_integer(value) || json_integer_value(value) < -1
        || json_integer_value(value) > most)
        return fail_value(r, path, depth, "a colour number (-1: the terminal's own)");
    *out = (int)json_integer_value(value);
    return true;
}

static bool read_rgb(const struct reader *r, json_t *value, const char *const *path, size_t depth,
                     int *out)
{
    const char *text = json_string_value(value);
    char *end;

    if (value == NULL)
        return true;
    if (text == NULL || strlen(text) != 7 || text[0] != '#'
        || strspn(text + 1, "0123456789abcdefABCDEF") != 6)
        return fail_value(r, path, depth, "a text like \"#5fafff\"");
    *out = (int)strtol(text + 1, &end, 16);
    return true;
}

/* A colour of the palette: {"16": 12, "256": 75, "rgb": "#5fafff"}. */
static bool read_color(const struct reader *r, const char *name, json_t *value,
                       struct theme_color *out)
{
    static const char *const keys[] = {"16", "256", "rgb"};
    const char *path[3] = {"palette", name, NULL};
    bool ok;

    *out = own_color;
    if (!json_is_object(value))
        return fail_value(r, path, 2, "an object");
    ok = check_keys(r, value, "key", path, 2, keys, 3);
    path[2] = "16";
    ok = ok && read_number(r, json_object_get(value, "16"), 15, path, 3, &out->c16);
    out->c256 = out->c16;
    path[2] = "256";
    ok = ok && read_number(r, json_object_get(value, "256"), 255, path, 3, &out->c256);
    out->rgb = theme_rgb_of(out->c256);
    path[2] = "rgb";
    return ok && read_rgb(r, json_object_get(value, "rgb"), path, 3, &out->rgb);
}

/* "fg" or "bg" of a role: the name of a colour. */
static bool pick_color(const struct reader *r, const char *role, const char *key, json_t *spec,
                       struct theme_color *out)
{
    json_t *value = json_object_get(spec, key), *color;
    const char *path[3] = {"roles", role, key}, *names[NAMES_MAX], *name;
    size_t count = 0;

    if (value == NULL)
        return true;
    if (!json_is_string(value))
        return fail_value(r, path, 3, "the name of a colour in the palette");
    color = json_object_get(r->palette, json_string_value(value));
    if (color != NULL)
        return read_color(r, json_string_value(value), color, out);
    json_object_foreach(r->palette, name, color) if (count < NAMES_MAX) names[count++] = name;
    path[2] = json_string_value(value);
    return fail_unknown(r, "colour", path, 3, names, count);
}

static bool read_attributes(const struct reader *r, const char *role, const char *key, json_t *spec,
                            unsigned *out)
{
    static const char *const names[] = {"bold", "dim", "underline", "reverse"};
    json_t *list = json_object_get(spec, key), *item;
    const char *path[3] = {"roles", role, key};
    size_t i;

    if (list == NULL)
        return true;
    if (!json_is_array(list))
        return fail_value(r, path, 3, "a list of attributes");
    *out = 0;
    json_array_foreach(list, i, item)
    {
        const char *name = json_string_value(item);
        unsigned bit = 0;

        for (unsigned n = 0; name != NULL && n < 4; n++)
            bit |= strcmp(names[n], name) == 0 ? 1u << n : 0;
        path[2] = name == NULL ? key : name;
        if (bit == 0)
            return fail_unknown(r, "attribute", path, 3, names, 4);
        *out |= bit;
    }
    return true;
}

static bool read_style(const struct reader *r, const char *name, json_t *spec,
                       struct theme_role *out)
{
    static const char *const keys[] = {"fg", "bg", "attr", "mono"};
    const char *path[] = {"roles", name};

    if (!json_is_object(spec))
        return fail_value(r, path, 2, "an object");
    out->attributes = 0;
    out->named = true;
    return check_keys(r, spec, "key", path, 2, keys, 4) && pick_color(r, name, "fg", spec, &out->fg)
           && pick_color(r, name, "bg", spec, &out->bg)
           && read_attributes(r, name, "attr", spec, &out->attributes)
           && read_attributes(r, name, "mono", spec, &out->mono);
}

/* Whether "pool.*" speaks of "pool.used". */
static bool is_family(const char *pattern, const char *role)
{
    size_t n = strlen(pattern);

    return n > 2 && strcmp(pattern + n - 2, ".*") == 0 && strncmp(pattern, role, n - 1) == 0;
}

/* Applies one entry of "roles"; families first, so that names can say otherwise. */
static bool read_role(const struct reader *r, const char *name, json_t *spec, bool families,
                      struct theme *out)
{
    const char *known[ROLE_COUNT], *path[] = {"roles", name};
    bool ok = true, found = false;

    for (size_t i = 0; ok && i < ROLE_COUNT; i++) {
        bool family = is_family(name, theme_role_name((enum role)i));

        known[i] = theme_role_name((enum role)i);
        if (!family && strcmp(name, known[i]) != 0)
            continue;
        found = true;
        if (family == families)
            ok = read_style(r, name, spec, &out->roles[i]);
    }
    return ok && (found || fail_unknown(r, "role", path, 2, known, ROLE_COUNT));
}

static bool read_roles(const struct reader *r, json_t *roles, bool families, struct theme *out)
{
    const char *name;
    json_t *spec;

    json_object_foreach(roles, name,
                        spec) if (!read_role(r, name, spec, families, out)) return false;
    return true;
}

static bool read_palette(const struct reader *r)
{
    struct theme_color color;
    const char *name;
    json_t *value;

    json_object_foreach(r->palette, name,
                        value) if (!read_color(r, name, value, &color)) return false;
    return true;
}

static bool read_theme(struct reader *r, json_t *root, struct theme *out)
{
    static const char *const keys[] = {"name", "background", "palette", "roles"};
    static const char *const name_path[] = {"name"}, *const roles_path[] = {"roles"};
    static const char *const background_path[] = {"background"};
    json_t *name = json_object_get(root, "name"), *roles = json_object_get(root, "roles");

    if (!json_is_object(root))
        return hg_fail(r->err, HG_FILE, "could not read theme \"%s\": it is not an object",
                       r->origin);
    if (!check_keys(r, root, "key", NULL, 0, keys, 4))
        return false;
    if (!json_is_string(name) || strlen(json_string_value(name)) >= sizeof out->name)
        return fail_value(r, name_path, 1, "a short text");
    if (!json_is_object(roles))
        return fail_value(r, roles_path, 1, "an object");
    r->palette = json_object_get(root, "palette");
    theme_plain(out);
    snprintf(out->name, sizeof out->name, "%s", json_string_value(name));
    return read_rgb(r, json_object_get(root, "background"), background_path, 1, &out->background)
           && read_palette(r) && read_roles(r, roles, true, out)
           && read_roles(r, roles, false, out);
}

bool theme_parse(const char *text, size_t size, const char *origin, struct theme *out,
                 hg_error *err)
{
    struct reader r = {.text = text, .size = size, .origin = origin, .err = err};
    struct theme made;
    json_error_t wrong;
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &wrong);
    bool ok;

    if (root == NULL) {
        hg_fail(err, HG_FILE, "could not read theme \"%s\": %s", origin, wrong.text);
        hg_error_place(err, origin, wrong.line < 1 ? 1 : wrong.line,
                       wrong.column < 1 ? 1 : wrong.column);
        return false;
    }
    ok = read_theme(&r, root, &made);
    json_decref(root);
    if (ok)
        *out = made;
    return ok;
}
