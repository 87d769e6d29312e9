/*
 * read_postgres.c - PostgreSQL's catalogs → model: one query for each kind of object and one for
 * what needs what.
 *
 * The search_path names the default schema alone while it reads, so that the server's own
 * deparsers write names of the default schema without it and all others with it. Every query gives
 * schema, table, name and a tag, then the facts that its row in the table below names.
 *
 * FACT_DEFINITION holds: of a constraint what follows CONSTRAINT name; of an index what follows
 * ON table; of a view its query; of an enum its labels; of a composite type its attributes; of a
 * policy what follows ON table; of a function, trigger and rule the whole statement.
 */
#include "read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum { VERSION_MIN = 120000, QUERY_FACTS = 15, ALIAS_HOPS = 2 };

/* Of a tag: the column's number. */
#define SUB_MASK ((uint64_t)0xFFFF << 32)

/* clang-format off */
/* $1 is the default schema's name. */
#define SCHEMA_OF(n) "CASE WHEN " n ".nspname = $1::text THEN '' ELSE " n ".nspname::text END"
#define OURS(n)      n ".nspname !~ '^pg_' AND " n ".nspname <> 'information_schema'"
#define TAG(class, oid, sub) "(" class "::bigint << 48) + (" sub "::bigint << 32) + " oid "::bigint"
#define NO_MEMBER(class, oid) \
    "NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS e WHERE e.classid = " class \
    " AND e.objid = " oid " AND e.deptype = 'e')"
#define NOT_LEDGER(c) c ".relname !~ '^(alembic_version$|headgate_)'"
#define COMMENT_ON(class, oid, sub) \
    "LEFT JOIN pg_catalog.pg_description AS d ON d.classoid = " class " AND d.objoid = " oid \
    " AND d.objsubid = " sub " "
#define OPTIONS_OF(options) \
    "(SELECT pg_catalog.string_agg(o.option_name || '=' || pg_catalog.quote_literal(o.option_value), ', '" \
    " ORDER BY o.option_name) FROM pg_catalog.pg_options_to_table(" options ") AS o)"
#define COLLATION_NAME(oid) \
    "(SELECT CASE WHEN n2.nspname IN ('pg_catalog', $1::name) THEN '' ELSE pg_catalog.quote_ident(n2.nspname) || '.' END" \
    " || pg_catalog.quote_ident(k.collname) FROM pg_catalog.pg_collation AS k" \
    " JOIN pg_catalog.pg_namespace AS n2 ON n2.oid = k.collnamespace WHERE k.oid = " oid ")"
#define SEQUENCE_OPTIONS(s) \
    "CASE WHEN " s ".seqincrement = 1 AND " s ".seqmin = 1 AND " s ".seqstart = 1 AND " s ".seqcache = 1" \
    " AND NOT " s ".seqcycle AND " s ".seqmax = CASE pg_catalog.format_type(" s ".seqtypid, NULL)" \
    " WHEN 'smallint' THEN 32767 WHEN 'integer' THEN 2147483647 ELSE 9223372036854775807 END THEN NULL" \
    " ELSE pg_catalog.format('INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s %s'," \
    " " s ".seqincrement, " s ".seqmin, " s ".seqmax, " s ".seqstart, " s ".seqcache," \
    " CASE WHEN " s ".seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END) END"
/* Who may do what, without what the owner may do anyway; by grantee. */
#define GRANTS(acl, owner, kind) \
    "CASE WHEN $2::boolean THEN (SELECT pg_catalog.string_agg(g.line, ', ' ORDER BY g.line) FROM (" \
    "SELECT pg_catalog.string_agg(x.privilege_type || CASE WHEN x.is_grantable THEN '*' ELSE '' END, '+'" \
    " ORDER BY x.privilege_type) || ' TO ' || CASE WHEN x.grantee = 0 THEN 'PUBLIC'" \
    " ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END AS line" \
    " FROM pg_catalog.aclexplode(coalesce(" acl ", pg_catalog.acldefault(" kind ", " owner "))) AS x" \
    " WHERE x.grantee <> " owner " GROUP BY x.grantee) AS g) END"

