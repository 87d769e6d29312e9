/*
 * classify_postgres.c - PostgreSQL's parse tree → forms and effects.
 * Node and field names are those of the server's parsenodes.h, as libpg_query writes them.
 */
#include "class.h"

#include <stdlib.h>
#include <string.h>

#include "tree.h"

/* --- names --- */

const char *class_relation(struct class_maker *m, const struct tree_node *range)
{
    const char *schema = tree_text(range, "schemaname"), *name = tree_text(range, "relname");

    if (schema[0] == '\0')
        return name;
    return arena_printf(m->arena, "%s.%s", schema, name);
}

/* The text of a String, whether wrapped ({"String":{"sval":...}}) or not. */
static const char *string_of(const struct tree_node *node)
{
    return tree_text(tree_get(node, "String"), "sval");
}

const char *class_names(struct class_maker *m, const struct tree_node *list, int less)
{
    const struct tree_node *part = tree_first(list);
    const char *name = "";
    int left = -less;

    for (const struct tree_node *n = part; n != NULL; n = tree_next(list, n))
        left++;
    for (; part != NULL && left > 0 && name != NULL; part = tree_next(list, part), left--) {
        const char *text = string_of(part);

        name = name[0] == '\0' ? text : arena_printf(m->arena, "%s.%s", name, text);
    }
    return name == NULL ? "" : name;
}

/* --- what a query reads --- */

static bool is_common_table(const struct tree_node *query, const char *name)
{
    const struct tree_node *at = query;

    while ((at = tree_find(at, query->end, "ctename")) != NULL) {
        if (strcmp(at->text, name) == 0)
            return true;
        at++;
    }
    return false;
}

/* The tables that statements inside of others (WITH ... AS (DELETE ...)) change. */
static void use_nested(struct class_maker *m, const struct tree_node *query)
{
    static const struct {
        const char *node;
        enum form_id form;
    } changes[] = {{"InsertStmt", FORM_INSERT},
                   {"UpdateStmt", FORM_UPDATE},
                   {"DeleteStmt", FORM_DELETE},
                   {"MergeStmt", FORM_MERGE}};

    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const struct tree_node *at = query + 1;

        while ((at = tree_find(at, query->end, changes[i].node)) != NULL) {
            class_use(m, changes[i].form, class_relation(m, tree_get(at, "relation")), "");
            at++;
        }
    }
}

/* The tables that are named anywhere below a node; what changes first. */
static void use_sources(struct class_maker *m, const struct tree_node *query)
{
    const struct tree_node *at = query;
    enum form_id form = FORM_SELECT;

    if (query == NULL)
        return;
    use_nested(m, query);
    if (tree_find(query, query->end, "lockingClause") != NULL)
        form = FORM_SELECT_FOR;
    while ((at = tree_find(at, query->end, "RangeVar")) != NULL) {
        const char *name = class_relation(m, at);

        if (name != NULL && !is_common_table(query, name))
            class_use(m, form, name, "");
        at++;
    }
}

static void read_select(struct class_maker *m, const struct tree_node *s)
{
    const struct tree_node *into = tree_get(tree_get(s, "intoClause"), "rel");

    if (into != NULL) {
        class_use(m, FORM_CREATE_TABLE_AS, "", "");
        class_effect(m, EFFECT_CREATE, class_relation(m, into), "");
    }
    use_sources(m, s);
    if (m->uses.count == 0)
        class_use(m, FORM_SELECT, "", "");
}

/* --- data --- */

static void use_target(struct class_maker *m, const struct tree_node *s, enum form_id form)
{
    class_use(m, form, class_relation(m, tree_get(s, "relation")), "");
    use_sources(m, s);
}

static void read_insert(struct class_maker *m, const struct tree_node *s)
{
    use_target(m, s, FORM_INSERT);
}

static void read_update(struct class_maker *m, const struct tree_node *s)
{
    use_target(m, s, tree_get(s, "whereClause") == NULL ? FORM_UPDATE_ALL : FORM_UPDATE);
}

static void read_delete(struct class_maker *m, const struct tree_node *s)
{
    use_target(m, s, tree_get(s, "whereClause") == NULL ? FORM_DELETE_ALL : FORM_DELETE);
}

