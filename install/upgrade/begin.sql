\echo Use "ALTER EXTENSION ct_ext UPDATE" to load this file. \quit

/*
 * The update of a former version to this one.  make puts it together from:
 * this file; from-VERSION.sql, what that version's rows need to fit here; the
 * very pieces of the install script; and end.sql.
 *
 * Everything is made anew, so that an updated extension is the same as one
 * that was just created, down to the order of columns, and what is changed in
 * a piece needs no second edit here.  First, in this file, what users have put
 * in is laid by in temporary tables (rows as old_ct_..., what was granted or
 * revoked, and where the numbers of runs have got to), and all that belongs to
 * the extension is dropped.  In the end it is put back, a row's columns by
 * their names.  All of it is one transaction.
 *
 * This runs as a superuser in a schema where others may be allowed to create
 * things, so until the pieces follow, who look after themselves, nothing is
 * found but in pg_catalog.
 */
SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);

/* A run under way would go on with tables that it doesn't know. */
LOCK TABLE @extschema@.ct_result IN ACCESS EXCLUSIVE MODE;
DO LANGUAGE plpgsql $$
BEGIN
	IF EXISTS (SELECT FROM pg_stat_activity
			   WHERE datname = current_database() AND backend_type IN ('ct_ext leader', 'ct_ext worker')) THEN
		RAISE EXCEPTION USING
			ERRCODE = 'object_in_use',
			MESSAGE = 'ct_ext cannot be updated while runs of it are under way',
			HINT = 'Wait until they have ended, or end each of their leaders (see pg_stat_activity.backend_type) by pg_cancel_backend().';
	END IF;
END
$$;

CREATE TEMPORARY VIEW old_member AS
	SELECT d.classid, d.objid, c.relname AS name, c.relkind AS kind
	FROM pg_depend d
	JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
	JOIN pg_class c ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
	WHERE e.extname = 'ct_ext' AND d.deptype = 'e' AND c.relpersistence = 'p'
	UNION ALL
	SELECT d.classid, d.objid, p.proname, 'f'
	FROM pg_depend d
	JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
	JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
	WHERE e.extname = 'ct_ext' AND d.deptype = 'e';

/*
 * Privileges that somebody gave on what is the extension's, or took away: where
 * they are others than those that its script left.
 */
CREATE TEMPORARY TABLE old_privilege AS
	WITH object AS (
		SELECT m.classid, m.objid, 0 AS subid, m.name, m.kind, NULL::name AS col, c.relowner AS owner,
			coalesce(c.relacl, acldefault('r', c.relowner)) AS acl, acldefault('r', c.relowner) AS usual
		FROM old_member m JOIN pg_class c ON c.oid = m.objid
		WHERE m.kind IN ('r', 'v')
		UNION ALL
		SELECT m.classid, m.objid, a.attnum, m.name, m.kind, a.attname, c.relowner, a.attacl, NULL
		FROM old_member m JOIN pg_class c ON c.oid = m.objid JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE m.kind IN ('r', 'v') AND a.attacl IS NOT NULL
		UNION ALL
		SELECT m.classid, m.objid, 0, m.name, m.kind, NULL, p.proowner,
			coalesce(p.proacl, acldefault('f', p.proowner)), acldefault('f', p.proowner)
		FROM old_member m JOIN pg_proc p ON p.oid = m.objid
		WHERE m.kind = 'f'
	), object_and_initial AS (
		SELECT o.*, coalesce(i.initprivs, o.usual) AS initial
		FROM object o
		LEFT JOIN pg_init_privs i ON i.classoid = o.classid AND i.objoid = o.objid AND i.objsubid = o.subid
	), present AS (
		SELECT o.name, o.kind, o.col, a.grantee, a.privilege_type, a.is_grantable
		FROM object_and_initial o, aclexplode(o.acl) a WHERE a.grantee <> o.owner
	), former AS (
		SELECT o.name, o.kind, o.col, a.grantee, a.privilege_type, a.is_grantable
		FROM object_and_initial o, aclexplode(o.initial) a WHERE a.grantee <> o.owner
	)
	(SELECT true AS given, * FROM (TABLE present EXCEPT TABLE former) g)
	UNION ALL
	(SELECT false, * FROM (TABLE former EXCEPT TABLE present) r);

CREATE TEMPORARY TABLE old_run_id AS SELECT last_value, is_called FROM @extschema@.ct_result_run_id_seq;

/* Bundled definitions are made anew; all other rows are users'. */
DO LANGUAGE plpgsql $$
DECLARE
	old		record;
	named	text;
BEGIN
	FOR old IN
		SELECT m.name, m.objid::regclass AS what, EXISTS (
			SELECT FROM pg_attribute a WHERE a.attrelid = m.objid AND a.attname = 'bundled') AS defines
		FROM old_member m WHERE m.kind = 'r'
	LOOP
		EXECUTE format('CREATE TEMPORARY TABLE %I AS SELECT * FROM %s %s',
			'old_' || old.name, old.what, CASE WHEN old.defines THEN 'WHERE NOT bundled' END);
	END LOOP;

	SELECT string_agg(objid::regclass::text, ', ') INTO named FROM old_member WHERE kind = 'v';
	EXECUTE 'DROP VIEW ' || named;
	SELECT string_agg(objid::regprocedure::text, ', ') INTO named FROM old_member WHERE kind = 'f';
	EXECUTE 'DROP ROUTINE ' || named;
	SELECT string_agg(objid::regclass::text, ', ') INTO named FROM old_member WHERE kind = 'r';
	FOR old IN SELECT m.objid::regclass AS what FROM old_member m WHERE m.kind = 'r' LOOP
		/* so that pg_dump's list of tables forgets it */
		EXECUTE format('ALTER EXTENSION ct_ext DROP TABLE %s', old.what);
	END LOOP;
	EXECUTE 'DROP TABLE ' || named;
EXCEPTION WHEN dependent_objects_still_exist THEN
	DECLARE
		message	text;
		detail	text;
	BEGIN
		GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
		RAISE EXCEPTION USING
			ERRCODE = 'dependent_objects_still_exist',
			MESSAGE = 'ct_ext cannot be updated while other objects depend on what belongs to it',
			DETAIL = detail,
			HINT = 'Drop them, update the extension, and create them again.';
	END;
END
$$;

SELECT pg_catalog.set_config('search_path', quote_ident(n.nspname) || ', pg_temp', true)
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'ct_ext';