static const struct query {
    enum object_kind kind;
    enum fact facts[QUERY_FACTS]; /* of the columns behind the first four; FACTS ends them */
    const char *sql;
} queries[] = {
    {OBJECT_SCHEMA, {FACT_COMMENT, FACT_PRIVILEGES, FACTS},
     "SELECT '', '', n.nspname, " TAG("2615", "n.oid", "0") ", d.description, " GRANTS("n.nspacl", "n.nspowner", "'n'")
     " FROM pg_catalog.pg_namespace AS n " COMMENT_ON("2615", "n.oid", "0")
     "WHERE " OURS("n") " AND n.nspname NOT IN ('public', $1::name) AND " NO_MEMBER("2615", "n.oid")},

    /* these are there before anything else is: what is compared is who may do what in them */
    {OBJECT_SCHEMA, {FACT_VARIETY, FACT_PRIVILEGES, FACTS},
     "SELECT '', '', n.nspname, 0, 'standing', " GRANTS("n.nspacl", "n.nspowner", "'n'")
     " FROM pg_catalog.pg_namespace AS n WHERE $2::boolean AND n.nspname IN ('public', $1::name)"},

    {OBJECT_EXTENSION, {FACT_OPTIONS, FACT_COMMENT, FACTS},
     "SELECT '', '', x.extname, " TAG("3079", "x.oid", "0") ", CASE WHEN n.nspname <> $1::name THEN n.nspname END,"
     " CASE WHEN d.description IS DISTINCT FROM v.comment THEN d.description END"
     " FROM pg_catalog.pg_extension AS x JOIN pg_catalog.pg_namespace AS n ON n.oid = x.extnamespace"
     " LEFT JOIN pg_catalog.pg_available_extensions AS v ON v.name = x.extname "
     COMMENT_ON("3079", "x.oid", "0") "WHERE x.extname <> 'plpgsql'"},

    {OBJECT_TYPE, {FACT_VARIETY, FACT_TYPE, FACT_NOT_NULL, FACT_DEFAULT, FACT_COLLATION, FACT_DEFINITION, FACT_COMMENT, FACT_PRIVILEGES, FACTS},
     "SELECT " SCHEMA_OF("n") ", '', t.typname, " TAG("1247", "t.oid", "0")
     ", CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' ELSE 'composite' END,"
     " CASE WHEN t.typtype = 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END,"
     " CASE WHEN t.typnotnull THEN 'yes' END, pg_catalog.pg_get_expr(t.typdefaultbin, 0),"
     " CASE WHEN t.typtype = 'd' AND t.typcollation <> b.typcollation THEN " COLLATION_NAME("t.typcollation") " END,"
     " CASE t.typtype WHEN 'e' THEN (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(l.enumlabel), ', ' ORDER BY l.enumsortorder)"
     "      FROM pg_catalog.pg_enum AS l WHERE l.enumtypid = t.oid)"
     " WHEN 'c' THEN (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname) || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod)"
     "      || CASE WHEN a.attcollation <> at.typcollation THEN ' COLLATE ' || " COLLATION_NAME("a.attcollation") " ELSE '' END, ', ' ORDER BY a.attnum)"
     "      FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS at ON at.oid = a.atttypid"
     "      WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) END,"
     " d.description, " GRANTS("t.typacl", "t.typowner", "'T'")
     " FROM pg_catalog.pg_type AS t JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace"
     " LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid LEFT JOIN pg_catalog.pg_type AS b ON b.oid = t.typbasetype "
     COMMENT_ON("1247", "t.oid", "0")
     "WHERE " OURS("n") " AND (t.typtype IN ('e', 'd') OR (t.typtype = 'c' AND c.relkind = 'c')) AND " NO_MEMBER("1247", "t.oid")},

    {OBJECT_SEQUENCE, {FACT_TYPE, FACT_SEQUENCE, FACT_OWNER, FACT_PERSISTENCE, FACT_COMMENT, FACT_PRIVILEGES, FACTS},
     "SELECT " SCHEMA_OF("n") ", '', c.relname, " TAG("1259", "c.oid", "0")
     ", pg_catalog.format_type(s.seqtypid, NULL), " SEQUENCE_OPTIONS("s")
     ", (SELECT o.refobjid::pg_catalog.regclass::text || '.' || pg_catalog.quote_ident(a.attname)"
     "     FROM pg_catalog.pg_depend AS o JOIN pg_catalog.pg_attribute AS a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid"
     "    WHERE o.classid = 1259 AND o.objid = c.oid AND o.refclassid = 1259 AND o.deptype = 'a' LIMIT 1),"
     " CASE WHEN c.relpersistence = 'u' THEN 'unlogged' END, d.description, " GRANTS("c.relacl", "c.relowner", "'s'")
     " FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
     " JOIN pg_catalog.pg_sequence AS s ON s.seqrelid = c.oid " COMMENT_ON("1259", "c.oid", "0")
     "WHERE " OURS("n") " AND " NO_MEMBER("1259", "c.oid")
     " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS i JOIN pg_catalog.pg_class AS ic ON ic.oid = i.refobjid"
     "   WHERE i.classid = 1259 AND i.objid = c.oid AND i.refclassid = 1259"
     "     AND (i.deptype = 'i' OR NOT (" NOT_LEDGER("ic") ")))"},

    {OBJECT_FUNCTION, {FACT_VARIETY, FACT_TYPE, FACT_COLUMNS, FACT_DEFINITION, FACT_COMMENT, FACT_PRIVILEGES, FACTS},
     "SELECT " SCHEMA_OF("n") ", '', pg_catalog.quote_ident(p.proname) || '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')', "
     TAG("1255", "p.oid", "0") ", CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END,"
     " pg_catalog.pg_get_function_result(p.oid), pg_catalog.pg_get_function_arguments(p.oid),"
     " CASE WHEN n.nspname = $1::name THEN overlay(pg_catalog.pg_get_functiondef(p.oid) PLACING '' FROM 1 +"
     "   CASE p.prokind WHEN 'p' THEN 28 ELSE 27 END FOR pg_catalog.length(pg_catalog.quote_ident(n.nspname)) + 1)"
     " ELSE pg_catalog.pg_get_functiondef(p.oid) END, d.description, " GRANTS("p.proacl", "p.proowner", "'f'")
     " FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace "
     COMMENT_ON("1255", "p.oid", "0")
     "WHERE " OURS("n") " AND p.prokind IN ('f', 'p', 'w') AND " NO_MEMBER("1255", "p.oid")
     " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS i WHERE i.classid = 1255 AND i.objid = p.oid AND i.deptype = 'i')"},

    {OBJECT_TABLE, {FACT_VARIETY, FACT_TYPE, FACT_PERSISTENCE, FACT_OPTIONS, FACT_PARTITION_BY, FACT_PARENTS, FACT_BOUND, FACT_SECURITY, FACT_REPLICA, FACT_COMMENT, FACT_PRIVILEGES, FACTS},
     "SELECT " SCHEMA_OF("n") ", '', c.relname, " TAG("1259", "c.oid", "0")
     ", CASE c.relkind WHEN 'p' THEN 'partitioned table' ELSE 'table' END,"
     " CASE WHEN c.reloftype <> 0 THEN pg_catalog.format_type(c.reloftype, NULL) END,"
     " CASE WHEN c.relpersistence = 'u' THEN 'unlogged' END, " OPTIONS_OF("c.reloptions")
     ", pg_catalog.pg_get_partkeydef(c.oid),"
     " (SELECT pg_catalog.string_agg(i.inhparent::pg_catalog.regclass::text, ', ' ORDER BY i.inhseqno)"
     "    FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = c.oid),"
     " pg_catalog.pg_get_expr(c.relpartbound, c.oid),"
     " CASE WHEN c.relrowsecurity AND c.relforcerowsecurity THEN 'enabled forced' WHEN c.relrowsecurity THEN 'enabled'"
     "      WHEN c.relforcerowsecurity THEN 'forced' END,"
     " CASE c.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' WHEN 'i' THEN 'USING INDEX ' ||"
     "   (SELECT pg_catalog.quote_ident(ri.relname) FROM pg_catalog.pg_index AS rx JOIN pg_catalog.pg_class AS ri ON ri.oid = rx.indexrelid"
     "     WHERE rx.indrelid = c.oid AND rx.indisreplident) END,"
     " d.description, " GRANTS("c.relacl", "c.relowner", "'r'")
     " FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace "
     COMMENT_ON("1259", "c.oid", "0")
     "WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND " OURS("n") " AND " NOT_LEDGER("c") " AND " NO_MEMBER("1259", "c.oid")},

    {OBJECT_COLUMN, {FACT_TYPE, FACT_NOT_NULL, FACT_DEFAULT, FACT_GENERATED, FACT_STORED, FACT_IDENTITY, FACT_SEQUENCE, FACT_COLLATION, FACT_STORAGE, FACT_COMPRESSION, FACT_STATISTICS, FACT_COMMENT, FACT_POSITION, FACT_PRIVILEGES, FACTS},
     "SELECT " SCHEMA_OF("n") ", c.relname, a.attname, " TAG("1259", "c.oid", "a.attnum")
     ", pg_catalog.format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'yes' END,"
     " CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(ad.adbin, ad.adrelid) END,"
     " CASE WHEN a.attgenerated <> '' THEN pg_catalog.pg_get_expr(ad.adbin, ad.adrelid) END,"
     " CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' END,"
     " CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END,"
     " CASE WHEN s.seqrelid IS NOT NULL THEN " SEQUENCE_OPTIONS("s") " END,"
     " CASE WHEN a.attcollation <> t.typcollation THEN " COLLATION_NAME("a.attcollation") " END,"
     " CASE WHEN a.attstorage <> t.typstorage THEN CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END,"
     " CASE @COMPRESSION@ WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END, nullif(a.attstattarget, -1), d.description, a.attnum, "
     GRANTS("a.attacl", "c.relowner", "'c'")
     " FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid"
     " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid"
     " LEFT JOIN pg_catalog.pg_attrdef AS ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum"
     " LEFT JOIN pg_catalog.pg_depend AS i ON a.attidentity <> '' AND i.refclassid = 1259 AND i.refobjid = a.attrelid"
     "      AND i.refobjsubid = a.attnum AND i.classid = 1259 AND i.deptype = 'i'"
     " LEFT JOIN pg_catalog.pg_sequence AS s ON s.seqrelid = i.objid "
     COMMENT_ON("1259", "a.attrelid", "a.attnum")
     "WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND " OURS("n")
     " AND " NOT_LEDGER("c") " AND (a.attislocal OR a.attinhcount = 0) AND NOT (c.relispartition AND a.attinhcount > 0)"
     " AND (c.reloftype = 0 OR ad.adbin IS NOT NULL OR a.attnotnull) AND " NO_MEMBER("1259", "c.oid")},

    {OBJECT_COLUMN, {FACT_COMMENT, FACT_POSITION, FACTS},
     "SELECT " SCHEMA_OF("n") ", c.relname, a.attname, " TAG("1259", "c.oid", "a.attnum") ", d.description, a.attnum"
     " FROM pg_catalog.pg_description AS d JOIN pg_catalog.pg_class AS c ON c.oid = d.objoid AND c.relkind IN ('v', 'm', 'c')"
     " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
     " JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.objsubid"
     " WHERE d.classoid = 1259 AND d.objsubid > 0 AND " OURS("n") " AND " NO_MEMBER("1259", "c.oid")},

    {OBJECT_CONSTRAINT, {FACT_VARIETY, FACT_DEFINITION, FACT_REFERENCES, FACT_VALID, FACT_CLUSTER, FACT_COMMENT, FACTS},
     "SELECT " SCHEMA_OF("n") ", coalesce(c.relname, t.typname), k.conname, " TAG("2606", "k.oid", "0")
     ", CASE k.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'f' THEN 'foreign key' WHEN 'c' THEN 'check' ELSE 'exclude' END,"
     " CASE WHEN k.convalidated THEN pg_catalog.pg_get_constraintdef(k.oid)"
     "      ELSE pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(k.oid), ' NOT VALID$', '') END,"
     " CASE WHEN k.contype = 'f' THEN k.confrelid::pg_catalog.regclass::text END,"
     " CASE WHEN NOT k.convalidated THEN 'no' END, CASE WHEN x.indisclustered THEN 'yes' END, d.description"
     " FROM pg_catalog.pg_constraint AS k LEFT JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid"
     " LEFT JOIN pg_catalog.pg_type AS t ON t.oid = k.contypid"
     " JOIN pg_catalog.pg_namespace AS n ON n.oid = coalesce(c.relnamespace, t.typnamespace)"
     " LEFT JOIN pg_catalog.pg_index AS x ON x.indexrelid = k.conindid AND k.contype <> 'f' "
     COMMENT_ON("2606", "k.oid", "0")
     "WHERE k.contype IN ('p', 'u', 'f', 'c', 'x') AND (k.conislocal OR k.coninhcount = 0) AND @CONPARENT@ = 0 AND " OURS("n")
     " AND NOT (c.relispartition IS TRUE AND k.coninhcount > 0)"
     " AND coalesce(c.relkind, 'd') IN ('r', 'p', 'd') AND coalesce(c.relpersistence, 'p') <> 't'"
     " AND (c.oid IS NULL OR (" NOT_LEDGER("c") " AND " NO_MEMBER("1259", "c.oid") "))"
     " AND (t.oid IS NULL OR " NO_MEMBER("1247", "t.oid") ")"},

    {OBJECT_INDEX, {FACT_VARIETY, FACT_DEFINITION, FACT_VALID, FACT_CLUSTER, FACT_COMMENT, FACTS},
     /* the subquery deparses each index once, and none that is filtered out */
     "SELECT i.namespace, i.relname, i.name, i.tag, i.variety,"
     " pg_catalog.substr(i.def, pg_catalog.strpos(i.def, ' USING ' || pg_catalog.quote_ident(i.amname) || ' (') + 1),"
     " i.valid, i.clustered, i.description FROM ("
     "SELECT " SCHEMA_OF("n") " AS namespace, c.relname, ic.relname AS name, " TAG("1259", "ic.oid", "0") " AS tag"
     ", CASE WHEN x.indisunique THEN 'unique' ELSE 'index' END AS variety, pg_catalog.pg_get_indexdef(ic.oid) AS def, m.amname,"
     " CASE WHEN NOT x.indisvalid THEN 'no' END AS valid, CASE WHEN x.indisclustered THEN 'yes' END AS clustered, d.description"
     " FROM pg_catalog.pg_index AS x JOIN pg_catalog.pg_class AS ic ON ic.oid = x.indexrelid"
     " JOIN pg_catalog.pg_class AS c ON c.oid = x.indrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
     " JOIN pg_catalog.pg_am AS m ON m.oid = ic.relam " COMMENT_ON("1259", "ic.oid", "0")
     "WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't' AND " OURS("n") " AND " NOT_LEDGER("c") " AND " NO_MEMBER("1259", "c.oid")
     " AND " NO_MEMBER("1259", "ic.oid")
     " AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conindid = ic.oid AND k.contype IN ('p', 'u', 'x'))"
     " AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = ic.oid)"
     " OFFSET 0) AS i WHERE $2::boolean IS NOT NULL"},

    {OBJECT_VIEW, {FACT_VARIETY, FACT_COLUMNS, FACT_DEFINITION, FACT_OPTIONS, FACT_COMMENT, FACT_PRIVILEGES, FACTS},
     "SELECT " SCHEMA_OF("n") ", '', c.relname, " TAG("1259", "c.oid", "0")
     ", CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END,"
     " (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname) || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)"
     "    FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0),"
     " pg_catalog.rtrim(pg_catalog.pg_get_viewdef(c.oid), ';'), " OPTIONS_OF("c.reloptions")
     ", d.description, " GRANTS("c.relacl", "c.relowner", "'r'")
     " FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace "
     COMMENT_ON("1259", "c.oid", "0")
     "WHERE c.relkind IN ('v', 'm') AND c.relpersistence <> 't' AND " OURS("n") " AND " NO_MEMBER("1259", "c.oid")},

    {OBJECT_TRIGGER, {FACT_DEFINITION, FACT_ENABLED, FACT_COMMENT, FACTS},
     "SELECT " SCHEMA_OF("n") ", c.relname, g.tgname, " TAG("2620", "g.oid", "0")
     ", CASE WHEN n.nspname = $1::name THEN pg_catalog.replace(pg_catalog.pg_get_triggerdef(g.oid),"
     "   ' ON ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), ' ON ' || pg_catalog.quote_ident(c.relname))"
     " ELSE pg_catalog.pg_get_triggerdef(g.oid) END, nullif(g.tgenabled, 'O'), d.description"
     " FROM pg_catalog.pg_trigger AS g JOIN pg_catalog.pg_class AS c ON c.oid = g.tgrelid"
     " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace " COMMENT_ON("2620", "g.oid", "0")
     "WHERE NOT g.tgisinternal AND @TGPARENT@ = 0 AND c.relpersistence <> 't' AND " OURS("n") " AND " NOT_LEDGER("c") " AND " NO_MEMBER("1259", "c.oid")},

    {OBJECT_RULE, {FACT_DEFINITION, FACT_ENABLED, FACT_COMMENT, FACTS},
     "SELECT " SCHEMA_OF("n") ", c.relname, r.rulename, " TAG("2618", "r.oid", "0")
     ", CASE WHEN n.nspname = $1::name THEN pg_catalog.replace(pg_catalog.pg_get_ruledef(r.oid),"
     "   ' TO ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), ' TO ' || pg_catalog.quote_ident(c.relname))"
     " ELSE pg_catalog.pg_get_ruledef(r.oid) END, nullif(r.ev_enabled, 'O'), d.description"
     " FROM pg_catalog.pg_rewrite AS r JOIN pg_catalog.pg_class AS c ON c.oid = r.ev_class"
     " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace " COMMENT_ON("2618", "r.oid", "0")
     "WHERE r.rulename <> '_RETURN' AND c.relpersistence <> 't' AND " OURS("n") " AND " NOT_LEDGER("c") " AND " NO_MEMBER("1259", "c.oid")},

    {OBJECT_POLICY, {FACT_DEFINITION, FACT_COMMENT, FACTS},
     "SELECT " SCHEMA_OF("n") ", c.relname, p.polname, " TAG("3256", "p.oid", "0")
     ", 'AS ' || CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END || ' FOR ' || CASE p.polcmd WHEN 'r' THEN 'SELECT'"
     "   WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END || ' TO ' || CASE WHEN p.polroles = '{0}' THEN 'PUBLIC'"
     "   ELSE (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(o)), ', ' ORDER BY pg_catalog.pg_get_userbyid(o))"
     "           FROM pg_catalog.unnest(p.polroles) AS o) END"
     " || coalesce(' USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')', '')"
     " || coalesce(' WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')', ''), d.description"
     " FROM pg_catalog.pg_policy AS p JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid"
     " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace " COMMENT_ON("3256", "p.oid", "0")
     "WHERE " OURS("n") " AND " NO_MEMBER("1259", "c.oid")},

    {OBJECT_DEFAULTS, {FACT_PRIVILEGES, FACTS},
     "SELECT '', '', CASE WHEN p.defaclrole = (SELECT o.oid FROM pg_catalog.pg_roles AS o WHERE o.rolname = CURRENT_USER) THEN ''"
     "   ELSE 'FOR ROLE ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(p.defaclrole)) || ' ' END"
     " || coalesce('IN SCHEMA ' || pg_catalog.quote_ident(n.nspname) || ' ', '')"
     " || CASE p.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS'"
     "    WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END, 0, "
     GRANTS("p.defaclacl", "p.defaclrole", "'r'")
     " FROM pg_catalog.pg_default_acl AS p LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = p.defaclnamespace"
     " WHERE $2::boolean AND $1::text IS NOT NULL AND p.defaclobjtype IN ('r', 'S', 'f', 'T', 'n')"},

    {OBJECT_OTHER, {FACT_VARIETY, FACTS},
     "SELECT " SCHEMA_OF("n") ", '', o.name, " TAG("o.class", "o.oid", "0") ", o.kind FROM ("
     " SELECT 1255 AS class, oid, pronamespace AS ns, pg_catalog.quote_ident(proname) || '(' || pg_catalog.pg_get_function_identity_arguments(oid) || ')' AS name,"
     "        'aggregate' AS kind FROM pg_catalog.pg_proc WHERE prokind = 'a'"
     " UNION ALL SELECT 1247, oid, typnamespace, typname::text, 'range type' FROM pg_catalog.pg_type WHERE typtype = 'r'"
     " UNION ALL SELECT 1247, oid, typnamespace, typname::text, 'base type' FROM pg_catalog.pg_type"
     "           WHERE typtype = 'b' AND typelem = 0 AND typrelid = 0"
     " UNION ALL SELECT 1259, oid, relnamespace, relname::text, 'foreign table' FROM pg_catalog.pg_class WHERE relkind = 'f'"
     " UNION ALL SELECT 2617, oid, oprnamespace, oprname || ' (' || pg_catalog.format_type(oprleft, NULL) || ', ' || pg_catalog.format_type(oprright, NULL) || ')',"
     "           'operator' FROM pg_catalog.pg_operator"
     " UNION ALL SELECT 2616, oid, opcnamespace, opcname::text, 'operator class' FROM pg_catalog.pg_opclass"
     " UNION ALL SELECT 3456, oid, collnamespace, collname::text, 'collation' FROM pg_catalog.pg_collation"
     " UNION ALL SELECT 3381, oid, stxnamespace, stxname::text, 'statistics' FROM pg_catalog.pg_statistic_ext"
     " UNION ALL SELECT 3602, oid, cfgnamespace, cfgname::text, 'text search configuration' FROM pg_catalog.pg_ts_config"
     " UNION ALL SELECT 3600, oid, dictnamespace, dictname::text, 'text search dictionary' FROM pg_catalog.pg_ts_dict"
     " UNION ALL SELECT 2607, oid, connamespace, conname::text, 'conversion' FROM pg_catalog.pg_conversion"
     ") AS o JOIN pg_catalog.pg_namespace AS n ON n.oid = o.ns WHERE o.oid >= 16384 AND " OURS("n")
     " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS e WHERE e.classid = o.class AND e.objid = o.oid AND e.deptype IN ('e', 'i'))"},

    {OBJECT_OTHER, {FACT_VARIETY, FACTS},
     "SELECT '', '', o.name, " TAG("o.class", "o.oid", "0") ", o.kind FROM ("
     " SELECT 6104 AS class, oid, pubname::text AS name, 'publication' AS kind FROM pg_catalog.pg_publication"
     " UNION ALL SELECT 3466, oid, evtname::text, 'event trigger' FROM pg_catalog.pg_event_trigger"
     " UNION ALL SELECT 1417, oid, srvname::text, 'foreign server' FROM pg_catalog.pg_foreign_server"
     " UNION ALL SELECT 2328, oid, fdwname::text, 'foreign data wrapper' FROM pg_catalog.pg_foreign_data_wrapper"
     " UNION ALL SELECT 2605, oid, pg_catalog.format_type(castsource, NULL) || ' AS ' || pg_catalog.format_type(casttarget, NULL), 'cast' FROM pg_catalog.pg_cast"
     " UNION ALL SELECT 2612, oid, lanname::text, 'language' FROM pg_catalog.pg_language"
     ") AS o WHERE o.oid >= 16384 AND $1::text IS NOT NULL"
     " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS e WHERE e.classid = o.class AND e.objid = o.oid AND e.deptype IN ('e', 'i'))"},
};

