/*
 * runbook.c - a runbook's text into steps, and every fault of it with its place.
 */
#include "runbook.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/near.h"
#include "base/text.h"
#include "place.h"

enum { STEPS_MAX = 200, NAME_MAX_BYTES = 200 };

struct loaded_runbook {
    struct runbook book;
    struct step *steps;
    json_t *root; /* every text of the runbook lives in it */
};

/* A runbook that is being read: where it is, and what was found wrong. */
struct reader {
    const char *text;
    size_t size;
    const char *file;
    void (*fault)(void *context, const hg_error *fault);
    void *context;
    hg_error first;
    bool failed;
};

static const char *const confirmation_names[CONFIRMATIONS] = {"nothing", "run", "cutover",
                                                              "no return", "attest"};

__attribute__((format(printf, 4, 5))) static void
blame(struct reader *r, const struct place_step *way, size_t steps, const char *format, ...)
{
    size_t offset = place_of(r->text, r->size, way, steps);
    char message[400];
    hg_error err = {0};
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    hg_fail(&err, HG_FILE, "%s", message);
    hg_error_place(&err, r->file, 0, 0);
    hg_error_excerpt(&err, r->text, r->size, offset);
    if (r->fault != NULL)
        r->fault(r->context, &err);
    if (!r->failed)
        r->first = err;
    r->failed = true;
}

/* The way to a member of the i-th step. */
#define STEP_WAY(i, member)        \
    (const struct place_step[])    \
    {                              \
        {"steps", 0}, {NULL, (i)}, \
        {                          \
            (member), 0            \
        }                          \
    }

static const char *const step_keys[] = {"id",    "title",   "what",      "cost",     "action",
                                        "class", "confirm", "arguments", "rehearse", NULL};
static const char *const book_keys[] = {"name", "freeze", "commit", "steps", NULL};

static const char *nearest(const char *word, const char *const *words)
{
    for (; *words != NULL; words++)
        if (near_enough(word, *words))
            return *words;
    return NULL;
}

static bool known(const char *word, const char *const *words)
{
    while (*words != NULL && strcmp(*words, word) != 0)
        words++;
    return *words != NULL;
}

/* Only members that mean something: a mistyped one would be a step that does less than it says. */
static void check_keys(struct reader *r, json_t *object, const char *const *keys, bool in_step,
                       size_t index)
{
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
    {
        const struct place_step top = {key, 0};
        const char *meant = nearest(key, keys);

        if (known(key, keys))
            continue;
        blame(r, in_step ? STEP_WAY(index, key) : &top, in_step ? 3 : 1,
              meant != NULL ? "\"%s\" means nothing here: did you mean \"%s\"?"
                            : "\"%s\" means nothing here",
              key, meant);
    }
}

/* A text member of a step; "" when it is not there and need not be. */
static const char *text_member(struct reader *r, json_t *object, size_t index, const char *key,
                               bool needed)
{
    const json_t *value = json_object_get(object, key);
    const char *text = json_string_value(value);

    if (value == NULL && !needed)
        return "";
    if (value == NULL) {
        blame(r, STEP_WAY(index, key), 3, "step %zu has no \"%s\"", index + 1, key);
        return "";
    }
    if (text == NULL || (needed && text[0] == '\0') || strlen(text) > NAME_MAX_BYTES) {
        blame(r, STEP_WAY(index, key), 3, "\"%s\" has to be a text of 1 to %d bytes", key,
              NAME_MAX_BYTES);
        return "";
    }
    return text;
}

/* One of some words; 0 when there is none. */
static int choose(struct reader *r, json_t *object, size_t index, const char *key, int count,
                  const char *(*name)(int), int otherwise)
{
    const char *word = text_member(r, object, index, key, false);
    struct buf all = BUF_INIT(512);

    if (word[0] == '\0')
        return otherwise;
    for (int i = 0; i < count; i++)
        if (strcmp(word, name(i)) == 0)
            return i;
    for (int i = 0; i < count; i++)
        buf_printf(&all, "%s\"%s\"", i == 0 ? "" : ", ", name(i));
    blame(r, STEP_WAY(index, key), 3, "\"%s\" cannot be \"%s\": it is one of %s", key, word,
          all.bytes);
    buf_release(&all);
    return otherwise;
}

static const char *class_word(int i)
{
    return step_class_name((enum step_class)i);
}

static const char *confirmation_word(int i)
{
    return confirmation_names[i];
}

static const struct action_form *form_named(const struct action_form *forms, size_t count,
                                            const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(forms[i].name, name) == 0)
            return &forms[i];
    return NULL;
}

