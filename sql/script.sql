-- The script language: what is refused when a script is defined, what is
-- accepted and how it is understood, the values of expressions.
SET client_min_messages = warning;
SELECT ct_create_scenario('regress_script');
\pset format unaligned
\pset tuples_only on

--
-- What is refused: where and why
--
SELECT ct_add_script('regress_script', 'x', E'SELECT 1;\n\\set n random(1, 10))');
\echo :SQLSTATE
-- an error as rows; nothing is added either way
CREATE FUNCTION refused(body text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE detail text; hint text;
BEGIN
	PERFORM ct_add_script('regress_script', 'x', body);
	RAISE EXCEPTION USING ERRCODE = 'CTOK0', MESSAGE = 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN NEXT replace(SQLSTATE, 'CTOK0', '') || ' ' || SQLERRM;
	IF detail <> '' THEN RETURN NEXT detail; END IF;
	IF hint <> '' THEN RETURN NEXT 'HINT: ' || hint; END IF;
	RETURN NEXT '';
END $$;

-- expressions
SELECT refused('\set x ' || expression) FROM unnest(ARRAY[
	'', '1 +', '1 + + * 2', '(1 + 2', '1 + 2)', '()', '1 2', '1 1.5.5', '1..5', '. 5', '1e', '123abc', '0x10',
	'9223372036854775808', '- 9223372036854775809', '1e400', '1 = 2 = 3', '1 < 2 < 3', '1 ^ 2', '1 || 2', '1 ! 2',
	'1 is', 'is null', '1 is not not null', '1 + not true', '5 between 1 and 2', '1 == 1',
	'''text''', '"x"', '$1', '1;', '1 -- comment', '1 /* comment */', ':', '::i', ':i :d', ':i::int',
	'i', 'rendom(1, 2)', 'randm_gausian(1, 2, 3)', 'sin(1)', 'pi(1)', 'random(1)', 'random(1, 2, 3)', 'hash()',
	'permute(1)', 'permute(1, 2, 3, 4)', 'greatest()', 'least(1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17)', 'abs 5',
	'abs(1,)', 'case end', 'case 1 when 1 then 2 end', 'case when 1 then end', 'case when 1 then 2', 'case when 1 then 2 else end'
]) AS expression;

-- commands
SELECT refused(body) FROM unnest(ARRAY[
	'\set', '\set x', '\set 1x 1', '\set a-b 1', E'\\set x\t1 +',
	'\sett x 1', '\SLEP 1', '\nonsense', '\q', '\\', '\gset x', E'SELECT 1;\n\\gset', E'SELECT 1 \\gset a\n\\gset b', E'SELECT 1\n\\set a 1\n\\gset',
	'SELECT 1 \gset a b', 'SELECT 1 \gset 1-', 'SELECT 1 \aset a;', E'\\if true\nSELECT 1;\n\\endif\n\\gset',
	'\sleep', '\sleep fast', '\sleep -', '\sleep 1.5', '\sleep 1 h', '\sleep 1ms 2', '\sleep 99999999999999999999', '\sleep :1-', '\sleep ::x',
	'\outcome', '\outcome sold out', '\outcome a.b', '\outcome :a.b', '\outcome ' || repeat('x', 64),
	'\tally', '\tally n', '\tally a.b 1', '\tally n 1 2', '\barrier', '\barrier a b', '\barrier :a'
]) AS body;

-- \if, \elif, \else, \endif
SELECT refused(body) FROM unnest(ARRAY[
	'\if', '\if true', E'SELECT 1;\n  \\if true\n\\if false\n\\endif', '\elif true', '\else', '\endif', E'\\if true\n\\endif\n\\endif',
	E'\\if true\n\\else\n\\else\n\\endif', E'\\if true\n\\else\n\\elif true\n\\endif', E'\\if true\n\\elif\n\\endif',
	E'\\if true\n\\else 1\n\\endif', E'\\if true\n\\endif 1', E'\\if false\n\\set x 1 +\n\\endif', E'\\if 1 = \n\\endif', E'\\if true \\endif'
]) AS body;

-- \repeat, \endrepeat
SELECT refused(body) FROM unnest(ARRAY[
	'\repeat', '\repeat 1', E'SELECT 1;\n  \\repeat 2\n\\repeat 3\n\\endrepeat', '\endrepeat', E'\\repeat 1\n\\endrepeat\n\\endrepeat',
	E'\\repeat 1 +\n\\endrepeat', E'\\repeat 1\n\\endrepeat 1', E'\\repeat -1\n\\endrepeat', E'\\repeat  1.5 \n\\endrepeat', E'\\repeat 1000001\n\\endrepeat',
	E'\\repeat null\n\\endrepeat', E'\\repeat 1\nSELECT 1 \\gset x_\n\\endrepeat\n\\gset',
	E'\\if 1\n\\repeat 1\n\\endif\n\\endrepeat', E'\\if 1\n\\repeat 1\n\\else', E'\\repeat 1\n\\if 1\n\\endrepeat\n\\endif', E'\\repeat 1\n\\else',
	E'\\repeat 1\n\\if 1\n\\barrier b\n\\endif\n\\endrepeat', repeat(E'\\repeat 1\n', 9)
]) AS body;

-- commands of pgbench that cannot be
SELECT refused(body) FROM unnest(ARRAY[
	'\shell command literal_argument :variable ::literal_starting_with_colon', '\setshell variable_to_be_assigned command',
	E'\\startpipeline\nSELECT 1;\n\\endpipeline', E'SELECT 1;\n\\syncpipeline', '\EndPipeline'
]) AS body;

-- quotes, comments and parentheses that are never closed
SELECT refused(body) FROM unnest(ARRAY[
	E'SELECT 1;\nSELECT ''it''''s', E'SELECT E''it\\''s''', E'SELECT E''x\\', 'SELECT "a""', E'SELECT $$x$', E'SELECT $a$ $$ $b$ $A$;', E'SELECT 1 /* a /* b */\n;',
	E'SELECT (1,\n  (2)\n;\n\\set x 1', 'SELECT 1, 2)', 'SELECT U&"a'
]) AS body;

-- SQL; only the grammar, for no table is there yet
SELECT refused(body) FROM unnest(ARRAY[
	E'BEGIN;\n\tSELCT 1;\nEND;', E'SELECT 1 \\;\n  SELECT 2 FROM\\; SELECT 3 \\gset', 'SELECT * FROM t WHERE', E'SELECT :a\n:b :c', 'COMIT',
	E'CREATE FUNCTION f() RETURNS int\nBEGIN ATOMIC\n  SELECT 1\n  SELECT 2;\nEND;', E'SELECT 1 -- comment\n  +;', 'SELECT 1 \set x 1 +',
	'INSERT INTO t VALUES (:x', 'UPDATE t SET a = :a WHERE b == :b :c'
]) AS body;

-- places: behind tabs, in a long line, behind continuations and comments, with carriage returns
SELECT refused(body) FROM unnest(ARRAY[
	E'\t\t\\set x\t1 +\t* 2', '\set x ' || repeat('1 + ', 50) || '* ' || repeat('1 + ', 50) || '1',
	E'-- one\n/* two\n   three */\n\\set x 1 \\\n  + \\\n  * 2', E'SELECT 1;\r\n\\set x 1 *\r\nSELECT 2;\r\n', E'SELECT 1;\r\nSELCT 2;\r\n'
]) AS body;
-- columns are characters, and the caret accounts for wide ones
CREATE FUNCTION place_behind(codes int[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	IF getdatabaseencoding() = 'UTF8' THEN
		RETURN (SELECT split_part(string_agg(line, '|'), 'at ', 2) FROM (SELECT regexp_replace(refused('SELECT ''' ||
			(SELECT string_agg(chr(code), '') FROM unnest(codes) AS code) || ''' \set x 1 *'), '.*\n', '') AS line) AS lines);
	ELSE
		RETURN 'line 1, column ' || 21 + cardinality(codes) || '|' || repeat(' ', 20 + cardinality(codes) +
			(SELECT count(*)::int FROM unnest(codes) AS code WHERE code > 10000)) || '^|';
	END IF;
END $$;
SELECT place_behind(codes) FROM (VALUES (ARRAY[97]), (ARRAY[228]), (ARRAY[228, 246, 252]), (ARRAY[19990, 30028])) AS t (codes);

-- too deep
\set VERBOSITY terse
SELECT ct_add_script('regress_script', 'x', '\set x ' || repeat('(', 100000));
\echo :SQLSTATE
SELECT ct_add_script('regress_script', 'x', '\set x ' || repeat('- ', 3000) || '1');
\echo :SQLSTATE
SELECT ct_add_script('regress_script', 'x', '\set x ' || repeat('1 + ', 3000) || '1');
\echo :SQLSTATE
SELECT ct_add_script('regress_script', 'x', '\set x ' || repeat('abs(', 2500) || '1' || repeat(')', 2500));
\echo :SQLSTATE
SELECT ct_add_script('regress_script', 'x', '\set x ' || repeat('case when true then ', 3000) || '1' || repeat(' end', 3000));
\echo :SQLSTATE
\set VERBOSITY default

--
-- What is accepted; how it is understood shows in the outcome
--
-- of so many transactions of one worker; or the error
CREATE FUNCTION outcome(body text, params jsonb DEFAULT '{}', transactions int DEFAULT 1) RETURNS text LANGUAGE plpgsql AS $$
DECLARE id bigint; said text;
BEGIN
	id := ct_test(body, workers => 1, transactions => outcome.transactions, params => outcome.params);
	SELECT string_agg(sqlstate || ': ' || first_message, E'\n' ORDER BY sqlstate) INTO said FROM ct_errors WHERE run_id = id;
	RETURN coalesce(said, (SELECT string_agg(outcome, ' ' ORDER BY outcome) FROM ct_outcomes WHERE run_id = id));
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || '! ' || SQLERRM;
END $$;

-- continued lines, carriage returns, blanks, upper case
SELECT outcome(E'\\set x 1 + \\\n 2\n\\outcome :x'), outcome(E'\\set x \\\r\n\t1 + \\\r\n2\\\r\n + 1\r\n\\outcome :x\r\n'),
	outcome(E'  \\set \\\n x 7 \t\n\t \\outcome\t:x  '), outcome(E'\\SET x 8\n\\If True\nSELECT :x AS y \\GSET\n\\ENDIF\n\\Outcome :y');
-- statements: empty ones, the last one's semicolon, ended by a command
SELECT outcome(E';;\nSELECT 1 AS x \\gset\n;\nSELECT :x + 1 AS y; ;\n\\outcome :x'),
	outcome(E'SELECT 1 AS x \\gset\nCREATE TEMP TABLE t AS SELECT 2 AS y\n\\set z 1\nSELECT y FROM t \\gset\n\\outcome :y'),
	outcome(E'\\outcome said\nSELECT 1 AS x -- and no semicolon'), outcome('\outcome only'), outcome(E'SELECT 1 AS x\n\\gset a_\n\\outcome :a_x'),
	outcome(E'SELECT 3 AS x\\;SELECT 4 AS x\\;\\gset\n\\outcome :x');
-- comments
SELECT outcome($q$
	-- \set x 1 +
	/* \set y /* ; */ ' */ SELECT /* ' -- */ 5 -- ; it's
	  AS x /* \gset */ \gset
	\outcome :x
$q$), outcome($q$
	/*+ hint */ SELECT 6 AS x \gset
	/*+ hint */
	\outcome :x
$q$), outcome($q$
	SELECT 1 --\gset
	+ 6 AS x -- it's
	\gset
	-- nothing
	\outcome :x
$q$);
-- quotes
SELECT outcome($q$ SELECT length('a;b\:x''\') AS x \gset
	\outcome :x $q$), outcome($q$ SELECT length(E'\';:x\\') AS x \gset
	\outcome :x $q$), outcome($q$ SELECT length(E'a\'' -- comment; it's
		'\';') AS x \gset
	\outcome :x $q$), outcome($q$ SELECT ";:x\""" AS x FROM (SELECT 9 AS ";:x\""") AS s \gset
	\outcome :x $q$), outcome($q$ SELECT length($$;:x'\$a$$) + length($a$ $$ $b$ $a$) AS x \gset
	\outcome :x $q$), outcome($q$ SELECT 1 AS a$x$, 2 AS x; SELECT length(U&'\0061;') AS x, B'1' AS y, X'1F' AS z \gset
	\outcome :x $q$);
-- semicolons within parentheses and bodies
SELECT outcome($q$
	CREATE TEMP TABLE t (a int);
	CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2);
	CREATE RULE s AS ON UPDATE TO t DO ALSO (SELECT 1\; SELECT 2);
	\outcome rules
$q$), outcome($q$
	CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql
	BEGIN ATOMIC
		SELECT 1;
		SELECT CASE WHEN x > 1 THEN 12 END;
	END;
	SELECT f(2) AS x \gset
	\outcome :x
$q$), outcome($q$
	CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC SELECT 1; END;
	CALL p();
	BEGIN;
	END;
	\outcome called
$q$), outcome($q$
	DO $$ BEGIN PERFORM 1; END $$;
	CREATE FUNCTION "begin"() RETURNS int LANGUAGE sql AS 'SELECT 1;';
	SELECT "begin"() AS x \gset
	\outcome :x
$q$);
-- colons: casts, named arguments, slices, escapes; a variable that has no value stays as it is
SELECT outcome($q$
	\set n 2
	SELECT '1'::int + (make_date(year:=2000, month := :n, day => 1) - '2000-02-01'::date) AS x \gset
	\outcome :x
$q$), outcome($q$
	\set n 2
	SELECT (ARRAY[10, 20, 30])[:n] + ((ARRAY[1, 2])[1:2])[1] + cardinality((ARRAY[10, 20, 30])[2: :n + 1]) AS x \gset
	\outcome :x
$q$), outcome($q$
	\set n 2
	SELECT ((ARRAY[10, 20, 30])[n\:n])[1] AS x FROM (SELECT 3 AS n) AS s \gset
	\outcome :x
$q$), outcome($q$
	\set n 2
	SELECT ':n' || $$:n$$ || ":n" || :n || '::n' AS x FROM (SELECT 5 AS ":n") AS s \gset
	\outcome :x
$q$), outcome($q$
	\set n 3
	SELECT :n::text || :n || -:n AS x \gset
	\outcome :x
$q$), outcome('SELECT :undefined');
-- "\;" joins statements, and transaction control takes effect in between
SELECT outcome($q$
	BEGIN \; CREATE TEMP TABLE t AS SELECT 3 AS x \; SAVEPOINT s \; DELETE FROM t \; ROLLBACK TO s \; SELECT x FROM t \; END \; SELECT x FROM t \gset
	\outcome :x
$q$), outcome($q$
	CREATE TEMP TABLE t AS SELECT 4 AS x \; COMMIT \; DELETE FROM t \; ROLLBACK \; SELECT x FROM t \gset
	\outcome :x
$q$), outcome($q$
	BEGIN;
	\outcome committed
	SELECT 1 \; COMMIT \; SELECT 2;
	BEGIN \; SELECT 1;
	\outcome rolled_back
	ROLLBACK \; SELECT 1;
	\outcome end
$q$), outcome($q$
	BEGIN;
	\outcome committed
	COMMIT AND CHAIN;
	\outcome rolled_back
	ROLLBACK AND CHAIN;
	\outcome chained
	COMMIT;
$q$), outcome($q$
	SELECT 1 \; BEGIN;
	\outcome rolled_back
	ROLLBACK;
$q$), outcome($q$ BEGIN \; SELECT 1 $q$);
-- names of variables
SELECT outcome(E'\\set _ 1\n\\set A1_ 2\n\\set a1_ 3\nSELECT :_ * 100 + :A1_ * 10 + :a1_ AS x \\gset\n\\outcome :x'),
	outcome(E'SELECT 1 AS "Ab", 2 AS X \\gset\n\\outcome :x'), outcome(E'SELECT 2 AS a, 2 AS a \\gset\n\\outcome :a');
-- \if: what is not taken isn't executed
SELECT string_agg(outcome(E'\\if :n = 1\n\\outcome one\n\\elif :n = 2\n\\if :deep\n\\outcome two_deep\n\\else\n\\outcome two\n\\endif\n\\elif 1 / (:n - 5) > 0\n\\outcome big\n\\else\n\\outcome small\n\\if false\nSELECT 1 / 0;\n\\elif null\nSELECT nope;\n\\endif\n\\endif\n\\outcome end',
	jsonb_build_object('n', n, 'deep', n % 2)), ', ' ORDER BY n) FROM generate_series(1, 6) AS n;
SELECT outcome(E'\\if :n = 2\n\\if :deep\n\\outcome two_deep\n\\else\n\\outcome two\n\\endif\n\\endif', '{"n": 2, "deep": true}'),
	outcome(E'\\if 0.0\n\\outcome a\n\\elif -0.5\n\\outcome b\n\\endif'), outcome(E'\\if :w\n\\outcome a\n\\else\n\\outcome b\n\\endif', '{"w": "off"}'),
	outcome(E'\\if :w\n\\endif', '{"w": "maybe"}'), outcome(E'\\if true\n\\endif\n\\if false\n\\else\n\\endif\n\\outcome empty');
-- variables stay from one transaction to the next, for each worker
SELECT outcome(E'\\if :iteration = 1\n\\set n 0\n\\endif\n\\set n :n + 1\n\\outcome :n', transactions => 3),
	outcome(E'SELECT ''a'' AS x WHERE :iteration = 1 \\aset\n\\outcome :x', transactions => 2);
-- \sleep
SELECT outcome(E'SELECT clock_timestamp() AS t \\gset\n\\sleep 20 ms\n\\sleep 1us\n\\set n 5000\n\\sleep :n us\n\\sleep 0\n\\sleep -1 s\nSELECT clock_timestamp() - :t >= ''25 ms'' AND clock_timestamp() - :t < ''900 ms'' AS ok \\gset\n\\outcome :ok'),
	outcome('\sleep :n', '{"n": "soon"}'), outcome('\sleep :n', '{"n": null}');
-- names of outcomes
SELECT outcome(E'\\outcome sold-out_2'), outcome(E'\\outcome ' || repeat('x', 63)), outcome(E'\\outcome :n', '{"n": null}'), outcome(E'\\outcome :undefined');
-- \gset wants one row
SELECT outcome('SELECT 1 WHERE false \gset'), outcome('SELECT generate_series(1, 2) \gset'), outcome('CREATE TEMP TABLE t () \gset'),
	outcome(E'SELECT 1 AS x WHERE false \\; SELECT generate_series(1, 3) AS y \\aset\n\\outcome :y');
-- multibyte names
SELECT CASE getdatabaseencoding() WHEN 'UTF8' THEN outcome(replace(E'\\set n_ 7\nSELECT :n_ AS x \\gset\n\\outcome :x', '_', chr(228))) ELSE '7' END;

--
-- Values of expressions: as pgbench -M prepared -D default_seed=42 gave them
--
CREATE TABLE expected (no serial, expression text, value text);
COPY expected (expression, value) FROM stdin;
5432	5432
3.14159	3.14159
.5	0.5
5.	5
1e3	1000
2.5e-3	0.0025
TRUE	true
false	false
NULL	\N
-9223372036854775808	-9223372036854775808
9223372036854775807	9223372036854775807
1e15	1000000000000000
1e16	10000000000000000
123456789012345.678	123456789012346
true or false	true
true and false	false
not false	true
1 is null	false
1 notnull	true
5 = 4	false
5 <> 4	true
5 != 5	false
5 < 4	false
5 <= 4	false
5 > 4	true
5 >= 4	true
1 | 2	3
1 # 3	2
1 & 3	1
~ 1	-2
1 << 2	4
8 >> 2	2
5 + 4	9
3 - 2.0	1
5 * 4	20
5 / 3	1
5 % 3	2
- 2.0	-2
abs(-17)	17
double(5432)	5432
double(5432) / 5	1086.4
exp(1.0)	2.71828182845905
greatest(5, 4, 3, 2)	5
hash(10, 5432)	-5817877081768721676
hash_fnv1a(10, 5432)	-7793829335365542153
hash_murmur2(10, 5432)	-5817877081768721676
int(5.4 + 3.8)	9
least(5, 4, 3, 2.1)	2.1
ln(2.718281828459045)	1
mod(54, 32)	22
pi()	3.14159265358979
pow(2.0, 10)	1024
power(2, 0.5)	1.4142135623731
sqrt(2.0)	1.4142135623731
1 + 2 * 3	7
(1 + 2) * 3	9
2 - 3 - 4	-5
2 * 7 / 4	3
12 / 5 * 2.0	4
12 / (5 * 2.0)	1.2
1 | 2 << 1	6
7 # 3 & 5	4
6 & 3 | 8	10
2 + 3 & 1	1
~5 + 1	-7
~5 | 1	-5
- 2 * 3	-6
2 - -3	5
2--3	5
- - 5	5
-(-5)	5
+5	5
1 + 2 < 4 and not 3 > 4	true
1 < 2 and 2 < 3	true
not 1 = 2	true
not true or true	true
not not true	true
true or false and false	true
1 = 2 or 3 = 3 and 4 = 5	false
1 is not null is true	true
case when true then 1 else 2 end + 1	2
2 * 3 % 4	2
-5 % 3	-2
5 % -3	2
7.6 % 2	0
1.0 / 4	0.25
1 / 4	0
-7 / 2	-3
1 / 0.0	Infinity
-1 / 0.0	-Infinity
0.1 + 0.2	0.3
1 / 3.0	0.333333333333333
9223372036854775807 = 9223372036854775807.0	true
-9223372036854775808 % -1	0
int(1.5)	2
int(2.5)	2
int(-2.5)	-2
int(-0.4)	0
double(3) / 2	1.5
abs(-2.5)	2.5
abs(-9223372036854775807)	9223372036854775807
least(1, 2.0, 3) / 2	0.5
least(3, 2, 1) / 2	0
greatest(1)	1
greatest(1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16)	16
power(0, -1)	Infinity
pow(2, -1)	0.5
sqrt(0)	0
exp(1000)	Infinity
ln(0)	-Infinity
1 << 63	-9223372036854775808
1 << 64	1
-1 >> 70	-1
null + 1	\N
1 = null	\N
null <> null	\N
null is null	true
null is not null	false
null isnull	true
null notnull	false
not null	\N
null and false	\N
false and null	false
null or true	\N
true or null	true
null is true	false
null is not true	true
1 is true	false
true is true	true
false is not true	true
false is false	true
- null	\N
~ null	\N
abs(null)	\N
least(null, 1)	\N
hash(null)	\N
permute(1, null)	\N
power(null, 1)	\N
pow(1, null)	\N
random(null, 1)	\N
mod(null, 2)	\N
case when null then 1 else 2 end	2
true or 1/0 = 1	true
false and 1/0 = 1	false
case when true then 1 else 1/0 end	1
case when false then 1/0 else 3 end	3
case when 0 then 1 when 0.5 then 2 end	2
case when false then 1 end	\N
case when 2 > 1 then case when 1 > 2 then 4 end end	\N
CASE WHEN :i > 12 THEN :i * 2 WHEN :i THEN 0 ELSE -1 END	26
:i + :d	15.5
:b and :i = 13	true
:n is null	true
:ti + 1	78
:td * 2	6.5
:tb is true	true
:i	13
:d	2.5
AbS(-3) + PI() > 6 AND NOT False	true
1 IsNull	false
hash(0)	7729525510718446440
hash(10)	-3562774314593256714
hash(-1, 5)	-5076451673284178055
hash(10.5)	-3562774314593256714
hash(9223372036854775807, -9223372036854775808)	-8969732497821252539
hash_fnv1a(0)	-55488592825689361
hash_fnv1a(10)	-3931898588792031835
hash_fnv1a(-10, -20)	-827415568780043976
hash_murmur2(10)	-3562774314593256714
hash_murmur2(-10, -20)	4529285346806147952
permute(0, 10)	1
permute(5, 10, 7)	7
permute(5, 1, 7)	0
permute(5, 2, 7)	1
permute(5, 3, 7)	1
permute(15, 10, 7)	7
permute(-5, 1000000007, 7)	71806035
permute(123456789, 9223372036854775807, 99)	6310179545920567269
permute(1, 4611686018427387904, 3)	250642315630818368
permute(0, 4, :default_seed)	0
1 + abs(hash(12345)) % 1000000	318858
1 + permute(77, 1000000, :default_seed + 123)	439740
1 + permute(77, 1000000, :default_seed + 321)	624868
random(5, 5)	5
random_gaussian(5, 5, 2.0)	5
random_exponential(-3, -3, 0.5)	-3
random_zipfian(7, 7, 2)	7
\.
SELECT ct_test(E'\\set i 13\n\\set d 2.5\n\\set b true\n\\set n null\n' ||
	(SELECT string_agg(format(E'\\set v %s\nINSERT INTO computed VALUES (%s, :v);', expression, no), E'\n' ORDER BY no) FROM expected),
	setup => 'CREATE TABLE computed (no int, value text)',
	params => '{"ti": "77", "td": "3.25", "tb": "yes", "default_seed": 42}',
	checks => ARRAY['SELECT e.expression, e.value AS expected, c.value AS observed, c.no IS NULL AS missing
		FROM expected e LEFT JOIN computed c USING (no) WHERE c.no IS NULL OR e.value IS DISTINCT FROM c.value'],
	transactions => 1, workers => 1) AS run_id \gset
SELECT transactions, failed, anomalies, (SELECT count(*) FROM expected) AS expressions FROM ct_runs WHERE run_id = :run_id;
SELECT evidence FROM ct_anomalies WHERE run_id = :run_id;

-- an index is permuted to each index once, and hashes spread
SELECT outcome(E'\\set k permute(:iteration, 20, 5)\n\\outcome :k', transactions => 20),
	outcome(E'\\set k abs(hash(:iteration)) % 3\n\\outcome :k', '{"default_seed": 1}', transactions => 100);

-- what fails when it is evaluated
CREATE TABLE wrong (no serial, expression text);
COPY wrong (expression) FROM stdin;
1 / 0
1 % 0
mod(5, 0)
9223372036854775807 + 1
-9223372036854775808 - 1
-9223372036854775807 - 2
9223372036854775807 * 2
-9223372036854775808 / -1
- :lowest
abs(-9223372036854775808)
int(1e19)
1e19 % 3
int(0.0 / 0.0)
1 << 1e19
5 or 0
1 and true
not 1
true + 1
-true
~ true
abs(true)
least(true)
greatest(1, false)
sqrt(false)
int(true)
1 = true
true < false
hash(true)
:undefined
:word
:word is null
:empty + 1
:large
random(2, 1)
random(-9223372036854775808, 9223372036854775807)
random(0, 9223372036854775807)
random_gaussian(1, 10, 1.9)
random_exponential(1, 10, 0)
random_exponential(1, 10, -1)
random_zipfian(1, 10, 1)
random_zipfian(1, 10, 1000.1)
random_zipfian(1, 10, true)
permute(1, 0)
permute(1, -1)
\.
SELECT expression, outcome(E'\\set v ' || expression || E'\n\\outcome :v',
	'{"lowest": -9223372036854775808, "word": "12abc", "empty": "", "large": "9223372036854775808"}')
FROM wrong ORDER BY no;

--
-- Random values: as often as the documentation says
--
CREATE TABLE probability (kind text, value int, p float8);
INSERT INTO probability SELECT 'uniform', i, 0.1 FROM generate_series(1, 10) AS i;
-- f(i) - f(i + 1), f(x) = exp(-parameter * (x - min) / (max - min + 1)) / (1 - exp(-parameter))
INSERT INTO probability
SELECT 'exponential', i, (exp(-0.3 * (i - 1)) - exp(-0.3 * i)) / (1 - exp(-3.0)) FROM generate_series(1, 10) AS i;
-- PHI(2.0 * parameter * (x - mu) / (max - min + 1)) / (2.0 * PHI(parameter) - 1), here by adding up the density
INSERT INTO probability
SELECT 'gaussian', i, sum(exp(-x * x / 2)) / sum(sum(exp(-x * x / 2))) OVER ()
FROM generate_series(1, 10) AS i, generate_series(1, 100) AS step, LATERAL (SELECT 0.5 * (i - 6 + (step - 0.5) / 100) AS x) AS s
GROUP BY i;
-- the ratio of k to k + 1 is ((k + 1) / k) ** parameter
INSERT INTO probability
SELECT 'zipfian', i, i ^ -1.5 / sum(i ^ -1.5) OVER () FROM generate_series(1, 10) AS i;
CREATE TABLE drawn (uniform int, exponential int, gaussian int, zipfian int);
SELECT ct_test($$
	\set uniform random(1, 10)
	\set exponential random_exponential(1, 10, 3.0)
	\set gaussian random_gaussian(1, 10, 2.5)
	\set zipfian random_zipfian(1, 10, 1.5)
	INSERT INTO public.drawn VALUES (:uniform, :exponential, :gaussian, :zipfian);
$$, seed => 4711, transactions => 4000, workers => 1) > 0 AS ran;
-- how many standard deviations is each frequency away from what it should be?
SELECT kind, count(n) = sum(n) / 4000 * 10 AS in_range, max(abs(coalesce(n, 0) - 4000 * p) / sqrt(4000 * p * (1 - p))) < 4 AS as_likely
FROM probability
FULL JOIN (SELECT kind, value, count(*) AS n
	FROM drawn, LATERAL (VALUES ('uniform', uniform), ('exponential', exponential), ('gaussian', gaussian), ('zipfian', zipfian)) AS v (kind, value)
	GROUP BY kind, value) AS counted USING (kind, value)
GROUP BY kind ORDER BY kind;
-- large and negative ranges, and what a seed gives
SELECT outcome(E'\\set r random(-5000000000, 9000000000000000000)\n\\set g random_gaussian(-1000000000000, -1, 5)\n\\set z random_zipfian(1, 1000000000000, 1.001)\n' ||
	E'SELECT :r::int8 >= -5000000000 AND :g::int8 BETWEEN -1000000000000 AND -1 AND :z::int8 BETWEEN 1 AND 1000000000000 AS ok \\gset\n\\outcome :ok', transactions => 200);
SELECT ct_test(E'\\set a random(1, 1000000)\nINSERT INTO public.drawn VALUES (0, :a)', seed => 1, transactions => 5, workers => 1) AS run_id \gset
SELECT exponential FROM drawn WHERE uniform = 0;

DROP TABLE expected, wrong, probability, drawn;
DROP FUNCTION refused, place_behind, outcome;
SELECT ct_drop_scenario('regress_script');