/* What needs what, as the catalogs have it. */
static const char edges[] =
    "SELECT " TAG("d.classid", "d.objid", "d.objsubid") ", " TAG("d.refclassid", "d.refobjid", "d.refobjsubid")
    " FROM pg_catalog.pg_depend AS d"
    " WHERE d.objid >= 16384 AND d.refobjid >= 16384 AND d.deptype IN ('n', 'a', 'P', 'S') AND d.refclassid <> 2615"
    " AND NOT (d.deptype = 'a' AND d.classid = 1259" /* FACT_OWNER says it */
    "          AND d.objid IN (SELECT s.seqrelid FROM pg_catalog.pg_sequence AS s))"
    " AND $1::text IS NOT NULL";

/*
 * What is told as another thing: a view's query is kept in a rule and a default in an object of its
 * own; an index may back a constraint, a table has a row type, a composite type a relation, every
 * type an array.
 */
static const char aliases[] =
    "SELECT " TAG("2618", "r.oid", "0") ", " TAG("1259", "r.ev_class", "0")
    " FROM pg_catalog.pg_rewrite AS r WHERE r.rulename = '_RETURN' AND r.oid >= 16384"
    " UNION ALL SELECT " TAG("2604", "a.oid", "0") ", " TAG("1259", "a.adrelid", "a.adnum")
    " FROM pg_catalog.pg_attrdef AS a WHERE a.oid >= 16384"
    " UNION ALL SELECT " TAG("1259", "k.conindid", "0") ", " TAG("2606", "k.oid", "0")
    " FROM pg_catalog.pg_constraint AS k WHERE k.contype IN ('p', 'u', 'x') AND k.oid >= 16384"
    " UNION ALL SELECT CASE c.relkind WHEN 'c' THEN " TAG("1259", "c.oid", "0") " ELSE " TAG("1247", "c.reltype", "0") " END,"
    " CASE c.relkind WHEN 'c' THEN " TAG("1247", "c.reltype", "0") " ELSE " TAG("1259", "c.oid", "0") " END"
    " FROM pg_catalog.pg_class AS c WHERE c.reltype >= 16384"
    " UNION ALL SELECT " TAG("1247", "t.oid", "0") ", " TAG("1247", "t.typelem", "0")
    " FROM pg_catalog.pg_type AS t WHERE t.typcategory = 'A' AND t.typelem <> 0 AND t.oid >= 16384"
    " AND $1::text IS NOT NULL";