static void read_merge(struct class_maker *m, const struct tree_node *s)
{
    use_target(m, s, FORM_MERGE);
}

static void read_copy(struct class_maker *m, const struct tree_node *s)
{
    const struct tree_node *relation = tree_get(s, "relation");

    if (relation == NULL)
        use_sources(m, tree_get(s, "query"));
    else
        class_use(m, tree_true(s, "is_from") ? FORM_COPY_FROM : FORM_COPY_TO,
                  class_relation(m, relation), "");
}

/* --- tables and views that come --- */

static void effect_create(struct class_maker *m, const struct tree_node *s,
                          const struct tree_node *relation)
{
    class_effect(m, tree_true(s, "if_not_exists") ? EFFECT_CREATE_IF : EFFECT_CREATE,
                 class_relation(m, relation), "");
}

/* One use for each table that stands as `key` somewhere in the statement. */
static void use_each(struct class_maker *m, const struct tree_node *s, const char *key,
                     enum form_id form)
{
    const struct tree_node *at = s;

    while ((at = tree_find(at, s->end, key)) != NULL) {
        class_use(m, form, "", class_relation(m, at));
        at++;
    }
}

static void use_parents(struct class_maker *m, const struct tree_node *s)
{
    const struct tree_node *parents = tree_get(s, "inhRelations");
    enum form_id form = tree_get(s, "partbound") != NULL ? FORM_CREATE_TABLE_PARTITION_OF
                                                         : FORM_CREATE_TABLE_INHERITS;

    for (const struct tree_node *p = tree_first(parents); p != NULL; p = tree_next(parents, p))
        class_use(m, form, "", class_relation(m, tree_get(p, "RangeVar")));
}

static void use_likes(struct class_maker *m, const struct tree_node *s)
{
    const struct tree_node *at = s;

    while ((at = tree_find(at, s->end, "TableLikeClause")) != NULL) {
        class_use(m, FORM_CREATE_TABLE_LIKE, "", class_relation(m, tree_get(at, "relation")));
        at++;
    }
}

static void read_create_table(struct class_maker *m, const struct tree_node *s)
{
    class_use(m, FORM_CREATE_TABLE, "", "");
    use_parents(m, s);
    use_each(m, s, "pktable", FORM_CREATE_TABLE_REFERENCES);
    use_likes(m, s);
    effect_create(m, s, tree_get(s, "relation"));
}

static void read_create_foreign_table(struct class_maker *m, const struct tree_node *s)
{
    class_use(m, FORM_CREATE_TABLE, "", "");
    effect_create(m, s, tree_get(tree_get(s, "base"), "relation"));
}

static void read_create_table_as(struct class_maker *m, const struct tree_node *s)
{
    class_use(m,
              tree_has(s, "objtype", "OBJECT_MATVIEW") ? FORM_CREATE_MATVIEW : FORM_CREATE_TABLE_AS,
              "", "");
    use_sources(m, tree_get(s, "query"));
    effect_create(m, s, tree_get(tree_get(s, "into"), "rel"));
}

static void read_view(struct class_maker *m, const struct tree_node *s)
{
    const char *name = class_relation(m, tree_get(s, "view"));
    bool replace = tree_true(s, "replace");

    class_use(m, replace ? FORM_REPLACE_VIEW : FORM_CREATE_VIEW, replace ? name : "", "");
    use_sources(m, tree_get(s, "query"));
    class_effect(m, replace ? EFFECT_CREATE_IF : EFFECT_CREATE, name, "");
}

static void read_refresh(struct class_maker *m, const struct tree_node *s)
{
    class_use(m, tree_true(s, "concurrent") ? FORM_REFRESH_CONCURRENTLY : FORM_REFRESH,
              class_relation(m, tree_get(s, "relation")), "");
}

static void read_create_sequence(struct class_maker *m, const struct tree_node *s)
{
    class_use(m, FORM_CREATE_SEQUENCE, "", "");
    effect_create(m, s, tree_get(s, "sequence"));
}

static void read_alter_sequence(struct class_maker *m, const struct tree_node *s)
{
    class_use(m, FORM_ALTER_SEQUENCE, class_relation(m, tree_get(s, "sequence")), "");
}

/* --- indexes --- */