static const struct action_form *find_form(struct reader *r, size_t index, const char *name,
                                           const struct action_form *forms, size_t count)
{
    const struct action_form *form = form_named(forms, count, name);

    if (form != NULL || name[0] == '\0')
        return form;
    for (size_t i = 0; i < count; i++)
        if (near_enough(name, forms[i].name)) {
            blame(r, STEP_WAY(index, "action"), 3,
                  "no action is called \"%s\": did you mean \"%s\"?", name, forms[i].name);
            return NULL;
        }
    blame(r, STEP_WAY(index, "action"), 3, "no action is called \"%s\"", name);
    return NULL;
}

/* Whether a form knows an argument, and whether it has to be there. */
static bool takes(const struct action_form *form, const char *name, bool *needed)
{
    size_t n = strlen(name);

    for (const char *at = form->arguments; *at != '\0';) {
        size_t length = strcspn(at, " ");
        bool must = length > 0 && at[length - 1] == '!';

        if (length - must == n && memcmp(at, name, n) == 0) {
            *needed = must;
            return true;
        }
        at += length + (at[length] == ' ');
    }
    return false;
}

static void check_arguments(struct reader *r, const json_t *object, size_t index,
                            const struct action_form *form)
{
    json_t *arguments = json_object_get(object, "arguments"), *value;
    const char *key;
    bool needed;

    if (arguments != NULL && !json_is_object(arguments)) {
        blame(r, STEP_WAY(index, "arguments"), 3, "\"arguments\" has to be an object");
        return;
    }
    json_object_foreach(arguments, key, value) if (!takes(form, key, &needed))
        blame(r, STEP_WAY(index, "arguments"), 3, "the action \"%s\" has no argument \"%s\"",
              form->name, key);
    for (const char *at = form->arguments; *at != '\0';) {
        size_t length = strcspn(at, " ");

        if (length > 1 && at[length - 1] == '!'
            && json_object_getn(arguments, at, length - 1) == NULL)
            blame(r, STEP_WAY(index, "arguments"), 3,
                  "the action \"%s\" needs the argument \"%.*s\"", form->name, (int)length - 1, at);
        at += length + (at[length] == ' ');
    }
}

/* A step may be called more dangerous than its action is, never less. */
static void check_danger(struct reader *r, size_t index, const struct step *step,
                         const struct action_form *form)
{
    if (step->class < form->class)
        blame(r, STEP_WAY(index, "class"), 3,
              "the action \"%s\" is \"%s\": the step cannot be \"%s\"", form->name,
              step_class_name(form->class), step_class_name(step->class));
    if (step->class == STEP_NO_RETURN && step->confirmation != CONFIRM_NO_RETURN)
        blame(r, STEP_WAY(index, "confirm"), 3,
              "a step without return has to \"confirm\" with \"no return\"");
}

static bool flag_member(struct reader *r, const json_t *object, size_t index, const char *key)
{
    const json_t *value = json_object_get(object, key);

    if (value != NULL && !json_is_boolean(value))
        blame(r, STEP_WAY(index, key), 3, "\"%s\" has to be true or false", key);
    return json_is_true(value);
}

static void read_step(struct reader *r, json_t *object, size_t index,
                      const struct action_form *forms, size_t count, struct step *out)
{
    const struct action_form *form;

    if (!json_is_object(object)) {
        blame(r, STEP_WAY(index, NULL), 2, "a step has to be an object");
        return;
    }
    check_keys(r, object, step_keys, true, index);
    out->id = text_member(r, object, index, "id", true);
    out->title = text_member(r, object, index, "title", true);
    out->what = text_member(r, object, index, "what", false);
    out->cost = text_member(r, object, index, "cost", false);
    out->action = text_member(r, object, index, "action", true);
    if (strlen(out->id) >= JOURNAL_STEP_MAX)
        blame(r, STEP_WAY(index, "id"), 3, "\"id\" has at most %d bytes", JOURNAL_STEP_MAX - 1);
    form = find_form(r, index, out->action, forms, count);
    out->class = (enum step_class)choose(r, object, index, "class", STEP_CLASSES, class_word,
                                         form != NULL ? (int)form->class : STEP_HARMLESS);
    out->confirmation = (enum confirmation)choose(r, object, index, "confirm", CONFIRMATIONS,
                                                  confirmation_word, CONFIRM_NOTHING);
    out->arguments = json_object_get(object, "arguments");
    out->rehearse = flag_member(r, object, index, "rehearse");
    if (form == NULL)
        return;
    check_arguments(r, object, index, form);
    check_danger(r, index, out, form);
}

