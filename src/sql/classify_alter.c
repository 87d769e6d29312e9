/*
 * classify_alter.c - ALTER TABLE and ALTER DOMAIN: a form for each subcommand.
 */
#include <string.h>

#include "class.h"
#include "tree.h"

struct alter {
    struct class_maker *m;
    const char *table;
};

static void use(const struct alter *a, enum form_id form)
{
    class_use(a->m, form, a->table, "");
}

/* --- ADD COLUMN --- */

/* Functions whose value does not change while a statement runs: the column's old rows share it. */
static const char *const stable[] = {
    "now",
    "transaction_timestamp",
    "statement_timestamp",
    "current_setting",
    "lower",
    "upper",
    "md5",
    "to_jsonb",
    "date_trunc",
    "timezone",
    "array_fill",
    "jsonb_build_object",
    "jsonb_build_array",
    "json_build_array",
    "to_date",
    "to_timestamp",
    "json_build_object",
    "make_interval",
    "make_date",
    "concat",
};

static bool is_stable(const char *function)
{
    for (size_t i = 0; i < sizeof stable / sizeof *stable; i++)
        if (strcmp(stable[i], function) == 0)
            return true;
    return false;
}

/* Whether an expression calls a function that may answer otherwise for each row. */
static bool is_volatile(const struct tree_node *expression)
{
    const struct tree_node *at = expression;

    while ((at = tree_find(at, expression->end, "funcname")) != NULL) {
        const struct tree_node *name = tree_get(tree_last(at), "String");

        if (!is_stable(tree_text(name, "sval")))
            return true;
        at++;
    }
    return false;
}

static bool is_serial(const struct tree_node *column)
{
    const struct tree_node *names = tree_get(tree_get(column, "typeName"), "names");
    const char *type = tree_text(tree_get(tree_last(names), "String"), "sval");

    return strncmp(type, "serial", 6) == 0 || strcmp(type, "bigserial") == 0
           || strcmp(type, "smallserial") == 0;
}

/* The column's constraint of a kind, or NULL. */
static const struct tree_node *constraint(const struct tree_node *column, const char *kind)
{
    const struct tree_node *list = tree_get(column, "constraints");

    for (const struct tree_node *c = tree_first(list); c != NULL; c = tree_next(list, c))
        if (tree_has(tree_get(c, "Constraint"), "contype", kind))
            return tree_get(c, "Constraint");
    return NULL;
}

/* What fills the new column in the rows that are there. */
static enum form_id filling(const struct tree_node *column)
{
    const struct tree_node *given = constraint(column, "CONSTR_DEFAULT");

    if (is_serial(column))
        return FORM_ADD_COLUMN_SERIAL;
    if (constraint(column, "CONSTR_IDENTITY") != NULL)
        return FORM_ADD_COLUMN_IDENTITY;
    if (constraint(column, "CONSTR_GENERATED") != NULL)
        return FORM_ADD_COLUMN_STORED;
    if (given != NULL)
        return is_volatile(given) ? FORM_ADD_COLUMN_VOLATILE : FORM_ADD_COLUMN_DEFAULT;
    return constraint(column, "CONSTR_NOTNULL") != NULL ? FORM_ADD_COLUMN_NOT_NULL
                                                        : FORM_ADD_COLUMN;
}

static void add_column(const struct alter *a, const struct tree_node *command)
{
    const struct tree_node *column = tree_get(tree_get(command, "def"), "ColumnDef");
    const struct tree_node *foreign = constraint(column, "CONSTR_FOREIGN");
    enum form_id fills = filling(column);

    use(a, fills);
    if (constraint(column, "CONSTR_UNIQUE") != NULL || constraint(column, "CONSTR_PRIMARY") != NULL)
        use(a, FORM_ADD_COLUMN_UNIQUE);
    if (constraint(column, "CONSTR_CHECK") != NULL)
        use(a, FORM_ADD_COLUMN_CHECK);
    if (foreign != NULL) /* without a value there is nothing to compare */
        class_use(a->m,
                  fills == FORM_ADD_COLUMN ? FORM_ADD_COLUMN_REFERENCES : FORM_ADD_FOREIGN_KEY,
                  a->table, class_relation(a->m, tree_get(foreign, "pktable")));
}

/* --- ADD CONSTRAINT --- */

static const struct constraint_row {
    const char *kind;
    enum form_id form, unvalidated, by_index;
} constraint_rows[] = {
    {"CONSTR_CHECK", FORM_ADD_CHECK, FORM_ADD_CHECK_NOT_VALID, FORM_NONE},
    {"CONSTR_FOREIGN", FORM_ADD_FOREIGN_KEY, FORM_ADD_FOREIGN_KEY_NOT_VALID, FORM_NONE},
    {"CONSTR_UNIQUE", FORM_ADD_UNIQUE, FORM_NONE, FORM_ADD_UNIQUE_USING_INDEX},
    {"CONSTR_PRIMARY", FORM_ADD_PRIMARY_KEY, FORM_NONE, FORM_ADD_PRIMARY_KEY_USING_INDEX},
    {"CONSTR_EXCLUSION", FORM_ADD_EXCLUDE, FORM_NONE, FORM_NONE},
};