static enum form_id index_form(const struct tree_node *s)
{
    if (tree_true(s, "concurrent"))
        return tree_true(s, "if_not_exists") ? FORM_CREATE_INDEX_CONCURRENTLY_IF
                                             : FORM_CREATE_INDEX_CONCURRENTLY;
    return tree_true(tree_get(s, "relation"), "inh") ? FORM_CREATE_INDEX : FORM_CREATE_INDEX_ONLY;
}

static void read_index(struct class_maker *m, const struct tree_node *s)
{
    class_use(m, index_form(s), class_relation(m, tree_get(s, "relation")), "");
    if (tree_text(s, "idxname")[0] != '\0')
        class_effect(m, tree_true(s, "if_not_exists") ? EFFECT_CREATE_IF : EFFECT_CREATE,
                     tree_text(s, "idxname"), "");
}

/* Whether an option stands in a list of DefElem. */
static bool has_option(const struct tree_node *list, const char *name)
{
    for (const struct tree_node *o = tree_first(list); o != NULL; o = tree_next(list, o))
        if (tree_has(tree_get(o, "DefElem"), "defname", name)
            && string_of(tree_get(tree_get(o, "DefElem"), "arg"))[0] != 'f')
            return true;
    return false;
}

static void read_reindex(struct class_maker *m, const struct tree_node *s)
{
    const struct tree_node *relation = tree_get(s, "relation");
    bool concurrently = has_option(tree_get(s, "params"), "concurrently");
    enum form_id form = relation != NULL ? FORM_REINDEX : FORM_REINDEX_DATABASE;

    class_use(m, concurrently ? FORM_REINDEX_CONCURRENTLY : form, class_relation(m, relation), "");
}

static void read_vacuum(struct class_maker *m, const struct tree_node *s)
{
    const struct tree_node *rels = tree_get(s, "rels");
    enum form_id form = has_option(tree_get(s, "options"), "full") ? FORM_VACUUM_FULL : FORM_VACUUM;

    if (!tree_true(s, "is_vacuumcmd"))
        form = FORM_ANALYZE;
    if (rels == NULL)
        class_use(m, form, "", "");
    for (const struct tree_node *r = tree_first(rels); r != NULL; r = tree_next(rels, r))
        class_use(m, form, class_relation(m, tree_get(tree_get(r, "VacuumRelation"), "relation")),
                  "");
}

/* --- one table, one form --- */

/* The nodes whose table stands in `relation` or in `table`, and nothing else matters. */
static const struct simple_row {
    const char *node, *key;
    enum form_id form;
} simple_rows[] = {
    {"CreateTrigStmt", "relation", FORM_CREATE_TRIGGER},
    {"RuleStmt", "relation", FORM_CREATE_RULE},
    {"CreatePolicyStmt", "table", FORM_CREATE_POLICY},
    {"AlterPolicyStmt", "table", FORM_ALTER_POLICY},
    {"ClusterStmt", "relation", FORM_CLUSTER},
};

/* A list of RangeVars, each with the form. */
static void use_list(struct class_maker *m, const struct tree_node *list, enum form_id form)
{
    for (const struct tree_node *r = tree_first(list); r != NULL; r = tree_next(list, r))
        class_use(m, form, class_relation(m, tree_get(r, "RangeVar")), "");
}

static void read_statistics(struct class_maker *m, const struct tree_node *s)
{
    use_list(m, tree_get(s, "relations"), FORM_CREATE_STATISTICS);
}

static void read_truncate(struct class_maker *m, const struct tree_node *s)
{
    use_list(m, tree_get(s, "relations"), FORM_TRUNCATE);
    if (tree_has(s, "behavior", "DROP_CASCADE"))
        class_use(m, FORM_DROP_CASCADE, "", "");
}

static void read_lock(struct class_maker *m, const struct tree_node *s)
{
    size_t first = m->uses.count;

    use_list(m, tree_get(s, "relations"), FORM_LOCK_TABLE);
    for (size_t i = first; i < m->uses.count; i++)
        m->uses.items[i].lock = (hg_lock_mode)atoi(tree_text(s, "mode"));
}

