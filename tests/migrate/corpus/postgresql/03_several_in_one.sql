CREATE TABLE kept (n integer);
CREATE RULE kept_too AS ON INSERT TO kept
  DO ALSO (INSERT INTO outcome VALUES ('rule'); INSERT INTO outcome VALUES ('rule; again'));
INSERT INTO kept VALUES (1);
CREATE SCHEMA apart
  CREATE TABLE inside (n integer PRIMARY KEY)
  CREATE VIEW seen AS SELECT n FROM inside;
CREATE TABLE parted (n integer) PARTITION BY RANGE (n);
CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (MINVALUE) TO (0);
PREPARE later AS INSERT INTO outcome VALUES ('prepared ' || $1);
EXECUTE later('once;');
DEALLOCATE later;