static enum form_id constraint_form(const struct tree_node *c)
{
    for (size_t i = 0; i < sizeof constraint_rows / sizeof *constraint_rows; i++) {
        const struct constraint_row *row = &constraint_rows[i];

        if (!tree_has(c, "contype", row->kind))
            continue;
        if (tree_true(c, "skip_validation"))
            return row->unvalidated;
        return tree_text(c, "indexname")[0] != '\0' ? row->by_index : row->form;
    }
    return FORM_ALTER_TABLE_OTHER;
}

static void add_constraint(const struct alter *a, const struct tree_node *command)
{
    const struct tree_node *c = tree_get(tree_get(command, "def"), "Constraint");

    class_use(a->m, constraint_form(c), a->table, class_relation(a->m, tree_get(c, "pktable")));
}

/* --- subcommands with another table --- */

static void attach_partition(const struct alter *a, const struct tree_node *command)
{
    const struct tree_node *partition =
        tree_get(tree_get(tree_get(command, "def"), "PartitionCmd"), "name");

    class_use(a->m, FORM_ATTACH_PARTITION, a->table, class_relation(a->m, partition));
}

static void detach_partition(const struct alter *a, const struct tree_node *command)
{
    const struct tree_node *part = tree_get(tree_get(command, "def"), "PartitionCmd");
    const char *name = class_relation(a->m, tree_get(part, "name"));

    if (tree_has(command, "subtype", "AT_DetachPartitionFinalize"))
        class_use(a->m, FORM_DETACH_PARTITION_FINALIZE, a->table, name);
    else if (tree_true(part, "concurrent"))
        class_use(a->m, FORM_DETACH_PARTITION_CONCURRENTLY, a->table, "");
    else
        class_use(a->m, FORM_DETACH_PARTITION, a->table, name);
}

static void inherit(const struct alter *a, const struct tree_node *command)
{
    enum form_id form =
        tree_has(command, "subtype", "AT_AddInherit") ? FORM_INHERIT : FORM_NO_INHERIT;

    class_use(a->m, form, a->table,
              class_relation(a->m, tree_get(tree_get(command, "def"), "RangeVar")));
}

static void set_default(const struct alter *a, const struct tree_node *command)
{
    use(a, tree_get(command, "def") == NULL ? FORM_DROP_DEFAULT : FORM_SET_DEFAULT);
}

/* --- ALTER TABLE --- */

