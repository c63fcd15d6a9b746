/*
 * resources.c
 *		What a run uses, as the leader sees it once a second.
 *
 * The workers take no part in it but for five numbers that they copy into
 * their slots as a transaction ends.  The rest the leader asks of the system,
 * some microseconds for each process, and of the catalog.
 *
 * What is a run's are its workers, and not its leader, whose memory grows by
 * what it is to tell.  The server's processes are all that have a PGPROC, and
 * the postmaster, which also knows what those have used that are gone; so the
 * logger is missing, which is no backend.
 *
 * Locking: none.  Whose pid stands in a slot is looked at in the server's list
 * of processes before anything is asked of it, so that nobody else's numbers
 * are taken for a worker's that has died just now.  No relation is opened: how
 * large the tables are is asked of their files, so that the leader waits for
 * nobody who has locked one.
 */
#include "postgres.h"

#include <math.h>
#include <sys/stat.h>
#include <time.h>

#include "access/genam.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_index.h"
#include "catalog/pg_namespace.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgroids.h"
#include "utils/syscache.h"

#include "bgworker/resources.h"
#include "bgworker/shm/merge.h"
#include "src/base/ct_compat.h"
#include "src/base/machine.h"

/* a look at the tables may cost one part of so many of a CPU */
#define LOOK_PARTS		200

/* more tables than this in a sandbox aren't looked at, for the leader has other duties, too */
#define MAX_TABLES		2000

/* ---- processes ---- */

/* Is it still the worker's process that has its pid? */
static bool
resources_lives(const CtSlot *slot)
{
	int			procno = *(const volatile int *) &slot->procno;

	return procno >= 0 && slot->pid != 0 && ProcGlobal->allProcs[procno].pid == slot->pid;
}

/*
 * CPU time of the workers and of the server, and how many of its processes are
 * connections: all of it at once, for a moment is what it is of.
 */
static void
resources_read_cpu(CtResources *resources, CtShared *shared, CtReading *reading)
{
	int64		ns = ct_process_reaped_ns(PostmasterPid);
	int			i;

	reading->server_ns = ns >= 0 ? ns : get_float8_nan();
	ns = ct_process_cpu_ns(PostmasterPid);
	reading->server_ns += ns >= 0 ? ns : get_float8_nan();

	/* what isn't told of ourselves isn't of anybody */
	reading->cpu_ns = ct_process_cpu_ns(MyProcPid) >= 0 ? 0 : get_float8_nan();
	for (i = 0; i < resources->nworkers; i++)
	{
		CtSlot	   *slot = ct_shared_slot(shared, i);

		if (resources_lives(slot))
			resources->cpu_ns[i] = Max(resources->cpu_ns[i], ct_process_cpu_ns(slot->pid));
		reading->cpu_ns += resources->cpu_ns[i];
	}
	reading->at_ns = ct_now_ns();
	for (i = 0; i < (int) ProcGlobal->allProcCount; i++)
	{
		int			pid = ProcGlobal->allProcs[i].pid;

		if (pid == 0)
			continue;
		ns = ct_process_cpu_ns(pid);
		reading->server_ns += Max(ns, 0);

		/* the first ones are for clients' backends, and nobody else's */
		reading->connections += i < MaxConnections;
	}
}

/* Memory of the workers, and what they tell. */
static void
resources_read_workers(CtResources *resources, CtShared *shared, CtReading *reading)
{
	CtTotals	totals;
	int			i;

	ct_merge_totals(shared, &totals);
	reading->transactions = totals.all_transactions + totals.failed;
	reading->memory = ct_process_memory(MyProcPid) >= 0 ? 0 : get_float8_nan();
	reading->max_worker = reading->memory;
	for (i = 0; i < resources->nworkers; i++)
	{
		CtSlot	   *slot = ct_shared_slot(shared, i);

		if (resources_lives(slot))
		{
			int64		bytes = ct_process_memory(slot->pid);

			reading->memory += Max(bytes, 0);
			if (reading->max_worker < bytes)
				reading->max_worker = bytes;
		}
		reading->sessions.wal_bytes += slot->usage.wal_bytes;
		reading->sessions.temp_blocks += slot->usage.temp_blocks;
		reading->sessions.blocks_hit += slot->usage.blocks_hit;
		reading->sessions.blocks_read += slot->usage.blocks_read;
	}
}