static void read_publication(struct class_maker *m, const struct tree_node *s)
{
    const struct tree_node *at = s;
    enum form_id form = strcmp(s->key, "AlterPublicationStmt") == 0 ? FORM_ALTER_PUBLICATION
                                                                    : FORM_CREATE_PUBLICATION;

    while ((at = tree_find(at, s->end, "pubtable")) != NULL) {
        class_use(m, form, class_relation(m, tree_get(at, "relation")), "");
        at++;
    }
    if (m->uses.count == 0)
        class_use(m, FORM_CREATE_OTHER, "", "");
}

static void read_comment(struct class_maker *m, const struct tree_node *s)
{
    const struct tree_node *names = tree_get(tree_get(tree_get(s, "object"), "List"), "items");

    if (tree_has(s, "objtype", "OBJECT_TABLE"))
        class_use(m, FORM_COMMENT_TABLE, class_names(m, names, 0), "");
    else if (tree_has(s, "objtype", "OBJECT_COLUMN"))
        class_use(m, FORM_COMMENT_TABLE, class_names(m, names, 1), "");
    else
        class_use(m, FORM_ALTER_OTHER, "", "");
}

static void read_grant(struct class_maker *m, const struct tree_node *s)
{
    if (tree_has(s, "objtype", "OBJECT_TABLE"))
        use_list(m, tree_get(s, "objects"), FORM_GRANT);
    if (m->uses.count == 0)
        class_use(m, FORM_GRANT, "", "");
}

static void read_enum(struct class_maker *m, const struct tree_node *s)
{
    bool renames = tree_text(s, "oldVal")[0] != '\0';

    class_use(m, renames ? FORM_RENAME_VALUE : FORM_ADD_VALUE, "", "");
    if (!renames)
        m->enum_value = tree_text(s, "newVal");
}

/* --- names that change --- */

/* What a name that changes belonged to, by what it is the name of. */
static const struct rename_row {
    const char *what; /* renameType, or relationType of a column */
    enum form_id form;
} rename_rows[] = {
    {"OBJECT_TABLE", FORM_RENAME_TABLE},
    {"OBJECT_FOREIGN_TABLE", FORM_RENAME_TABLE},
    {"OBJECT_SEQUENCE", FORM_RENAME_TABLE},
    {"OBJECT_VIEW", FORM_RENAME_VIEW},
    {"OBJECT_MATVIEW", FORM_RENAME_VIEW},
    {"OBJECT_INDEX", FORM_ALTER_INDEX_RENAME},
    {"OBJECT_COLUMN", FORM_RENAME_COLUMN},
    {"OBJECT_TABCONSTRAINT", FORM_RENAME_CONSTRAINT},
    {"OBJECT_TRIGGER", FORM_ALTER_TRIGGER_RENAME},
    {"OBJECT_POLICY", FORM_ALTER_POLICY},
    {"OBJECT_RULE", FORM_CREATE_RULE},
    {"OBJECT_SCHEMA", FORM_RENAME_SCHEMA},
};

static enum form_id rename_form(const char *what)
{
    for (size_t i = 0; i < sizeof rename_rows / sizeof *rename_rows; i++)
        if (strcmp(rename_rows[i].what, what) == 0)
            return rename_rows[i].form;
    return FORM_RENAME_OTHER;
}

static void read_rename(struct class_maker *m, const struct tree_node *s)
{
    enum form_id form = rename_form(tree_text(s, "renameType"));
    const char *name = class_relation(m, tree_get(s, "relation"));

    class_use(m, form, name, "");
    if (form == FORM_RENAME_TABLE || form == FORM_RENAME_VIEW || form == FORM_ALTER_INDEX_RENAME)
        class_effect(m, EFFECT_RENAME, name, tree_text(s, "newname"));
}

static void read_set_schema(struct class_maker *m, const struct tree_node *s)
{
    const struct tree_node *relation = tree_get(s, "relation");

    class_use(m, relation == NULL ? FORM_RENAME_OTHER : FORM_SET_SCHEMA,
              class_relation(m, relation), "");
}

/* --- what is dropped --- */

