/*
 * rule.c - reads rules, and says which are about a column. Pure.
 */
#include "rule.h"

#include <ctype.h>
#include <strings.h>

#include "rule_apply.h"

// clang-format off
static const struct action_row {
    const char *name;
    const char *argument; /* what stands behind it, for the error; NULL: nothing */
} actions[RULE_ACTIONS] = {
    [RULE_NULL]     = {"null",     NULL},
    [RULE_DEFAULT]  = {"default",  "a VALUE"},
    [RULE_TRUNCATE] = {"truncate", NULL},
    [RULE_ROUND]    = {"round",    NULL},
    [RULE_MAP]      = {"map",      "FROM=TO"},
    [RULE_CAST]     = {"cast",     "a KIND"},
    [RULE_REJECT]   = {"reject",   NULL},
    [RULE_SKIP]     = {"skip",     NULL},
    [RULE_AS]       = {"as",       "a TYPE"},
};
// clang-format on

const char *rule_action_name(enum rule_action action)
{
    return actions[action].name;
}

struct cursor {
    struct rules *rules;
    const char *at;
    bool failed; /* out of memory */
};

static void skip_blank(struct cursor *c)
{
    while (isspace((unsigned char)*c->at))
        c->at++;
}

static bool is_plain(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '*' || (unsigned char)c >= 0x80;
}

/* A name, plain or in double quotes (doubled inside); NULL: there is none. */
static const char *take_name(struct cursor *c)
{
    const char *from = c->at;
    char *name, *to;

    if (*from != '"') {
        while (is_plain(*c->at))
            c->at++;
        name = arena_text_n(&c->rules->arena, from, (size_t)(c->at - from));
        c->failed = c->failed || name == NULL;
        return c->at == from ? NULL : name;
    }
    name = to = arena_alloc(&c->rules->arena, strlen(from) + 1, 1);
    c->failed = c->failed || name == NULL;
    if (name == NULL)
        return NULL;
    for (c->at++; *c->at != '\0'; c->at++) {
        if (*c->at == '"' && *++c->at != '"')
            return name;
        *to++ = *c->at;
    }
    return NULL;
}

/* What stands up to the next blank. */
static const char *take_word(struct cursor *c)
{
    const char *from = c->at;
    const char *word;

    while (*c->at != '\0' && !isspace((unsigned char)*c->at))
        c->at++;
    word = arena_text_n(&c->rules->arena, from, (size_t)(c->at - from));
    c->failed = c->failed || word == NULL;
    return word == NULL ? "" : word;
}

/* "*" means any. */
static const char *any(const char *name)
{
    return strcmp(name, "*") == 0 ? NULL : name;
}

static const char *take_selector(struct cursor *c, struct rule *rule)
{
    const char *name;

    if (*c->at == ':') {
        c->at++;
        rule->type = take_name(c);
        return rule->type == NULL ? "a type has to stand behind \":\"" : NULL;
    }
    name = take_name(c);
    if (name == NULL)
        return "it has to begin with TABLE.COLUMN, TABLE or :TYPE";
    rule->table = any(name);
    rule->column = "";
    if (*c->at != '.')
        return NULL;
    c->at++;
    name = take_name(c);
    if (name == NULL)
        return "a column has to stand behind \".\"";
    rule->column = any(name);
    return NULL;
}

static const char *take_finding(struct cursor *c, struct rule *rule)
{
    const char *id;

    if (*c->at != '@')
        return NULL;
    c->at++;
    id = take_word(c);
    for (int f = 0; f < FINDINGS; f++)
        if (strcmp(finding_id((enum finding)f), id) == 0 && !finding_fits((enum finding)f)) {
            rule->finding = (enum finding)f;
            return NULL;
        }
    return "behind \"@\" has to stand the id of a misfit, as a dry run shows it";
}

