/*
 * Data that looks like data, for setups: in C, in api/fake.c.
 */
CREATE FUNCTION @extschema@.ct_fake_name(seed bigint) RETURNS text
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME';
CREATE FUNCTION @extschema@.ct_fake_email(seed bigint) RETURNS text
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME';
CREATE FUNCTION @extschema@.ct_fake_company(seed bigint) RETURNS text
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME';
CREATE FUNCTION @extschema@.ct_fake_city(seed bigint) RETURNS text
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME';
CREATE FUNCTION @extschema@.ct_fake_phone(seed bigint) RETURNS text
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME';
CREATE FUNCTION @extschema@.ct_fake_text(seed bigint, words int DEFAULT 12) RETURNS text
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.ct_fake_name IS 'a name of a person, in ASCII: ct_fake_name(1) is the same everywhere and in every version; there are about 6000 of them, so that names repeat';
COMMENT ON FUNCTION @extschema@.ct_fake_email IS 'a mail address of the person whom ct_fake_name names, with the seed in it: no two seeds have the same one. In a domain that is reserved for examples';
COMMENT ON FUNCTION @extschema@.ct_fake_company IS 'a name of a company; there are 1200 of them';
COMMENT ON FUNCTION @extschema@.ct_fake_city IS 'a city, of 64';
COMMENT ON FUNCTION @extschema@.ct_fake_phone IS 'a telephone number that is nobody''s; there are 80,000 of them';
COMMENT ON FUNCTION @extschema@.ct_fake_text IS 'sentences of so many words, 1 to 100000 (22023 else)';