/* clang-format on */

/* What a server of this version calls a column, or what stands in for one it lacks. */
static const struct word {
    const char *mark;
    int since;
    const char *name, *before;
} words[] = {
    {"@COMPRESSION@", 140000, "a.attcompression", "''"},
    {"@CONPARENT@", 110000, "k.conparentid", "0"},
    {"@TGPARENT@", 130000, "g.tgparentid", "0"},
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not read the schema: out of memory");
}

static bool set_words(struct buf *out, const char *sql, int version)
{
    while (*sql != '\0') {
        const struct word *word = NULL;

        for (size_t i = 0; *sql == '@' && i < sizeof words / sizeof *words; i++)
            if (strncmp(sql, words[i].mark, strlen(words[i].mark)) == 0)
                word = &words[i];
        if (word == NULL) {
            buf_char(out, *sql++);
            continue;
        }
        buf_text(out, version >= word->since ? word->name : word->before);
        sql += strlen(word->mark);
    }
    return !buf_failed(out);
}

struct reader {
    hg_conn *conn;
    hg_deadline by;
    hg_value params[2]; /* the default schema; whether privileges are wanted */
    struct model_maker maker;
    VEC(struct model_edge) aliases; /* sorted */
};

static bool ask(struct reader *r, const char *sql, hg_rows **out_rows, hg_error *err)
{
    struct buf text = BUF_INIT(64 * 1024);
    struct buf whole = BUF_INIT(64 * 1024);
    bool ok;

    buf_text(&text, sql);
    if (strstr(sql, "$2") == NULL) /* every placeholder must have a place */
        buf_text(&text, " AND $2::boolean IS NOT NULL");
    ok = (set_words(&whole, text.bytes, r->maker.model->version) && !buf_failed(&text))
             ? hg_conn_query(r->conn, whole.bytes, r->params, 2, r->by, out_rows, err)
             : no_memory(err);
    buf_release(&whole);
    buf_release(&text);
    return ok;
}

