--
-- Data for setups: of a seed always the same, soon made, and mails that are nobody else's
--
SELECT i, ct_fake_name(i), ct_fake_email(i), ct_fake_company(i), ct_fake_city(i), ct_fake_phone(i)
FROM unnest('{1,2,3,-1,9223372036854775807}'::bigint[]) i;
SELECT ct_fake_text(1), ct_fake_text(2, 3), ct_fake_text(2, 1);
SELECT ct_fake_text(1, 0);
SELECT ct_fake_text(1, 100001);
SELECT ct_fake_name(NULL) IS NULL AS strict;

-- a hundred thousand rows, in much less time than this
SET statement_timeout = '2 min';
CREATE TEMP TABLE person AS
	SELECT i AS id, ct_fake_name(i) AS name, ct_fake_email(i) AS email, ct_fake_company(i) AS company, ct_fake_city(i) AS city,
		ct_fake_phone(i) AS phone, ct_fake_text(i) AS note
	FROM generate_series(1, 100000) i;
RESET statement_timeout;
SELECT count(DISTINCT email) AS emails, count(DISTINCT name) BETWEEN 5000 AND 7000 AS names, count(DISTINCT company) AS companies,
	count(DISTINCT city) AS cities, count(DISTINCT phone) > 50000 AS phones, count(DISTINCT note) > 99000 AS notes
FROM person;
-- an address is its person's, at a place that nobody is; no word is of other characters
SELECT count(*) AS wrong FROM person
WHERE email <> lower(replace(name, ' ', '.')) || '.' || id || substring(email FROM '@example\.(?:com|net|org)$')
	OR octet_length(note) <> length(note) OR note !~ '^[A-Z][a-z]*( [A-Za-z. ]*)?\.$' OR array_length(string_to_array(note, ' '), 1) <> 12;
-- each word about as often as the others
SELECT max(n) < 2 * min(n) AS even FROM (SELECT count(*) AS n FROM person GROUP BY city) c;
SELECT max(n) < 2 * min(n) AS even FROM (SELECT count(*) AS n FROM person GROUP BY split_part(name, ' ', 2)) c;

-- in a setup, and as nobody in particular
CREATE ROLE regress_ct_nobody;
SET ROLE regress_ct_nobody;
SELECT ct_fake_name(1);
RESET ROLE;
DROP ROLE regress_ct_nobody;
SET client_min_messages = warning;
SELECT ct_test('SELECT ct_fake_name(:iteration) AS name \gset', setup => 'CREATE TABLE t AS SELECT ct_fake_email(i) FROM generate_series(1, 10) i', transactions => 2) IS NOT NULL AS ran;
SELECT status FROM ct_runs ORDER BY run_id DESC LIMIT 1;
