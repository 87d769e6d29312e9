;;
-- only; a comment
;
CREATE TABLE signs (j jsonb, CHECK (j ?| ARRAY['a;', 'b'] OR j -> 'c;' IS NULL));
CREATE OPERATOR <@@> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4larger);
INSERT INTO outcome SELECT 'larger ' || (2<@@>3);
CREATE INDEX signs_j ON signs USING gin (j jsonb_path_ops) WHERE j <> '{";": 1}';
COMMENT ON TABLE signs IS 'one; two -- three';
INSERT INTO outcome VALUES ('the last one has no semicolon')
