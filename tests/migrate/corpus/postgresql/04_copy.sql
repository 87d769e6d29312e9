CREATE TABLE loaded (n integer, t text);
COPY loaded FROM stdin;
1	one; with a semicolon
2	\N
3	-- migrate:down
4	tab\tand \\backslash '
\.
INSERT INTO outcome SELECT 'loaded ' || n || coalesce(t, ' nothing') FROM loaded;
COPY loaded (t) FROM stdin WITH (FORMAT csv);
"in csv; ""quoted"""
\.
INSERT INTO outcome SELECT count(*) || ' rows' FROM loaded;
