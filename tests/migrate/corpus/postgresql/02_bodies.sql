CREATE TABLE counted (n integer);
CREATE FUNCTION counts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outcome VALUES ('trigger; ' || new.n);
  RETURN new;
END;
$$;
CREATE TRIGGER counts AFTER INSERT ON counted FOR EACH ROW EXECUTE FUNCTION counts();
CREATE FUNCTION sign_of(n integer) RETURNS text LANGUAGE sql
BEGIN ATOMIC
  SELECT CASE WHEN n < 0 THEN 'less;' ELSE CASE n WHEN 0 THEN 'none' ELSE 'more' END END;
END;
CREATE PROCEDURE twice(n integer) LANGUAGE sql
BEGIN ATOMIC
  INSERT INTO counted VALUES (n);
  INSERT INTO counted VALUES (n + 1);
END;
CALL twice(7);
DO LANGUAGE plpgsql 'BEGIN INSERT INTO outcome VALUES (''done; '' || sign_of(-1)); END';
INSERT INTO outcome VALUES (sign_of(0)), (sign_of(1));
