/*
 * What a run used, each second of it.
 */
CREATE TABLE @extschema@.ct_result_resource (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	"time"			timestamptz NOT NULL,
	seconds			float8 NOT NULL,
	cpu				float8,
	server_cpu		float8,
	machine_cpu		float8,
	machine_memory	float8,
	memory_mb		float8,
	max_worker_mb	float8,
	temp_bytes		bigint,
	wal_bytes		bigint,
	buffers_hit		bigint,
	buffers_read	bigint,
	dead_tuples		bigint,
	table_bytes		bigint,
	connections		int,
	max_connections	int,
	PRIMARY KEY (run_id, "time")
);

CREATE VIEW @extschema@.ct_resources WITH (security_barrier) AS
	SELECT x.run_id,
		x."time",
		1 + pg_catalog.round(pg_catalog.date_part('epoch'::text, x."time" - coalesce(r.gate_at, r.started_at)) - x.seconds)::int AS second,
		x.seconds,
		pg_catalog.round(x.cpu::numeric, 2)::float8 AS cpu,
		pg_catalog.round(x.server_cpu::numeric, 2)::float8 AS server_cpu,
		pg_catalog.round(x.machine_cpu::numeric, 2)::float8 AS machine_cpu,
		pg_catalog.round(x.machine_memory::numeric, 2)::float8 AS machine_memory,
		pg_catalog.round(x.memory_mb::numeric, 2)::float8 AS memory_mb,
		pg_catalog.round(x.max_worker_mb::numeric, 2)::float8 AS max_worker_mb,
		x.temp_bytes,
		x.wal_bytes,
		x.buffers_hit,
		x.buffers_read,
		x.dead_tuples,
		x.table_bytes,
		x.connections,
		x.max_connections
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_resource x ON x.run_id = r.run_id
	ORDER BY x.run_id, x."time";

GRANT SELECT ON @extschema@.ct_resources TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_resources IS 'a row per second of a run: CPU, memory, temporary files, WAL, pages, connections';
COMMENT ON COLUMN @extschema@.ct_resources.run_id IS 'number of the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_resources."time" IS 'end of the second';
COMMENT ON COLUMN @extschema@.ct_resources.second IS 'number of the second since the gate, from 1, as in ct_timeline';
COMMENT ON COLUMN @extschema@.ct_resources.seconds IS 'its length, 1 but for the last one';
COMMENT ON COLUMN @extschema@.ct_resources.cpu IS 'CPU time of the run''s workers, percent of all CPUs of the machine; null where the system doesn''t tell';
COMMENT ON COLUMN @extschema@.ct_resources.server_cpu IS 'CPU time of all processes of the server, the run''s workers, their parallel workers and the leader among them, percent of all CPUs';
COMMENT ON COLUMN @extschema@.ct_resources.machine_cpu IS 'CPU time of everything on the machine, percent of all CPUs';
COMMENT ON COLUMN @extschema@.ct_resources.machine_memory IS 'memory in use on the machine, percent of all that there is';
COMMENT ON COLUMN @extschema@.ct_resources.memory_mb IS 'private resident memory of the run''s workers together, MB; null where the system doesn''t tell';
COMMENT ON COLUMN @extschema@.ct_resources.max_worker_mb IS 'that of the largest worker, MB';
COMMENT ON COLUMN @extschema@.ct_resources.temp_bytes IS 'written to temporary files by the run''s workers, bytes; like WAL and pages it is counted when the statement or transaction ends';
COMMENT ON COLUMN @extschema@.ct_resources.wal_bytes IS 'WAL written by the run''s workers, bytes';
COMMENT ON COLUMN @extschema@.ct_resources.buffers_hit IS 'pages that the run''s workers found in shared buffers';
COMMENT ON COLUMN @extschema@.ct_resources.buffers_read IS 'pages that they had to read';
COMMENT ON COLUMN @extschema@.ct_resources.dead_tuples IS 'dead rows in the sandbox''s tables, as the server estimates; null without a sandbox, and where looking at so many tables each second would cost too much';
COMMENT ON COLUMN @extschema@.ct_resources.table_bytes IS 'size of the sandbox''s tables with their indexes and TOAST, bytes; null as dead_tuples is';
COMMENT ON COLUMN @extschema@.ct_resources.connections IS 'backends that count against max_connections, of everybody';
COMMENT ON COLUMN @extschema@.ct_resources.max_connections IS 'setting of the server';
COMMENT ON TABLE @extschema@.ct_result_resource IS 'seconds of runs and what was used in them; read it through ct_resources';
COMMENT ON COLUMN @extschema@.ct_result_resource.run_id IS 'number of the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_result_resource."time" IS 'end of the second';
COMMENT ON COLUMN @extschema@.ct_result_resource.seconds IS 'its length, 1 but for the last one';
COMMENT ON COLUMN @extschema@.ct_result_resource.cpu IS 'CPU time of the run''s workers, percent of all CPUs of the machine; null where the system doesn''t tell';
COMMENT ON COLUMN @extschema@.ct_result_resource.server_cpu IS 'CPU time of all processes of the server, the run''s workers, their parallel workers and the leader among them, percent of all CPUs';
COMMENT ON COLUMN @extschema@.ct_result_resource.machine_cpu IS 'CPU time of everything on the machine, percent of all CPUs';
COMMENT ON COLUMN @extschema@.ct_result_resource.machine_memory IS 'memory in use on the machine, percent of all that there is';
COMMENT ON COLUMN @extschema@.ct_result_resource.memory_mb IS 'private resident memory of the run''s workers together, MB; null where the system doesn''t tell';
COMMENT ON COLUMN @extschema@.ct_result_resource.max_worker_mb IS 'that of the largest worker, MB';
COMMENT ON COLUMN @extschema@.ct_result_resource.temp_bytes IS 'written to temporary files by the run''s workers, bytes; like WAL and pages it is counted when the statement or transaction ends';
COMMENT ON COLUMN @extschema@.ct_result_resource.wal_bytes IS 'WAL written by the run''s workers, bytes';
COMMENT ON COLUMN @extschema@.ct_result_resource.buffers_hit IS 'pages that the run''s workers found in shared buffers';
COMMENT ON COLUMN @extschema@.ct_result_resource.buffers_read IS 'pages that they had to read';
COMMENT ON COLUMN @extschema@.ct_result_resource.dead_tuples IS 'dead rows in the sandbox''s tables, as the server estimates; null without a sandbox, and where looking at so many tables each second would cost too much';
COMMENT ON COLUMN @extschema@.ct_result_resource.table_bytes IS 'size of the sandbox''s tables with their indexes and TOAST, bytes; null as dead_tuples is';
COMMENT ON COLUMN @extschema@.ct_result_resource.connections IS 'backends that count against max_connections, of everybody';
COMMENT ON COLUMN @extschema@.ct_result_resource.max_connections IS 'setting of the server';