static const char *take_argument(struct cursor *c, struct rule *rule)
{
    const char *rest, *equals;
    size_t n;

    skip_blank(c);
    n = strlen(c->at);
    while (n > 0 && isspace((unsigned char)c->at[n - 1]))
        n--;
    rest = arena_text_n(&c->rules->arena, c->at, n);
    c->failed = c->failed || rest == NULL;
    if (rest == NULL)
        return NULL;
    if (actions[rule->action].argument == NULL)
        return rest[0] == '\0' ? NULL : "nothing may stand behind this action";
    if (rest[0] == '\0')
        return "the action needs something behind it: default VALUE, map FROM=TO, cast KIND, as "
               "TYPE";
    rule->to = rest;
    if (rule->action == RULE_CAST)
        return rule_find_cast(rest, &rule->cast) ? NULL : "there is no such kind of cast";
    if (rule->action == RULE_AS)
        return typemap_parse(rest, &rule->made) ? NULL : "there is no such type for a column";
    if (rule->action == RULE_DEFAULT)
        return NULL;
    equals = strchr(rest, '=');
    if (equals == NULL)
        return "map needs FROM=TO";
    rule->from = arena_text_n(&c->rules->arena, rest, (size_t)(equals - rest));
    rule->to = equals + 1;
    c->failed = c->failed || rule->from == NULL;
    return NULL;
}

static const char *take_action(struct cursor *c, struct rule *rule)
{
    const char *word;

    skip_blank(c);
    word = take_word(c);
    for (int a = 0; a < RULE_ACTIONS; a++)
        if (strcmp(actions[a].name, word) == 0) {
            rule->action = (enum rule_action)a;
            if (rule->column != NULL && rule->column[0] == '\0' && a != RULE_SKIP)
                return "for a whole table there is only \"skip\"; TABLE.* means all its columns";
            return take_argument(c, rule);
        }
    return "the action has to be null, default, truncate, round, map, cast, reject, skip or as";
}

bool rules_add(struct rules *rules, const char *text, const char *file, int line, hg_error *err)
{
    struct cursor c = {.rules = rules, .at = text};
    struct rule rule = {.text = arena_text(&rules->arena, text)}, *place;
    const char *wrong;

    skip_blank(&c);
    wrong = take_selector(&c, &rule);
    if (wrong == NULL)
        wrong = take_finding(&c, &rule);
    if (wrong == NULL)
        wrong = take_action(&c, &rule);
    place = wrong == NULL && !c.failed && rule.text != NULL ? VEC_PUSH(&rules->list) : NULL;
    if (place != NULL) {
        *place = rule;
        return true;
    }
    if (wrong == NULL)
        return hg_fail(err, HG_NOMEM, "could not read the rules: out of memory");
    hg_fail(err, file == NULL ? HG_USAGE : HG_CONFIG, "rule \"%s\": %s", text, wrong);
    hg_error_hint(err, "For example: orders.total@numeric-scale round");
    hg_error_place(err, file, line, (int)(c.at - text) + 1);
    return false;
}

/* A line without what stands behind a # that no quotes are around. */
static size_t line_size(const char *line)
{
    bool quoted = false;
    size_t n = 0;

    for (; line[n] != '\0' && line[n] != '\n' && (quoted || line[n] != '#'); n++)
        quoted = quoted != (line[n] == '"');
    return n;
}

bool rules_add_file(struct rules *rules, const char *file, const char *text, hg_error *err)
{
    bool ok = true;

    for (int line = 1; ok && *text != '\0'; line++) {
        size_t n = line_size(text);
        const char *rule = arena_text_n(&rules->arena, text, n);

        if (rule == NULL)
            return hg_fail(err, HG_NOMEM, "could not read the rules: out of memory");
        if (rule[strspn(rule, " \t\r")] != '\0')
            ok = rules_add(rules, rule, file, line, err);
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return ok;
}

void rules_release(struct rules *rules)
{
    VEC_RELEASE(&rules->list);
    arena_release(&rules->arena);
}

bool rule_matches(const struct rule *rule, const char *table, const char *column, const char *type)
{
    if (rule->type != NULL)
        return column[0] != '\0' && strncasecmp(type, rule->type, strlen(rule->type)) == 0
               && !isalnum((unsigned char)type[strlen(rule->type)]);
    if (rule->table != NULL && strcasecmp(rule->table, table) != 0)
        return false;
    if (rule->column != NULL && rule->column[0] == '\0')
        return column[0] == '\0';
    return column[0] != '\0' && (rule->column == NULL || strcasecmp(rule->column, column) == 0);
}
