/*
 * What a run used, as a whole.
 */
CREATE TABLE @extschema@.ct_result_usage (
	run_id			bigint PRIMARY KEY REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	cpu                 float8,
	max_cpu             float8,
	server_cpu          float8,
	machine_cpu         float8,
	max_machine_cpu     float8,
	max_machine_memory  float8,
	start_memory_mb     float8,
	max_memory_mb       float8,
	end_memory_mb       float8,
	memory_growth_mb    float8,
	memory_slope_mb     float8,
	memory_slope_low_mb float8,
	memory_slope_high_mb float8,
	max_worker_mb       float8,
	temp_mb             float8,
	wal_mb              float8,
	hit_rate            float8,
	connections         float8,
	max_dead_tuples     float8,
	max_table_mb        float8
);

CREATE VIEW @extschema@.ct_usage WITH (security_barrier) AS
	SELECT x.run_id,
		pg_catalog.round(x.cpu::numeric, 2)::float8 AS cpu,
		pg_catalog.round(x.max_cpu::numeric, 2)::float8 AS max_cpu,
		pg_catalog.round(x.server_cpu::numeric, 2)::float8 AS server_cpu,
		pg_catalog.round(x.machine_cpu::numeric, 2)::float8 AS machine_cpu,
		pg_catalog.round(x.max_machine_cpu::numeric, 2)::float8 AS max_machine_cpu,
		pg_catalog.round(x.max_machine_memory::numeric, 2)::float8 AS max_machine_memory,
		pg_catalog.round(x.start_memory_mb::numeric, 2)::float8 AS start_memory_mb,
		pg_catalog.round(x.max_memory_mb::numeric, 2)::float8 AS max_memory_mb,
		pg_catalog.round(x.end_memory_mb::numeric, 2)::float8 AS end_memory_mb,
		pg_catalog.round(x.memory_growth_mb::numeric, 2)::float8 AS memory_growth_mb,
		pg_catalog.round(x.memory_slope_mb::numeric, 4)::float8 AS memory_slope_mb,
		pg_catalog.round(x.memory_slope_low_mb::numeric, 4)::float8 AS memory_slope_low_mb,
		pg_catalog.round(x.memory_slope_high_mb::numeric, 4)::float8 AS memory_slope_high_mb,
		pg_catalog.round(x.max_worker_mb::numeric, 2)::float8 AS max_worker_mb,
		pg_catalog.round(x.temp_mb::numeric, 2)::float8 AS temp_mb,
		pg_catalog.round(x.wal_mb::numeric, 2)::float8 AS wal_mb,
		pg_catalog.round(x.hit_rate::numeric, 4)::float8 AS hit_rate,
		pg_catalog.round(x.connections::numeric, 2)::float8 AS connections,
		pg_catalog.round(x.max_dead_tuples::numeric, 2)::float8 AS max_dead_tuples,
		pg_catalog.round(x.max_table_mb::numeric, 2)::float8 AS max_table_mb
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_usage x ON x.run_id = r.run_id
	ORDER BY x.run_id;

GRANT SELECT ON @extschema@.ct_usage TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_usage IS 'a row per run of load: the CPU, memory, WAL, connections that its measured part used; its columns are metrics for thresholds';
COMMENT ON COLUMN @extschema@.ct_usage.run_id IS 'number of the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_usage.cpu IS 'CPU time of the run''s workers, percent of all CPUs of the machine; null where the system doesn''t tell, like all of CPU and memory';
COMMENT ON COLUMN @extschema@.ct_usage.max_cpu IS 'the same, of the second with the most';
COMMENT ON COLUMN @extschema@.ct_usage.server_cpu IS 'CPU time of all processes of the server, percent of all CPUs';
COMMENT ON COLUMN @extschema@.ct_usage.machine_cpu IS 'CPU time of everything on the machine, percent of all CPUs';
COMMENT ON COLUMN @extschema@.ct_usage.max_machine_cpu IS 'the same, of the second with the most';
COMMENT ON COLUMN @extschema@.ct_usage.max_machine_memory IS 'memory in use on the machine at most, percent of all that there is';
COMMENT ON COLUMN @extschema@.ct_usage.start_memory_mb IS 'private resident memory of the run''s workers at the start, MB: at the gate, or after the warm-up';
COMMENT ON COLUMN @extschema@.ct_usage.max_memory_mb IS 'the same at most, MB';
COMMENT ON COLUMN @extschema@.ct_usage.end_memory_mb IS 'the same when the last of them had ended, MB';
COMMENT ON COLUMN @extschema@.ct_usage.memory_growth_mb IS 'max_memory_mb less start_memory_mb';
COMMENT ON COLUMN @extschema@.ct_usage.memory_slope_mb IS 'growth of memory per 1000 transactions, MB, with the first third of the run left out; null where the run has less than about 17 seconds';
COMMENT ON COLUMN @extschema@.ct_usage.memory_slope_low_mb IS 'lower end of its 95 % interval: memory has grown with the transactions if it is above 0';
COMMENT ON COLUMN @extschema@.ct_usage.memory_slope_high_mb IS 'upper end of the same';
COMMENT ON COLUMN @extschema@.ct_usage.max_worker_mb IS 'memory of the largest worker at most, MB';
COMMENT ON COLUMN @extschema@.ct_usage.temp_mb IS 'written to temporary files by the run''s workers, MB';
COMMENT ON COLUMN @extschema@.ct_usage.wal_mb IS 'WAL written by the run''s workers, MB';
COMMENT ON COLUMN @extschema@.ct_usage.hit_rate IS 'pages that the run''s workers found in shared buffers, of all, 0 to 1; null where they needed none';
COMMENT ON COLUMN @extschema@.ct_usage.connections IS 'backends that count against max_connections, of everybody, most at a time';
COMMENT ON COLUMN @extschema@.ct_usage.max_dead_tuples IS 'dead rows in the sandbox''s tables at most, as the server estimates; null without a sandbox';
COMMENT ON COLUMN @extschema@.ct_usage.max_table_mb IS 'size of the sandbox''s tables with their indexes and TOAST at most, MB; null without a sandbox';