static bool take_row(struct reader *r, const struct query *query, hg_rows *rows)
{
    struct object *object = model_add(&r->maker, query->kind, hg_rows_text(rows, 0),
                                      hg_rows_text(rows, 1), hg_rows_text(rows, 2));

    if (object == NULL)
        return false;
    object->tag = (uint64_t)hg_rows_integer(rows, 3);
    for (size_t i = 0; query->facts[i] != FACTS; i++)
        if (!model_fact(&r->maker, object, query->facts[i], hg_rows_text(rows, 4 + i)))
            return false;
    return true;
}

static bool read_kind(struct reader *r, const struct query *query, hg_error *err)
{
    hg_rows *rows = NULL;
    hg_step step = HG_ERROR;

    if (!ask(r, query->sql, &rows, err))
        return false;
    while ((step = hg_rows_next(rows, r->by, err)) == HG_ROW)
        if (!take_row(r, query, rows)) {
            no_memory(err);
            step = HG_ERROR;
            break;
        }
    hg_rows_close(rows);
    return step == HG_END;
}

static int compare_aliases(const void *a, const void *b)
{
    const struct model_edge *x = a, *y = b;

    return (x->from > y->from) - (x->from < y->from);
}

static bool keep_alias(struct reader *r, uint64_t from, uint64_t to)
{
    struct model_edge *alias = VEC_PUSH(&r->aliases);

    if (alias != NULL)
        *alias = (struct model_edge){from, to};
    return alias != NULL;
}