static void check_ids(struct reader *r, const struct step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (steps[i].id != NULL && steps[j].id != NULL && steps[i].id[0] != '\0'
                && strcmp(steps[i].id, steps[j].id) == 0) {
                blame(r, STEP_WAY(i, "id"), 3, "step %zu is called \"%s\" already", j + 1,
                      steps[i].id);
                break;
            }
}

/* The place of a step that the runbook names, or `count`. */
static size_t mark(struct reader *r, const char *key, const struct step *steps, size_t count,
                   const char *id)
{
    const struct place_step way = {key, 0};
    size_t found = count;

    for (size_t i = 0; id != NULL && i < count; i++)
        if (steps[i].id != NULL && strcmp(steps[i].id, id) == 0)
            found = i;
    if (id != NULL && found == count)
        blame(r, &way, 1, "\"%s\" names no step: \"%s\"", key, id);
    return found;
}

static void check_marks(struct reader *r, struct runbook *book)
{
    const struct place_step way = {"commit", 0};
    size_t freeze = mark(r, "freeze", book->steps, book->count, book->freeze);
    size_t commit = mark(r, "commit", book->steps, book->count, book->commit);

    if (freeze < book->count && commit < book->count && commit <= freeze)
        blame(r, &way, 1, "the step that commits has to come after the one that freezes");
}

static void read_book(struct reader *r, struct loaded_runbook *b, const struct action_form *forms,
                      size_t form_count)
{
    json_t *steps = json_object_get(b->root, "steps");
    const struct place_step way = {"steps", 0};
    size_t count = json_array_size(steps);

    check_keys(r, b->root, book_keys, false, 0);
    b->book.name = json_string_value(json_object_get(b->root, "name"));
    if (b->book.name == NULL || b->book.name[0] == '\0')
        blame(r, &(const struct place_step){"name", 0}, 1, "a runbook has to have a \"name\"");
    if (count == 0 || count > STEPS_MAX) {
        blame(r, &way, 1, "\"steps\" has to be an array of 1 to %d steps", STEPS_MAX);
        return;
    }
    b->steps = alloc_zero(count, sizeof *b->steps);
    if (b->steps == NULL)
        return;
    for (size_t i = 0; i < count; i++)
        read_step(r, json_array_get(steps, i), i, forms, form_count, &b->steps[i]);
    b->book.steps = b->steps;
    b->book.count = count;
    b->book.freeze = json_string_value(json_object_get(b->root, "freeze"));
    b->book.commit = json_string_value(json_object_get(b->root, "commit"));
    check_ids(r, b->steps, count);
    check_marks(r, &b->book);
}

/* What is not JSON at all. */
static void blame_syntax(struct reader *r, const json_error_t *cause)
{
    hg_error err = {0};
    size_t offset = cause->position > 0 ? (size_t)cause->position - 1 : 0;

    hg_fail(&err, HG_FILE, "the runbook is not JSON: %s", cause->text);
    hg_error_place(&err, r->file, 0, 0);
    hg_error_excerpt(&err, r->text, r->size, offset < r->size ? offset : r->size);
    if (r->fault != NULL)
        r->fault(r->context, &err);
    r->first = err;
    r->failed = true;
}

bool runbook_parse(const char *text, size_t size, const char *file, const struct action_form *forms,
                   size_t form_count, void (*fault)(void *context, const hg_error *fault),
                   void *context, struct loaded_runbook **out_book, hg_error *err)
{
    struct reader r = {text, size, file, fault, context, {0}, false};
    struct loaded_runbook *b = alloc_zero(1, sizeof *b);
    json_error_t cause;

    if (b == NULL)
        return hg_fail(err, HG_NOMEM, "could not read a runbook: out of memory");
    b->root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &cause);
    if (b->root == NULL)
        blame_syntax(&r, &cause);
    else if (!json_is_object(b->root))
        blame(&r, NULL, 0, "a runbook has to be an object");
    else
        read_book(&r, b, forms, form_count);
    if (!r.failed && b->steps != NULL) {
        *out_book = b;
        return true;
    }
    if (!r.failed)
        hg_fail(&r.first, HG_NOMEM, "could not read a runbook: out of memory");
    runbook_free(b);
    if (err != NULL)
        *err = r.first;
    return false;
}

void runbook_free(struct loaded_runbook *b)
{
    if (b == NULL)
        return;
    alloc_free(b->steps);
    json_decref(b->root);
    alloc_free(b);
}

const struct runbook *runbook_of(const struct loaded_runbook *b)
{
    return &b->book;
}
