/*
 * The end of an update: what begin.sql laid by is put back.  Again nothing is
 * found but in pg_catalog.
 */
SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);

/*
 * A user's scenario of a name that is bundled now gets another one: nothing
 * else would let both stay.
 */
DO LANGUAGE plpgsql $$
DECLARE
	mine	name;
	renamed	name;
	t		name;
BEGIN
	FOR mine, renamed IN
		SELECT o.name, (substring(o.name, 1, 50) || ' (own)')::name
		FROM pg_temp.old_ct_scenario o JOIN @extschema@.ct_scenario n ON n.name = o.name
	LOOP
		UPDATE pg_temp.old_ct_scenario SET name = renamed WHERE name = mine;
		FOR t IN SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
			WHERE c.relnamespace = pg_my_temp_schema() AND c.relname ~ '^old_ct_' AND a.attname = 'bundled'
				AND c.relname <> 'old_ct_scenario'
		LOOP
			EXECUTE format('UPDATE pg_temp.%I SET scenario = $1 WHERE scenario = $2', t) USING renamed, mine;
		END LOOP;
		RAISE WARNING USING
			MESSAGE = format('scenario "%s" is called "%s" from now on', mine, renamed),
			DETAIL = 'A bundled one has its name.';
	END LOOP;
END
$$;

/* Tables that others refer to come first. */
DO LANGUAGE plpgsql $$
DECLARE
	old		record;
	lost	name;
	columns	text;
BEGIN
	FOR old IN
		SELECT o.oid, o.relname AS name, n.oid AS new,
			(SELECT count(*) FROM pg_constraint k WHERE k.conrelid = n.oid AND k.contype = 'f') AS refers
		FROM pg_class o
		LEFT JOIN old_member m ON m.kind = 'r' AND 'old_' || m.name = o.relname
		LEFT JOIN pg_class n ON n.oid = m.objid
		WHERE o.relnamespace = pg_my_temp_schema() AND o.relkind = 'r' AND o.relname ~ '^old_ct_'
		ORDER BY refers, o.relname
	LOOP
		SELECT string_agg(quote_ident(o.attname), ', ' ORDER BY o.attnum), min(o.attname) FILTER (WHERE n.attname IS NULL)
		INTO columns, lost
		FROM pg_attribute o
		LEFT JOIN pg_attribute n ON n.attrelid = old.new AND n.attname = o.attname
		WHERE o.attrelid = old.oid AND o.attnum > 0 AND NOT o.attisdropped;
		IF lost IS NOT NULL THEN
			RAISE EXCEPTION 'column "%" of table "%" would be lost', lost, substring(old.name, 5);
		END IF;
		EXECUTE format('INSERT INTO %s (%s) SELECT %2$s FROM pg_temp.%I', old.new::regclass, columns, old.name);
		EXECUTE format('DROP TABLE pg_temp.%I', old.name);
	END LOOP;
END
$$;

/* A run's number isn't given again. */
SELECT setval(m.objid::regclass, r.last_value, r.is_called)
FROM pg_temp.old_run_id r, pg_temp.old_member m
WHERE m.kind = 'S' AND m.name = 'ct_result_run_id_seq';
DROP TABLE pg_temp.old_run_id;

/*
 * Privileges are given again.  As we are the extension's script, the server
 * takes that for what the extension itself gives, which pg_dump leaves out; so
 * that what it does give stays on record, its rows are put back, and since 17
 * those that keep a role from being dropped as long as it is named there.
 */
CREATE TEMPORARY TABLE new_initial AS
	SELECT i.* FROM pg_init_privs i JOIN old_member m ON i.classoid = m.classid AND i.objoid = m.objid;
DO LANGUAGE plpgsql $$
DECLARE
	p		record;
BEGIN
	FOR p IN
		SELECT o.*, m.objid, CASE WHEN o.grantee = 0 THEN 'PUBLIC' ELSE o.grantee::regrole::text END AS role,
			CASE o.kind WHEN 'f' THEN 'ROUTINE ' || m.objid::regprocedure ELSE 'TABLE ' || m.objid::regclass END AS what
		FROM old_privilege o
		JOIN old_member m ON m.name = o.name AND m.kind = o.kind
		WHERE o.col IS NULL
			OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = m.objid AND a.attname = o.col)
		ORDER BY o.given
	LOOP
		IF p.given THEN
			EXECUTE format('GRANT %s%s ON %s TO %s%s', p.privilege_type, '(' || quote_ident(p.col) || ')', p.what, p.role,
				CASE WHEN p.is_grantable THEN ' WITH GRANT OPTION' END);
		ELSE
			EXECUTE format('REVOKE %s%s ON %s FROM %s', p.privilege_type, '(' || quote_ident(p.col) || ')', p.what, p.role);
		END IF;
	END LOOP;
END
$$;
DELETE FROM pg_init_privs i USING pg_temp.old_member m WHERE i.classoid = m.classid AND i.objoid = m.objid;
INSERT INTO pg_init_privs SELECT * FROM pg_temp.new_initial;
DELETE FROM pg_shdepend s USING pg_temp.old_member m, pg_temp.old_privilege p
WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
	AND s.classid = m.classid AND s.objid = m.objid AND s.deptype = 'i'
	AND s.refclassid = 'pg_authid'::regclass AND s.refobjid = p.grantee AND p.given;

DROP TABLE pg_temp.new_initial;
DROP TABLE pg_temp.old_privilege;
DROP VIEW pg_temp.old_member;