/* What a thing is told as: an array may be one of a table's row type. */
static uint64_t told_as(const struct reader *r, uint64_t tag)
{
    for (int hop = 0; hop < ALIAS_HOPS; hop++) {
        const struct model_edge key = {.from = tag & ~SUB_MASK};
        const struct model_edge *found =
            r->aliases.count == 0
                ? NULL
                : bsearch(&key, r->aliases.items, r->aliases.count, sizeof key, compare_aliases);

        if (found == NULL)
            break;
        tag = found->to;
    }
    return tag;
}

/* A column's edges are its table's too, which is created with it; a column that is needed needs its
 * table. */
static bool keep_edge(struct reader *r, uint64_t from, uint64_t to)
{
    from = told_as(r, from);
    to = told_as(r, to);
    return model_need(&r->maker, from, to)
           && ((from & SUB_MASK) == 0 || model_need(&r->maker, from & ~SUB_MASK, to))
           && ((to & SUB_MASK) == 0 || model_need(&r->maker, from, to & ~SUB_MASK))
           && ((from & SUB_MASK) == 0 || (to & SUB_MASK) == 0
               || model_need(&r->maker, from & ~SUB_MASK, to & ~SUB_MASK));
}

/* Hands over pairs of tags. */
static bool read_tags(struct reader *r, const char *sql,
                      bool (*keep)(struct reader *, uint64_t, uint64_t), hg_error *err)
{
    hg_rows *rows = NULL;
    hg_step step = HG_ERROR;

    if (!ask(r, sql, &rows, err))
        return false;
    while ((step = hg_rows_next(rows, r->by, err)) == HG_ROW)
        if (!keep(r, (uint64_t)hg_rows_integer(rows, 0), (uint64_t)hg_rows_integer(rows, 1))) {
            no_memory(err);
            step = HG_ERROR;
            break;
        }
    hg_rows_close(rows);
    return step == HG_END;
}