static const struct drop_row {
    const char *what;
    enum form_id form;
    int less; /* so many parts of its name are not the table's */
} drop_rows[] = {
    {"OBJECT_TABLE", FORM_DROP_TABLE, 0},
    {"OBJECT_FOREIGN_TABLE", FORM_DROP_TABLE, 0},
    {"OBJECT_VIEW", FORM_DROP_VIEW, 0},
    {"OBJECT_MATVIEW", FORM_DROP_MATVIEW, 0},
    {"OBJECT_SEQUENCE", FORM_DROP_SEQUENCE, 0},
    {"OBJECT_INDEX", FORM_DROP_INDEX, 0},
    {"OBJECT_TRIGGER", FORM_DROP_TRIGGER, 1},
    {"OBJECT_RULE", FORM_DROP_RULE, 1},
    {"OBJECT_POLICY", FORM_DROP_POLICY, 1},
    {"OBJECT_TYPE", FORM_DROP_TYPE, -1},
    {"OBJECT_DOMAIN", FORM_DROP_TYPE, -1},
    {"OBJECT_FUNCTION", FORM_DROP_FUNCTION, -1},
    {"OBJECT_PROCEDURE", FORM_DROP_FUNCTION, -1},
    {"OBJECT_ROUTINE", FORM_DROP_FUNCTION, -1},
    {"OBJECT_AGGREGATE", FORM_DROP_FUNCTION, -1},
    {"OBJECT_EXTENSION", FORM_DROP_EXTENSION, -1},
    {"OBJECT_SCHEMA", FORM_DROP_SCHEMA, -1},
    {"", FORM_DROP_OTHER, -1}, /* whatever else there is */
};

static const struct drop_row *drop_row(const char *what)
{
    const struct drop_row *row = drop_rows;

    while (row->what[0] != '\0' && strcmp(row->what, what) != 0)
        row++;
    return row;
}

static void read_drop(struct class_maker *m, const struct tree_node *s)
{
    const struct drop_row *row = drop_row(tree_text(s, "removeType"));
    const struct tree_node *objects = tree_get(s, "objects");
    enum form_id form = row->form;

    if (form == FORM_DROP_INDEX && tree_true(s, "concurrent"))
        form = FORM_DROP_INDEX_CONCURRENTLY;
    for (const struct tree_node *o = tree_first(objects); o != NULL; o = tree_next(objects, o)) {
        const struct tree_node *names = tree_get(tree_get(o, "List"), "items");
        const char *name = row->less < 0 ? "" : class_names(m, names, row->less);

        class_use(m, form, name, "");
        if (row->less == 0)
            class_effect(m, EFFECT_DROP, name, "");
    }
    if (tree_has(s, "behavior", "DROP_CASCADE"))
        class_use(m, FORM_DROP_CASCADE, "", "");
}

/* --- the rest --- */

