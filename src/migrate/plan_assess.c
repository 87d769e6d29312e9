/*
 * plan_assess.c - what each statement of a plan locks, works and risks.
 */
#include "plan_assess.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "sql/hazard.h"

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not look into the plan: out of memory");
}

bool assess_check_accept(const char *const *accept, size_t count, hg_error *err)
{
    for (size_t i = 0; i < count; i++)
        if (hazard_named(accept[i], err) == NULL)
            return false;
    return true;
}

/* One statement while it is looked into. */
struct view {
    struct assessor *a;
    const struct assess_step *read;
    const hg_plan_step *step;
    hg_plan_statement *out;
    const hg_plan_statement *before; /* NULL: it is the first */
    size_t index;
    const struct classified *class;
    const struct assess_trial *trial; /* never NULL */
    VEC(hg_plan_table) tables;
    VEC(hg_hazard) hazards;
    bool failed; /* memory ran out */
};

/* --- what is there --- */

static bool is_created(const struct assessor *a, const char *name)
{
    const struct live_table *live = live_find(a->live, name);

    if (plan_names_have(&a->created, name))
        return true;
    return live != NULL && !live->exists; /* whoever makes it, makes it in this plan */
}

static void create(struct view *v, const char *name)
{
    v->failed = !plan_names_add(&v->a->created, name) || v->failed;
}

static void drop(struct view *v, const char *name)
{
    plan_names_remove(&v->a->created, name);
    v->failed = !plan_names_add(&v->a->dropped, name) || v->failed;
}

/* IF NOT EXISTS creates what is not there: what the database does not know, or has just lost. */
static void create_if(struct view *v, const char *name)
{
    const struct live_table *live = live_find(v->a->live, name);

    if (live == NULL || !live->exists || plan_names_have(&v->a->dropped, name))
        create(v, name);
}

static void apply_effects(struct view *v)
{
    for (size_t i = 0; i < v->class->effect_count; i++) {
        const struct class_effect *e = &v->class->effects[i];
        bool created = is_created(v->a, e->name);

        if (e->kind == EFFECT_CREATE)
            create(v, e->name);
        else if (e->kind == EFFECT_CREATE_IF)
            create_if(v, e->name);
        else
            drop(v, e->name);
        if (e->kind == EFFECT_RENAME && created)
            create(v, e->to);
    }
}

/* --- tables --- */

static hg_plan_table *table_named(struct view *v, const char *name, bool created)
{
    const struct live_table *live = live_find(v->a->live, name);
    const char *full = live != NULL && live->exists ? live->full : name;
    hg_plan_table *t;

    VEC_EACH (&v->tables, t)
        if (classify_same_name(t->name, full))
            return t;
    t = VEC_PUSH(&v->tables);
    if (t == NULL) {
        v->failed = true;
        return NULL;
    }
    *t = (hg_plan_table){.name = full, .rows = -1, .size_bytes = -1, .created = created};
    if (live != NULL && !t->created) {
        t->rows = live->rows;
        t->size_bytes = live->size_bytes;
        t->rows_exact = live->rows_exact;
    }
    return t;
}

/* What was seen of the table that the statement calls so, or of the table of such an index. */
static const struct assess_seen *seen_named(const struct view *v, const char *name)
{
    const struct live_table *live = live_find(v->a->live, name);

    for (size_t i = 0; i < v->trial->count; i++) {
        const struct assess_seen *s = &v->trial->seen[i];

        if (classify_same_name(s->now, name)
            || (live != NULL && live->exists && strcmp(s->name, live->full) == 0))
            return s;
    }
    return NULL;
}

/* Whether all that the statement locks was seen. */
static bool has_seen_locks(const struct view *v)
{
    return v->trial->locks && !v->trial->partial;
}

/* And all that it does. */
static bool has_seen_work(const struct view *v)
{
    return v->trial->work && !v->trial->partial;
}

/* Where locks were seen, a table that nobody saw is none of the statement's. */
static hg_plan_table *table_used(struct view *v, const char *name)
{
    const struct assess_seen *seen = seen_named(v, name);

    if (seen != NULL)
        return table_named(v, seen->name, seen->created);
    return has_seen_locks(v) ? NULL : table_named(v, name, is_created(v->a, name));
}

static void touch(struct view *v, const char *name, hg_lock_mode lock, unsigned work)
{
    hg_plan_table *t;

    if (name[0] == '\0' || (t = table_used(v, name)) == NULL)
        return;
    if (lock > t->lock)
        t->lock = lock;
    t->scan = t->scan || (work & (WORK_SCAN | WORK_BUILD)) != 0;
    t->rewrite = t->rewrite || (work & WORK_REWRITE) != 0;
    t->index_build = t->index_build || (work & WORK_BUILD) != 0;
    t->loses_rows = t->loses_rows || (work & WORK_LOSS) != 0;
}