static bool read_edges(struct reader *r, hg_error *err)
{
    if (!read_tags(r, aliases, keep_alias, err))
        return false;
    if (r->aliases.count > 0)
        qsort(r->aliases.items, r->aliases.count, sizeof *r->aliases.items, compare_aliases);
    return read_tags(r, edges, keep_edge, err);
}

/* --- the session while it reads --- */

static bool execute(hg_conn *conn, const char *sql, hg_deadline by, hg_error *err)
{
    return hg_conn_execute(conn, sql, NULL, 0, by, NULL, err);
}

static bool enter(hg_conn *conn, bool inside, hg_deadline by, hg_error *err)
{
    return execute(conn,
                   inside ? "SAVEPOINT headgate_read"
                          : "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
                   by, err);
}

/* Back to how the session was, settings included. */
static void leave(hg_conn *conn, bool inside, hg_deadline by)
{
    if (inside) {
        (void)execute(conn, "ROLLBACK TO SAVEPOINT headgate_read", by, NULL);
        (void)execute(conn, "RELEASE SAVEPOINT headgate_read", by, NULL);
    } else {
        (void)hg_conn_rollback(conn, by, NULL);
    }
}

static char *read_default_schema(hg_conn *conn, hg_deadline by, hg_error *err)
{
    hg_rows *rows = NULL;
    char *name = NULL;

    if (hg_conn_query(conn, "SELECT coalesce(pg_catalog.current_schema(), 'public')", NULL, 0, by,
                      &rows, err)
        && hg_rows_next(rows, by, err) == HG_ROW
        && (name = alloc_text(hg_rows_text(rows, 0))) == NULL)
        no_memory(err);
    hg_rows_close(rows);
    return name;
}