static const struct node_row {
    const char *node;
    void (*read)(struct class_maker *m, const struct tree_node *statement);
    enum form_id form; /* read NULL: all there is to say */
} node_rows[] = {
    {"AlterTableStmt", class_alter_table, FORM_NONE},
    {"AlterDomainStmt", class_alter_domain, FORM_NONE},
    {"AlterEnumStmt", read_enum, FORM_NONE},
    {"AlterObjectSchemaStmt", read_set_schema, FORM_NONE},
    {"AlterPublicationStmt", read_publication, FORM_NONE},
    {"AlterSeqStmt", read_alter_sequence, FORM_NONE},
    {"CommentStmt", read_comment, FORM_NONE},
    {"CopyStmt", read_copy, FORM_NONE},
    {"CreateForeignTableStmt", read_create_foreign_table, FORM_NONE},
    {"CreatePublicationStmt", read_publication, FORM_NONE},
    {"CreateSeqStmt", read_create_sequence, FORM_NONE},
    {"CreateStatsStmt", read_statistics, FORM_NONE},
    {"CreateStmt", read_create_table, FORM_NONE},
    {"CreateTableAsStmt", read_create_table_as, FORM_NONE},
    {"DeleteStmt", read_delete, FORM_NONE},
    {"DropStmt", read_drop, FORM_NONE},
    {"GrantStmt", read_grant, FORM_NONE},
    {"IndexStmt", read_index, FORM_NONE},
    {"InsertStmt", read_insert, FORM_NONE},
    {"LockStmt", read_lock, FORM_NONE},
    {"MergeStmt", read_merge, FORM_NONE},
    {"RefreshMatViewStmt", read_refresh, FORM_NONE},
    {"ReindexStmt", read_reindex, FORM_NONE},
    {"RenameStmt", read_rename, FORM_NONE},
    {"SelectStmt", read_select, FORM_NONE},
    {"TruncateStmt", read_truncate, FORM_NONE},
    {"UpdateStmt", read_update, FORM_NONE},
    {"VacuumStmt", read_vacuum, FORM_NONE},
    {"ViewStmt", read_view, FORM_NONE},
    {"AlterCompositeTypeStmt", NULL, FORM_ALTER_TYPE},
    {"AlterDatabaseStmt", NULL, FORM_DATABASE},
    {"AlterDatabaseSetStmt", NULL, FORM_ALTER_OTHER},
    {"AlterSystemStmt", NULL, FORM_DATABASE},
    {"AlterTypeStmt", NULL, FORM_ALTER_TYPE},
    {"CallStmt", NULL, FORM_CODE},
    {"CompositeTypeStmt", NULL, FORM_CREATE_TYPE},
    {"CreateDomainStmt", NULL, FORM_CREATE_DOMAIN},
    {"CreateEnumStmt", NULL, FORM_CREATE_TYPE},
    {"CreateExtensionStmt", NULL, FORM_CREATE_EXTENSION},
    {"CreateFunctionStmt", NULL, FORM_CREATE_FUNCTION},
    {"CreateRangeStmt", NULL, FORM_CREATE_TYPE},
    {"CreateSchemaStmt", NULL, FORM_CREATE_SCHEMA},
    {"CreateTableSpaceStmt", NULL, FORM_DATABASE},
    {"CreatedbStmt", NULL, FORM_DATABASE},
    {"DefineStmt", NULL, FORM_CREATE_OTHER},
    {"DeallocateStmt", NULL, FORM_SESSION},
    {"DiscardStmt", NULL, FORM_SESSION},
    {"DoStmt", NULL, FORM_CODE},
    {"DropOwnedStmt", NULL, FORM_DROP_OWNED},
    {"DropTableSpaceStmt", NULL, FORM_DATABASE},
    {"DropdbStmt", NULL, FORM_DROP_DATABASE},
    {"ExecuteStmt", NULL, FORM_CODE},
    {"ListenStmt", NULL, FORM_SESSION},
    {"LoadStmt", NULL, FORM_SESSION},
    {"NotifyStmt", NULL, FORM_SESSION},
    {"PrepareStmt", NULL, FORM_SESSION},
    {"TransactionStmt", NULL, FORM_TRANSACTION},
    {"UnlistenStmt", NULL, FORM_SESSION},
    {"VariableSetStmt", NULL, FORM_SESSION},
    {"VariableShowStmt", NULL, FORM_SESSION},
    {"ConstraintsSetStmt", NULL, FORM_SESSION},
};

/* Nodes without a row are told by the first word of their name: CREATE, ALTER, DROP of something
 * that no table hangs on. */
static enum form_id other_form(const char *node)
{
    if (strncmp(node, "Create", 6) == 0)
        return FORM_CREATE_OTHER;
    if (strncmp(node, "Alter", 5) == 0 || strncmp(node, "GrantRole", 9) == 0)
        return FORM_ALTER_OTHER;
    return strncmp(node, "Drop", 4) == 0 ? FORM_DROP_OTHER : FORM_UNKNOWN;
}

static const struct node_row *node_row(const char *node)
{
    for (size_t i = 0; i < sizeof node_rows / sizeof *node_rows; i++)
        if (strcmp(node_rows[i].node, node) == 0)
            return &node_rows[i];
    return NULL;
}

static const struct simple_row *simple_row(const char *node)
{
    for (size_t i = 0; i < sizeof simple_rows / sizeof *simple_rows; i++)
        if (strcmp(simple_rows[i].node, node) == 0)
            return &simple_rows[i];
    return NULL;
}

void class_postgres(struct class_maker *m, const struct tree_node *s)
{
    const struct node_row *row = node_row(s->key);
    const struct simple_row *simple = simple_row(s->key);

    if (simple != NULL)
        class_use(m, simple->form, class_relation(m, tree_get(s, simple->key)), "");
    else if (row == NULL)
        class_use(m, other_form(s->key), "", "");
    else if (row->read == NULL)
        class_use(m, row->form, "", "");
    else
        row->read(m, s);
}