void
ct_resources_read(CtResources *resources, CtShared *shared, bool last)
{
	CtReading	reading = {0};

	/* who is told to go is hardly there */
	if (!shared->telemetry || resources->ended || pg_atomic_read_u32(&shared->stop) >= CT_STOP_SESSIONS)
		return;
	resources_read_cpu(resources, shared, &reading);
	resources_read_workers(resources, shared, &reading);
	if (!ct_machine_cpu(&reading.machine_used, &reading.machine_all))
		reading.machine_used = reading.machine_all = get_float8_nan();
	reading.machine_memory = ct_machine_memory_used();
	if (resources->now.at_ns == 0 ||
		(!last && shared->measure_from_ns > shared->gate_ns &&
		 resources->sum.first.at_ns < shared->measure_from_ns))
		ct_usage_begin(&resources->sum, &reading, ct_machine_cpus());
	else
		ct_usage_add(&resources->sum, &reading);
	resources->now = reading;
	resources->ended = last;
}

void
ct_resources_begin(CtResources *resources, CtShared *shared)
{
	memset(resources, 0, sizeof(CtResources));
	resources->nworkers = shared->nworkers;
	resources->cpu_ns = palloc0(shared->nworkers * sizeof(int64));
	resources->dead_tuples = resources->table_bytes = -1;
	ct_resources_read(resources, shared, false);
	resources->recorded = resources->now;
}

/* ---- tables ---- */

/* Bytes of a file of a relation's, in all of its segments; 0 if there is none. */
static int64
resources_file_bytes(const char *path, const char *fork)
{
	char		name[MAXPGPATH];
	struct stat st;
	int64		bytes = 0;
	int			segment;

	for (segment = 0;; segment++)
	{
		if (segment == 0)
			snprintf(name, sizeof(name), "%s%s", path, fork);
		else
			snprintf(name, sizeof(name), "%s%s.%d", path, fork, segment);
		if (stat(name, &st) != 0)
			return bytes;
		bytes += st.st_size;
	}
}

/* Bytes of a relation; 0 if it is gone, or has no storage. */
static int64
resources_relation_bytes(Oid relation)
{
	LOCAL_FCINFO(fcinfo, 1);
	Datum		path;
	char	   *name;
	int64		bytes;

	InitFunctionCallInfoData(*fcinfo, NULL, 1, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = ObjectIdGetDatum(relation);
	fcinfo->args[0].isnull = false;
	path = pg_relation_filepath(fcinfo);
	if (fcinfo->isnull)
		return 0;
	name = TextDatumGetCString(path);
	bytes = resources_file_bytes(name, "");
	if (bytes > 0)
		bytes += resources_file_bytes(name, "_fsm") + resources_file_bytes(name, "_vm");
	pfree(name);
	return bytes;
}

/* Bytes of a table's indexes. */
static int64
resources_index_bytes(Relation indexes, Oid table)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	int64		bytes = 0;

	ScanKeyInit(&key, Anum_pg_index_indrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(table));
	scan = systable_beginscan(indexes, IndexIndrelidIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		bytes += resources_relation_bytes(((Form_pg_index) GETSTRUCT(tuple))->indexrelid);
	systable_endscan(scan);
	return bytes;
}

/* Adds a table, with what is stored beside it. */
static void
resources_add_table(CtResources *resources, Relation indexes, Oid table)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	Form_pg_class form;

	if (!HeapTupleIsValid(tuple))
		return;
	form = (Form_pg_class) GETSTRUCT(tuple);
	if (form->relkind == RELKIND_RELATION || form->relkind == RELKIND_MATVIEW)
	{
		resources->dead_tuples +=
			DatumGetInt64(DirectFunctionCall1(pg_stat_get_dead_tuples, ObjectIdGetDatum(table)));
		resources->table_bytes += resources_relation_bytes(table) +
			(form->relhasindex ? resources_index_bytes(indexes, table) : 0);
		if (OidIsValid(form->reltoastrelid))
			resources->table_bytes += resources_relation_bytes(form->reltoastrelid) +
				resources_index_bytes(indexes, form->reltoastrelid);
	}
	ReleaseSysCache(tuple);
}

