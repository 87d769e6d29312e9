CREATE TABLE outcome (what text);
INSERT INTO outcome VALUES ('it''s; one'), (E'a \'quoted;\' word\\'), (U&'d\0061ta;'), ('two'
  ' parts;');
INSERT INTO outcome VALUES ($$ $ ; $1; 'not closed $$), ($body$ $$;$$ -- no comment; $body$);
/* a comment; /* with one inside; */ and ' an apostrophe; */
INSERT INTO outcome VALUES ('behind') -- comments; '
  ;
CREATE TABLE "a;table" ("a ""column;""" integer);
DROP TABLE "a;table";