/* The settings that the server's deparsers look at, and one for haste. */
static bool settle(hg_conn *conn, const char *schema, hg_deadline by, hg_error *err)
{
    static const char sql[] =
        "SELECT pg_catalog.set_config('search_path', pg_catalog.quote_ident($1::text), true),"
        " pg_catalog.set_config('jit', 'off', true)," /* it takes longer than what it compiles */
        " pg_catalog.set_config('quote_all_identifiers', 'off', true),"
        " pg_catalog.set_config('datestyle', 'ISO', true),"
        " pg_catalog.set_config('intervalstyle', 'postgres', true),"
        " pg_catalog.set_config('timezone', 'UTC', true),"
        " pg_catalog.set_config('extra_float_digits', '1', true)";
    hg_value value = hg_text(schema);

    return hg_conn_execute(conn, sql, &value, 1, by, NULL, err);
}

static bool read_all(struct reader *r, hg_error *err)
{
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++)
        if (!read_kind(r, &queries[i], err))
            return false;
    return read_edges(r, err) && model_finish(&r->maker, err);
}

bool schema_read_postgres(hg_conn *conn, const struct read_options *options, hg_deadline by,
                          struct model **out_model, hg_error *err)
{
    struct reader r = {.conn = conn, .by = by};
    bool inside = hg_conn_in_transaction(conn), ok = false;
    int version = hg_conn_server_version_number(conn);
    char *schema = NULL;

    if (version < VERSION_MIN)
        return hg_fail(err, HG_UNSUPPORTED,
                       "the schema of PostgreSQL %s cannot be read: 12 is the oldest",
                       hg_conn_server_version(conn));
    if (enter(conn, inside, by, err))
        schema = read_default_schema(conn, by, err);
    if (schema != NULL && settle(conn, schema, by, err)) {
        r.params[0] = hg_text(schema);
        r.params[1] = hg_boolean(options != NULL && options->privileges);
        r.maker.model = model_new(HG_POSTGRESQL, version, schema);
        if (r.maker.model != NULL)
            r.maker.model->privileges = options != NULL && options->privileges;
        ok = r.maker.model == NULL ? no_memory(err) : read_all(&r, err);
    }
    leave(conn, inside, hg_deadline_first(by, hg_deadline_in_ms(10000)));
    model_maker_release(&r.maker);
    VEC_RELEASE(&r.aliases);
    alloc_free(schema);
    if (ok)
        *out_model = r.maker.model;
    else
        model_free(r.maker.model);
    return ok;
}

bool schema_read(hg_conn *conn, const struct read_options *options, hg_deadline by,
                 struct model **out_model, hg_error *err)
{
    return hg_conn_driver(conn) == HG_SQLITE
               ? schema_read_sqlite(conn, by, out_model, err)
               : schema_read_postgres(conn, options, by, out_model, err);
}
