CREATE TABLE outcome (what text);
INSERT INTO outcome VALUES ('it''s; one'), ('a backslash\'), ('-- no comment;');
/* a comment; with ' an apostrophe */
INSERT INTO outcome VALUES ('behind') -- comments; '
  ;
CREATE TABLE "a;table" ("a ""column;""" integer, [b;c] integer, `d;e` integer);
INSERT INTO outcome SELECT count(*) || ' rows' FROM "a;table";
;;