/* What the table of forms still has to say: what is lost can be seen only in part. */
static unsigned not_seen(const struct view *v, unsigned work)
{
    return has_seen_work(v) ? work & WORK_LOSS : work;
}

/* The new files of TRUNCATE are empty: nothing is read for them. */
static void touch_seen(struct view *v)
{
    bool empties = v->class->uses[0].form == FORM_TRUNCATE;

    for (size_t i = 0; i < v->trial->count; i++) {
        const struct assess_seen *seen = &v->trial->seen[i];
        hg_plan_table *t = table_named(v, seen->name, seen->created);

        if (t == NULL)
            return;
        t->lock = seen->lock;
        t->scan = !empties && (seen->scan || seen->index_build);
        t->rewrite = seen->rewrite;
        t->index_build = !empties && seen->index_build;
        t->loses_rows = seen->rows && (seen->gone || (empties && seen->rewrite));
    }
}

static void touch_all(struct view *v)
{
    touch_seen(v);
    for (size_t i = 0; i < v->class->use_count; i++) {
        const struct class_use *use = &v->class->uses[i];
        const struct form *form = form_at(use->form, v->a->server_version);
        bool seen = has_seen_locks(v);
        hg_lock_mode lock;

        if (form == NULL)
            continue;
        lock = use->lock != HG_LOCK_NONE ? use->lock : form->lock;
        touch(v, use->table, seen ? HG_LOCK_NONE : lock, not_seen(v, form->work));
        touch(v, use->other, seen ? HG_LOCK_NONE : form->other, not_seen(v, form->other_work));
    }
}

/* --- hazards --- */

static const char *accepted(const struct view *v, const char *id)
{
    const char *reason = plan_accepts_find(&v->read->accepts, v->index, id);

    for (size_t i = 0; i < v->a->accept_count && reason == NULL; i++)
        if (strcmp(v->a->accept[i], id) == 0)
            reason = "--accept";
    return reason;
}

/* Dangers stand before warnings; each hazard once. */
static void add(struct view *v, const char *id)
{
    const hg_hazard *known = hazard_find(id);
    hg_hazard *h;
    size_t at;

    VEC_EACH (&v->hazards, h)
        if (strcmp(h->id, id) == 0)
            return;
    if (VEC_PUSH(&v->hazards) == NULL) {
        v->failed = true;
        return;
    }
    for (at = v->hazards.count - 1; at > 0; at--) {
        if (v->hazards.items[at - 1].severity >= known->severity)
            break;
        v->hazards.items[at] = v->hazards.items[at - 1];
    }
    v->hazards.items[at] = *known;
    v->hazards.items[at].accepted = accepted(v, id);
}

/* Whether a form's hazard hits nobody, because its table is new. */
static bool is_harmless(const struct view *v, const struct class_use *use)
{
    const char *name = use->table[0] != '\0' ? use->table : use->other;
    const struct assess_seen *seen = seen_named(v, name);

    return seen != NULL ? seen->created : name[0] != '\0' && is_created(v->a, name);
}

/* SQLite: whether a later statement of the step gives the name to another table. */
static bool is_replaced(const struct view *v, const char *name)
{
    for (size_t i = v->index + 1; i < v->read->script->count; i++) {
        const struct classified *later = &v->read->classes[i];

        for (size_t j = 0; j < later->effect_count; j++)
            if (later->effects[j].kind == EFFECT_RENAME
                && classify_same_name(later->effects[j].to, name))
                return true;
    }
    return false;
}

enum { WORK_LONG = WORK_SCAN | WORK_REWRITE | WORK_BUILD };

/* Whether the statement was seen to read or write all of a table that others use. */
static bool was_long(const struct view *v)
{
    for (size_t i = 0; i < v->trial->count; i++) {
        const struct assess_seen *s = &v->trial->seen[i];

        if (s->rows && !s->created && (s->scan || s->rewrite || s->index_build))
            return true;
    }
    return false;
}

/* Whether a form's hazard is the long work that it may mean and did not. */
static bool was_refuted(const struct view *v, const struct form *form)
{
    unsigned sure = ((form->work & WORK_WORST) != 0 ? 0 : form->work)
                    | ((form->other_work & WORK_WORST) != 0 ? 0 : form->other_work);

    if (!has_seen_work(v))
        return false;
    if (form->id == FORM_ALTER_TABLE_OTHER) /* what it does was seen */
        return true;
    return ((form->work | form->other_work) & WORK_LONG) != 0 && (sure & WORK_LONG) == 0
           && (form->work & WORK_LOSS) == 0 && !was_long(v);
}