/* What depends on the schema is in it, and an index finds it. */
static void
resources_add_tables(CtResources *resources, Oid schema)
{
	Relation	depends = table_open(DependRelationId, AccessShareLock);
	Relation	indexes = table_open(IndexRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	int			n = 0;

	resources->dead_tuples = resources->table_bytes = 0;
	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(NamespaceRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(schema));
	scan = systable_beginscan(depends, DependReferenceIndexId, true, NULL, 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)) && !resources->too_many)
	{
		Form_pg_depend depend = (Form_pg_depend) GETSTRUCT(tuple);

		if (depend->classid != RelationRelationId)
			continue;
		resources->too_many = ++n > MAX_TABLES;
		resources_add_table(resources, indexes, depend->objid);
	}
	systable_endscan(scan);
	table_close(indexes, AccessShareLock);
	table_close(depends, AccessShareLock);
	if (resources->too_many)
		resources->dead_tuples = resources->table_bytes = -1;
	if (!pgstat_track_counts)
		resources->dead_tuples = -1;
}

void
ct_resources_look(CtResources *resources, Oid sandbox)
{
	clock_t		before;

	if (resources->now.at_ns == 0 || (resources->ended && resources->looked_last))
		return;
	resources->looked_last = resources->ended;
	resources->dead_tuples = resources->table_bytes = -1;
	if (!OidIsValid(sandbox) || resources->too_many ||
		(!resources->ended && ct_now_ns() < resources->next_look_ns))
		return;
	before = clock();
	resources_add_tables(resources, sandbox);
	resources->next_look_ns = ct_now_ns() +
		(uint64) (clock() - before) * (CT_NS_PER_S / CLOCKS_PER_SEC) * LOOK_PARTS;
	ct_usage_add_tables(&resources->sum,
						resources->dead_tuples >= 0 ? resources->dead_tuples : get_float8_nan(),
						resources->table_bytes >= 0 ? resources->table_bytes : get_float8_nan());
}

/* ---- rows ---- */

bool
ct_resources_row(const CtResources *resources, CtResourceRow *row)
{
	const CtReading *now = &resources->now;
	const CtReading *before = &resources->recorded;
	double		whole = (double) (now->at_ns - before->at_ns) * ct_machine_cpus();

	if (now->at_ns <= before->at_ns)
		return false;
	row->cpu = ct_usage_percent(now->cpu_ns - before->cpu_ns, whole);
	row->server_cpu = ct_usage_percent(now->server_ns - before->server_ns, whole);
	row->machine_cpu = ct_usage_percent(now->machine_used - before->machine_used,
										now->machine_all - before->machine_all);
	row->machine_memory = now->machine_memory * 100;
	row->memory_mb = now->memory / (1024 * 1024);
	row->max_worker_mb = now->max_worker / (1024 * 1024);
	row->temp_bytes = (now->sessions.temp_blocks - before->sessions.temp_blocks) * BLCKSZ;
	row->wal_bytes = now->sessions.wal_bytes - before->sessions.wal_bytes;
	row->buffers_hit = now->sessions.blocks_hit - before->sessions.blocks_hit;
	row->buffers_read = now->sessions.blocks_read - before->sessions.blocks_read;
	row->dead_tuples = resources->dead_tuples;
	row->table_bytes = resources->table_bytes;
	row->connections = now->connections;
	row->max_connections = MaxConnections;
	return true;
}

CtUsage *
ct_resources_usage(const CtResources *resources)
{
	CtUsage    *usage;

	if (resources->now.at_ns == 0)
		return NULL;
	usage = palloc(sizeof(CtUsage));
	ct_usage_result(&resources->sum, usage);
	return usage;
}

void
ct_resources_recorded(CtResources *resources)
{
	resources->recorded = resources->now;
}
