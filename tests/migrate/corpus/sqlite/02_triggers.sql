CREATE TABLE counted (n integer);
CREATE TRIGGER counts AFTER INSERT ON counted WHEN new.n IS NOT NULL BEGIN
  INSERT INTO outcome VALUES (CASE WHEN new.n < 0 THEN 'less;' ELSE CASE new.n WHEN 0 THEN 'none' ELSE 'more' END END);
  UPDATE outcome SET what = what || ' end;' WHERE what = 'more';
END;
CREATE TEMP TRIGGER passing AFTER DELETE ON counted BEGIN SELECT 1; END;
INSERT INTO counted VALUES (-1), (0), (1);
CREATE VIEW seen AS WITH RECURSIVE up(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM up WHERE n < 3) SELECT n FROM up;
INSERT INTO outcome SELECT 'seen ' || n FROM seen;