static void add_of_use(struct view *v, const struct class_use *use)
{
    const struct form *form = form_at(use->form, v->a->server_version);

    if (form == NULL) {
        add(v, "not-in-this-version");
        return;
    }
    if ((form->work & WORK_ALONE) != 0 && v->step->transaction)
        add(v, "not-in-transaction");
    if (form->hazard == NULL || is_harmless(v, use) || was_refuted(v, form))
        return;
    if (form->id == FORM_LITE_DROP_TABLE && is_replaced(v, use->table)) {
        if (!v->a->foreign_keys_off)
            add(v, "table-rebuild");
    } else if (form->id != FORM_LOCK_TABLE || hg_lock_blocks_writes(use->lock)) {
        add(v, form->hazard);
    }
}

/* What the table of forms said that the statement would do to all of some table, at the most. */
static unsigned foretold(const struct view *v)
{
    unsigned work = 0;

    for (size_t i = 0; i < v->class->use_count; i++) {
        const struct form *form = form_at(v->class->uses[i].form, v->a->server_version);

        if (form != NULL)
            work |= (form->work | form->other_work) & WORK_LONG;
    }
    return work;
}

/* Long work that was seen and that no form foretold. */
static void add_of_trial(struct view *v)
{
    unsigned said = foretold(v);

    for (size_t i = 0; v->trial->work && i < v->trial->count; i++) {
        const struct assess_seen *s = &v->trial->seen[i];

        if (!s->rows || s->created)
            continue;
        if (s->rewrite && (said & WORK_REWRITE) == 0)
            add(v, "table-rewrite");
        else if ((s->scan || s->index_build) && said == 0 && hg_lock_blocks_writes(s->lock))
            add(v, "table-scan");
    }
}

/* The strongest lock that the statement takes on what was there before the plan. */
static const hg_plan_table *strongest(const struct view *v)
{
    const hg_plan_table *best = NULL, *t;

    VEC_EACH (&v->tables, t)
        if (!t->created && t->lock != HG_LOCK_NONE && (best == NULL || t->lock > best->lock))
            best = t;
    return best;
}

/* Whether the statement is sure to take as long as a table is large; the new file of TRUNCATE is
 * empty. */
static bool is_long(const struct view *v)
{
    if (has_seen_work(v) && v->class->uses[0].form != FORM_TRUNCATE)
        return was_long(v);
    for (size_t i = 0; i < v->class->use_count; i++) {
        const struct class_use *use = &v->class->uses[i];
        const struct form *form = form_at(use->form, v->a->server_version);

        if (form != NULL && form->id != FORM_TRUNCATE && use->table[0] != '\0'
            && !is_created(v->a, use->table)
            && (form->work & (WORK_SCAN | WORK_REWRITE | WORK_BUILD)) != 0
            && (form->work & WORK_WORST) == 0)
            return true;
    }
    return false;
}

static void look_at_locks(struct view *v)
{
    const hg_plan_table *mine = strongest(v);
    bool blocks = mine != NULL && hg_lock_blocks_writes(mine->lock);

    if (v->a->held != HG_LOCK_NONE && is_long(v)
        && (mine == NULL || mine->lock < v->a->held
            || !classify_same_name(mine->name, v->a->held_table)))
        add(v, "lock-held");
    if (blocks && v->step->lock_timeout_ms == 0)
        add(v, "no-lock-timeout");
    if (!blocks || (!v->step->transaction && !v->a->one_transaction) || mine->lock < v->a->held)
        return;
    v->a->held = mine->lock;
    v->a->held_table = mine->name;
}

/* Whether one of the statement's strings is this value. */
static bool has_string(const struct script_statement *statement, const char *value)
{
    size_t n = strlen(value), at = 0;

    while (at < statement->size) {
        struct lex_token t = lex_token(HG_POSTGRESQL, statement->sql, statement->size, at);

        if (t.kind == LEX_STRING && t.size == n + 2
            && memcmp(statement->sql + at + 1, value, n) == 0)
            return true;
        at += t.size;
    }
    return false;
}

static void look_at_enum_values(struct view *v)
{
    const char **value;

    VEC_EACH (&v->a->enum_values, value)
        if (has_string(&v->read->script->statements[v->index], *value))
            add(v, "enum-value-in-transaction");
    if (v->class->enum_value[0] == '\0' || !v->step->transaction)
        return;
    value = VEC_PUSH(&v->a->enum_values);
    if (value == NULL)
        v->failed = true;
    else
        *value = v->class->enum_value;
}

static void look_at_foreign_keys(struct view *v)
{
    if (v->class->uses[0].form != FORM_LITE_FOREIGN_KEYS)
        return;
    if (v->step->transaction)
        add(v, "foreign-keys-in-transaction");
    else
        v->a->foreign_keys_off = true;
}

