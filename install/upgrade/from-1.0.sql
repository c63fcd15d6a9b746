/*
 * What rows of version 1.0 need to fit here.  Columns of the same name find
 * their way by themselves; new ones that have no default get their values
 * here, as do those whose type or meaning is another one.  A column or table
 * that is gone has to be dropped here, or end.sql refuses to lose it.
 */

/*
 * Owners of scenarios and roles of runs were names.  What belongs to a name
 * that no role has is nobody's: superusers may drop it.
 */
ALTER TABLE pg_temp.old_ct_scenario ALTER owner TYPE regrole
	USING coalesce(pg_catalog.to_regrole(pg_catalog.quote_ident(owner::text)), 0::oid::regrole);
ALTER TABLE pg_temp.old_ct_result ALTER role TYPE regrole
	USING coalesce(pg_catalog.to_regrole(pg_catalog.quote_ident(role::text)), 0::oid::regrole);

/* Anomalies had no numbers. */
ALTER TABLE pg_temp.old_ct_result_anomaly ADD position int;
UPDATE pg_temp.old_ct_result_anomaly a
SET position = n.position
FROM (SELECT ctid, pg_catalog.row_number() OVER (PARTITION BY run_id ORDER BY first_seen, ctid)::int AS position
	  FROM pg_temp.old_ct_result_anomaly) n
WHERE n.ctid = a.ctid;

/* When an error was first seen wasn't kept: not before the workers were let go. */
ALTER TABLE pg_temp.old_ct_result_error ADD first_seen timestamptz;
UPDATE pg_temp.old_ct_result_error e
SET first_seen = coalesce(r.gate_at, r.started_at)
FROM pg_temp.old_ct_result r
WHERE r.run_id = e.run_id;