// clang-format off
static const struct alter_row {
    const char *subtype;
    enum form_id form;
    void (*read)(const struct alter *a, const struct tree_node *command);
} alter_rows[] = {
    {"AT_AddColumn",                 FORM_NONE, add_column},
    {"AT_AddConstraint",             FORM_NONE, add_constraint},
    {"AT_AddInherit",                FORM_NONE, inherit},
    {"AT_AddIdentity",               FORM_ADD_IDENTITY},
    {"AT_AddOf",                     FORM_OF_TYPE},
    {"AT_AlterColumnType",           FORM_COLUMN_TYPE},
    {"AT_AlterConstraint",           FORM_ALTER_CONSTRAINT},
    {"AT_AttachPartition",           FORM_NONE, attach_partition},
    {"AT_ChangeOwner",               FORM_OWNER},
    {"AT_ClusterOn",                 FORM_CLUSTER_ON},
    {"AT_ColumnDefault",             FORM_NONE, set_default},
    {"AT_DetachPartition",           FORM_NONE, detach_partition},
    {"AT_DetachPartitionFinalize",   FORM_NONE, detach_partition},
    {"AT_DisableRowSecurity",        FORM_ROW_SECURITY},
    {"AT_DisableRule",               FORM_RULE_STATE},
    {"AT_DisableTrig",               FORM_DISABLE_TRIGGER},
    {"AT_DisableTrigAll",            FORM_DISABLE_TRIGGER},
    {"AT_DisableTrigUser",           FORM_DISABLE_TRIGGER},
    {"AT_DropCluster",               FORM_CLUSTER_ON},
    {"AT_DropColumn",                FORM_DROP_COLUMN},
    {"AT_DropConstraint",            FORM_DROP_CONSTRAINT},
    {"AT_DropExpression",            FORM_DROP_EXPRESSION},
    {"AT_DropIdentity",              FORM_DROP_IDENTITY},
    {"AT_DropInherit",               FORM_NONE, inherit},
    {"AT_DropNotNull",               FORM_DROP_NOT_NULL},
    {"AT_DropOf",                    FORM_NOT_OF},
    {"AT_EnableAlwaysRule",          FORM_RULE_STATE},
    {"AT_EnableAlwaysTrig",          FORM_TRIGGER_STATE},
    {"AT_EnableReplicaRule",         FORM_RULE_STATE},
    {"AT_EnableReplicaTrig",         FORM_TRIGGER_STATE},
    {"AT_EnableRowSecurity",         FORM_ROW_SECURITY},
    {"AT_EnableRule",                FORM_RULE_STATE},
    {"AT_EnableTrig",                FORM_TRIGGER_STATE},
    {"AT_EnableTrigAll",             FORM_TRIGGER_STATE},
    {"AT_EnableTrigUser",            FORM_TRIGGER_STATE},
    {"AT_ForceRowSecurity",          FORM_ROW_SECURITY},
    {"AT_NoForceRowSecurity",        FORM_ROW_SECURITY},
    {"AT_ReplicaIdentity",           FORM_REPLICA_IDENTITY},
    {"AT_ResetOptions",              FORM_SET_COLUMN_OPTIONS},
    {"AT_ResetRelOptions",           FORM_SET_OPTIONS},
    {"AT_SetAccessMethod",           FORM_SET_ACCESS_METHOD},
    {"AT_SetCompression",            FORM_SET_COMPRESSION},
    {"AT_SetIdentity",               FORM_SET_IDENTITY},
    {"AT_SetLogged",                 FORM_SET_LOGGED},
    {"AT_SetNotNull",                FORM_SET_NOT_NULL},
    {"AT_SetOptions",                FORM_SET_COLUMN_OPTIONS},
    {"AT_SetRelOptions",             FORM_SET_OPTIONS},
    {"AT_SetStatistics",             FORM_SET_STATISTICS},
    {"AT_SetStorage",                FORM_SET_STORAGE},
    {"AT_SetTableSpace",             FORM_SET_TABLESPACE},
    {"AT_SetUnLogged",               FORM_SET_UNLOGGED},
    {"AT_ValidateConstraint",        FORM_VALIDATE_CONSTRAINT},
};
// clang-format on

static void read_command(const struct alter *a, const struct tree_node *command)
{
    const char *subtype = tree_text(command, "subtype");
    const struct alter_row *row = NULL;

    for (size_t i = 0; i < sizeof alter_rows / sizeof *alter_rows && row == NULL; i++)
        if (strcmp(alter_rows[i].subtype, subtype) == 0)
            row = &alter_rows[i];
    if (row == NULL)
        use(a, FORM_ALTER_TABLE_OTHER);
    else if (row->read != NULL)
        row->read(a, command);
    else
        use(a, row->form);
    if (tree_has(command, "behavior", "DROP_CASCADE"))
        class_use(a->m, FORM_DROP_CASCADE, "", "");
}

/* ALTER of what is no table, by the kind that is named. */
static const struct kind_row {
    const char *kind;
    enum form_id form;
} kind_rows[] = {
    {"OBJECT_INDEX", FORM_ALTER_INDEX_OPTIONS},
    {"OBJECT_VIEW", FORM_ALTER_VIEW},
    {"OBJECT_SEQUENCE", FORM_OWNER},
    {"OBJECT_TYPE", FORM_ALTER_TYPE},
};

void class_alter_table(struct class_maker *m, const struct tree_node *statement)
{
    const struct tree_node *commands = tree_get(statement, "cmds");
    const struct alter a = {m, class_relation(m, tree_get(statement, "relation"))};

    for (size_t i = 0; i < sizeof kind_rows / sizeof *kind_rows; i++)
        if (tree_has(statement, "objtype", kind_rows[i].kind)) {
            use(&a, kind_rows[i].form);
            return;
        }
    for (const struct tree_node *c = tree_first(commands); c != NULL; c = tree_next(commands, c))
        read_command(&a, tree_get(c, "AlterTableCmd"));
}

/* --- ALTER DOMAIN --- */

void class_alter_domain(struct class_maker *m, const struct tree_node *statement)
{
    const struct tree_node *check = tree_get(tree_get(statement, "def"), "Constraint");
    const char *subtype = tree_text(statement, "subtype");
    enum form_id form = FORM_DOMAIN_OTHER;

    if (subtype[0] == 'C')
        form =
            tree_true(check, "skip_validation") ? FORM_DOMAIN_CHECK_NOT_VALID : FORM_DOMAIN_CHECK;
    else if (subtype[0] == 'O')
        form = FORM_DOMAIN_NOT_NULL;
    else if (subtype[0] == 'V')
        form = FORM_DOMAIN_VALIDATE;
    class_use(m, form, "", "");
}