static void look_at_all(struct view *v)
{
    touch_all(v);
    for (size_t i = 0; i < v->class->use_count; i++)
        add_of_use(v, &v->class->uses[i]);
    add_of_trial(v);
    look_at_locks(v);
    look_at_enum_values(v);
    look_at_foreign_keys(v);
    apply_effects(v);
}

/* --- the statement as others see it --- */

/* The strongest lock first, then the largest table. */
static int by_weight(const void *a, const void *b)
{
    const hg_plan_table *x = a, *y = b;

    if (x->lock != y->lock)
        return x->lock < y->lock ? 1 : -1;
    if (x->size_bytes != y->size_bytes)
        return x->size_bytes < y->size_bytes ? 1 : -1;
    return strcmp(x->name, y->name);
}

static void sort_tables(struct view *v)
{
    if (v->tables.count > 1)
        qsort(v->tables.items, v->tables.count, sizeof *v->tables.items, by_weight);
}

static hg_plan_source source_of(const struct view *v)
{
    if (has_seen_locks(v))
        return HG_PLAN_MEASURED;
    if (v->class->uses[0].form == FORM_UNKNOWN)
        return HG_PLAN_UNKNOWN;
    return v->class->how == CLASSIFY_TREE ? HG_PLAN_TABLE : HG_PLAN_WORDS;
}

/* A copy of what was found, or what the statement before has where that is the same. NULL: memory
 * ran out. */
static void *keep(const struct view *v, void *before, size_t before_count, const void *items,
                  size_t count, size_t size)
{
    void *copy;

    if (before != NULL && before_count == count
        && (count == 0 || memcmp(before, items, count * size) == 0))
        return before;
    copy = arena_alloc(v->a->arena, count + 1, size);
    if (copy != NULL && count > 0)
        memcpy(copy, items, count * size);
    return copy;
}

static void fill_tables(struct view *v)
{
    const hg_plan_table *best = strongest(v), *t;

    v->out->lock = best == NULL ? HG_LOCK_NONE : best->lock;
    v->out->table = best == NULL ? "" : best->name;
    VEC_EACH (&v->tables, t) {
        v->out->scan = v->out->scan || (t->scan && !t->created);
        v->out->rewrite = v->out->rewrite || (t->rewrite && !t->created);
    }
    sort_tables(v);
    v->out->tables = keep(v, v->before == NULL ? NULL : v->before->tables,
                          v->before == NULL ? 0 : v->before->table_count, v->tables.items,
                          v->tables.count, sizeof *v->tables.items);
    v->out->table_count = v->tables.count;
}

static void fill_hazards(struct view *v)
{
    const hg_hazard *h;

    VEC_EACH (&v->hazards, h)
        v->a->danger_count += h->severity == HG_SEVERITY_DANGER && h->accepted == NULL;
    v->out->hazards = keep(v, v->before == NULL ? NULL : v->before->hazards,
                           v->before == NULL ? 0 : v->before->hazard_count, v->hazards.items,
                           v->hazards.count, sizeof *v->hazards.items);
    v->out->hazard_count = v->hazards.count;
}

static bool assess_statement(struct assessor *a, const struct assess_step *read,
                             const hg_plan_step *step, size_t i)
{
    static const struct assess_trial untried = {.unmeasured = ""};
    struct view v = {.a = a,
                     .read = read,
                     .step = step,
                     .out = &step->statements[i],
                     .before = i == 0 ? NULL : &step->statements[i - 1],
                     .index = i,
                     .class = &read->classes[i],
                     .trial = read->trials == NULL ? &untried : &read->trials[i]};
    const struct form *form = form_at(v.class->uses[0].form, a->server_version);

    look_at_all(&v);
    v.out->source = source_of(&v);
    v.out->unmeasured = v.trial->unmeasured;
    v.out->form = form == NULL || v.out->source == HG_PLAN_UNKNOWN ? "" : form->text;
    fill_tables(&v);
    fill_hazards(&v);
    VEC_RELEASE(&v.tables);
    VEC_RELEASE(&v.hazards);
    return !v.failed && v.out->tables != NULL && v.out->hazards != NULL;
}

bool assess_step(struct assessor *a, const struct assess_step *read, hg_plan_step *step,
                 hg_error *err)
{
    if (!a->one_transaction) {
        a->held = HG_LOCK_NONE;
        a->enum_values.count = 0;
        a->foreign_keys_off = false;
    }
    a->foreign_keys_off = a->foreign_keys_off || read->script->section.rebuild;
    for (size_t i = 0; i < step->statement_count; i++)
        if (!assess_statement(a, read, step, i))
            return no_memory(err);
    return true;
}

void assess_release(struct assessor *a)
{
    VEC_RELEASE(&a->created);
    VEC_RELEASE(&a->dropped);
    VEC_RELEASE(&a->enum_values);
}
