/*
 * demo_project.c - a small shop: accounts, products, orders, jobs, an audit trail.
 */
#include "demo_project.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

struct demo_file {
    const char *name;
    const char *text;
};

const char demo_start_revision[] = "5a0e6c1f3b27";

static const struct demo_file files[] = {
    {"20260302091500_create_accounts.sql",
     "-- revision: 1c7d9a04e5b8\n"
     "-- revises:\n"
     "-- message: create accounts\n"
     "\n"
     "-- migrate:up\n"
     "CREATE TABLE accounts (\n"
     "    id integer PRIMARY KEY,\n"
     "    email text NOT NULL UNIQUE,\n"
     "    plan text NOT NULL DEFAULT 'free',\n"
     "    created_at text NOT NULL DEFAULT CURRENT_TIMESTAMP\n"
     ");\n"
     "\n"
     "-- migrate:down\n"
     "DROP TABLE accounts;\n"},
    {"20260309140210_create_products.sql",
     "-- revision: 2f48b1d66c90\n"
     "-- revises: 1c7d9a04e5b8\n"
     "-- message: create products\n"
     "\n"
     "-- migrate:up\n"
     "CREATE TABLE products (\n"
     "    id integer PRIMARY KEY,\n"
     "    name text NOT NULL,\n"
     "    price_cents integer NOT NULL CHECK (price_cents >= 0),\n"
     "    stock integer NOT NULL DEFAULT 0\n"
     ");\n"
     "\n"
     "-- migrate:down\n"
     "DROP TABLE products;\n"},
    {"20260317083344_create_orders.sql",
     "-- revision: 3b95e2c70d1a\n"
     "-- revises: 2f48b1d66c90\n"
     "-- message: create orders and their items\n"
     "\n"
     "-- migrate:up\n"
     "CREATE TABLE orders (\n"
     "    id integer PRIMARY KEY,\n"
     "    account_id integer NOT NULL REFERENCES accounts (id),\n"
     "    status text NOT NULL DEFAULT 'open',\n"
     "    placed_at text NOT NULL DEFAULT CURRENT_TIMESTAMP\n"
     ");\n"
     "CREATE INDEX orders_account ON orders (account_id);\n"
     "CREATE TABLE order_items (\n"
     "    order_id integer NOT NULL REFERENCES orders (id) ON DELETE CASCADE,\n"
     "    product_id integer NOT NULL REFERENCES products (id),\n"
     "    quantity integer NOT NULL CHECK (quantity > 0),\n"
     "    PRIMARY KEY (order_id, product_id)\n"
     ");\n"
     "\n"
     "-- migrate:down\n"
     "DROP TABLE order_items;\n"
     "DROP TABLE orders;\n"},
    {"20260402112001_create_audit.sql", "-- revision: 4d13f8a92e6c\n"
                                        "-- revises: 3b95e2c70d1a\n"
                                        "-- message: create the audit trail\n"
                                        "\n"
                                        "-- migrate:up\n"
                                        "CREATE TABLE audit (\n"
                                        "    id integer PRIMARY KEY,\n"
                                        "    who text NOT NULL,\n"
                                        "    what text NOT NULL,\n"
                                        "    at text NOT NULL DEFAULT CURRENT_TIMESTAMP\n"
                                        ");\n"
                                        "\n"
                                        "-- migrate:down\n"
                                        "DROP TABLE audit;\n"},
    {"20260420160500_seed_catalogue.sql",
     "-- revision: 5a0e6c1f3b27\n"
     "-- revises: 4d13f8a92e6c\n"
     "-- message: seed the catalogue\n"
     "\n"
     "-- migrate:up\n"
     "INSERT INTO accounts (id, email, plan)\n"
     "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)\n"
     "SELECT i, 'user' || i || '@example.com', CASE i % 7 WHEN 0 THEN 'team' ELSE 'free' END FROM "
     "n;\n"
     "INSERT INTO products (id, name, price_cents, stock)\n"
     "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)\n"
     "SELECT i, 'Product ' || i, 199 + i * 37 % 9000, 1000 FROM n;\n"
     "INSERT INTO orders (id, account_id)\n"
     "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)\n"
     "SELECT i, 1 + i * 31 % 2000 FROM n;\n"
     "INSERT INTO order_items (order_id, product_id, quantity)\n"
     "SELECT id, 1 + id * 17 % 500, 1 + id % 4 FROM orders;\n"
     "\n"
     "-- migrate:down\n"
     "DELETE FROM order_items;\n"
     "DELETE FROM orders;\n"
     "DELETE FROM products;\n"
     "DELETE FROM accounts;\n"},
    {"20260511094512_index_order_status.sql",
     "-- revision: 6e72a5b80c4f\n"
     "-- revises: 5a0e6c1f3b27\n"
     "-- message: index orders by status\n"
     "\n"
     "-- migrate:up\n"
     "CREATE INDEX orders_status ON orders (status, placed_at);\n"
     "\n"
     "-- migrate:down\n"
     "DROP INDEX orders_status;\n"},
    {"20260519131727_add_refunds.sql",
     "-- revision: 7f06c3d91b5e\n"
     "-- revises: 6e72a5b80c4f\n"
     "-- message: add refunds\n"
     "\n"
     "-- migrate:up\n"
     "CREATE TABLE refunds (\n"
     "    id integer PRIMARY KEY,\n"
     "    order_id integer NOT NULL REFERENCES orders (id),\n"
     "    amount_cents integer NOT NULL CHECK (amount_cents > 0),\n"
     "    reason text NOT NULL\n"
     ");\n"
     "ALTER TABLE orders ADD COLUMN refunded integer NOT NULL DEFAULT 0;\n"
     "\n"
     "-- migrate:down\n"
     "ALTER TABLE orders DROP COLUMN refunded;\n"
     "DROP TABLE refunds;\n"},
};

bool demo_project_make(struct demo_project *project, hg_error *err)
{
    bool ok;

    snprintf(project->dir, sizeof project->dir, "/tmp/headgate-demo-XXXXXX");
    if (mkdtemp(project->dir) == NULL)
        return hg_fail(err, HG_IO, "could not make a folder in /tmp: %s", strerror(errno));
    snprintf(project->url, sizeof project->url, "sqlite:///%s/app.db", project->dir);
    snprintf(project->migrations, sizeof project->migrations, "%s/migrations", project->dir);
    ok = file_make_dir(project->migrations, 0755, err);
    for (size_t i = 0; ok && i < sizeof files / sizeof *files; i++) {
        char path[512];

        ok = file_join(path, sizeof path, project->migrations, files[i].name)
             && file_create(path, files[i].text, strlen(files[i].text), 0644, err);
    }
    if (!ok)
        demo_project_remove(project);
    return ok;
}

/* All files of one folder, then the folder. */
static void remove_folder(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;

    if (dir != NULL) {
        while ((entry = readdir(dir)) != NULL)
            if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                (void)unlinkat(dirfd(dir), entry->d_name, 0);
        closedir(dir);
    }
    (void)rmdir(path);
}

void demo_project_remove(const struct demo_project *project)
{
    remove_folder(project->migrations);
    remove_folder(project->dir);
}