COMMENT ON TABLE @extschema@.ct_result_usage IS 'what runs used; read it through ct_usage';
COMMENT ON COLUMN @extschema@.ct_result_usage.run_id IS 'number of the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_result_usage.cpu IS 'CPU time of the run''s workers, percent of all CPUs of the machine; null where the system doesn''t tell, like all of CPU and memory';
COMMENT ON COLUMN @extschema@.ct_result_usage.max_cpu IS 'the same, of the second with the most';
COMMENT ON COLUMN @extschema@.ct_result_usage.server_cpu IS 'CPU time of all processes of the server, percent of all CPUs';
COMMENT ON COLUMN @extschema@.ct_result_usage.machine_cpu IS 'CPU time of everything on the machine, percent of all CPUs';
COMMENT ON COLUMN @extschema@.ct_result_usage.max_machine_cpu IS 'the same, of the second with the most';
COMMENT ON COLUMN @extschema@.ct_result_usage.max_machine_memory IS 'memory in use on the machine at most, percent of all that there is';
COMMENT ON COLUMN @extschema@.ct_result_usage.start_memory_mb IS 'private resident memory of the run''s workers at the start, MB: at the gate, or after the warm-up';
COMMENT ON COLUMN @extschema@.ct_result_usage.max_memory_mb IS 'the same at most, MB';
COMMENT ON COLUMN @extschema@.ct_result_usage.end_memory_mb IS 'the same when the last of them had ended, MB';
COMMENT ON COLUMN @extschema@.ct_result_usage.memory_growth_mb IS 'max_memory_mb less start_memory_mb';
COMMENT ON COLUMN @extschema@.ct_result_usage.memory_slope_mb IS 'growth of memory per 1000 transactions, MB, with the first third of the run left out; null where the run has less than about 17 seconds';
COMMENT ON COLUMN @extschema@.ct_result_usage.memory_slope_low_mb IS 'lower end of its 95 % interval: memory has grown with the transactions if it is above 0';
COMMENT ON COLUMN @extschema@.ct_result_usage.memory_slope_high_mb IS 'upper end of the same';
COMMENT ON COLUMN @extschema@.ct_result_usage.max_worker_mb IS 'memory of the largest worker at most, MB';
COMMENT ON COLUMN @extschema@.ct_result_usage.temp_mb IS 'written to temporary files by the run''s workers, MB';
COMMENT ON COLUMN @extschema@.ct_result_usage.wal_mb IS 'WAL written by the run''s workers, MB';
COMMENT ON COLUMN @extschema@.ct_result_usage.hit_rate IS 'pages that the run''s workers found in shared buffers, of all, 0 to 1; null where they needed none';
COMMENT ON COLUMN @extschema@.ct_result_usage.connections IS 'backends that count against max_connections, of everybody, most at a time';
COMMENT ON COLUMN @extschema@.ct_result_usage.max_dead_tuples IS 'dead rows in the sandbox''s tables at most, as the server estimates; null without a sandbox';
COMMENT ON COLUMN @extschema@.ct_result_usage.max_table_mb IS 'size of the sandbox''s tables with their indexes and TOAST at most, MB; null without a sandbox';
