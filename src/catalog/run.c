/*
 * run.c
 *		The rows of runs: looked up, closed, and removed.
 *
 * Looking at the rows of others locks nothing: a leader whose row is locked
 * can't write, and whoever looks may keep its transaction open.  Only the row
 * of a run that was found dead is locked, and skipped where somebody else has
 * it.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/snapmgr.h"

#include "src/catalog/baseline.h"
#include "src/catalog/row.h"
#include "src/catalog/run.h"

/* what is to be swept; an index is made for it, see install/20-results.sql */
#define IS_ORPHAN	"(status IN ('starting', 'running') OR sandbox IS NOT NULL)"

/* as a run that is closed is to show */
#define CLOSED_STATUS \
	"CASE WHEN status IN ('starting', 'running') THEN 'crashed' ELSE status END"

/* a value of the last query's result, of a type that is passed by value and not null */
static Datum
run_datum(uint64 row, int column)
{
	bool		isnull;

	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &isnull);
}

bool
ct_catalog_run_find(CtCatalogScope *scope, int64 run_id, CtRunRow *run)
{
	CtRow		row = {0};
	bool		found;

	ct_row_add_int64(&row, run_id, false);
	/* over the one that was entered with, which in REPEATABLE READ is an old one */
	PushActiveSnapshot(GetLatestSnapshot());
	found = ct_row_execute(&row, "SELECT status, shm_handle, role FROM @ct_result WHERE run_id = $1",
						   true) > 0;
	MemoryContextSwitchTo(scope->context);
	if (found)
	{
		run->run_id = run_id;
		run->status = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
		run->handle = (dsm_handle) DatumGetInt64(run_datum(0, 2));
		run->role = DatumGetObjectId(run_datum(0, 3));
	}
	PopActiveSnapshot();
	return found;
}

/*
 * The one value of a query on what is committed now, NULL if there is none;
 * of a type that is passed by reference, copied.
 */
static Datum
run_ask(CtCatalogScope *scope, CtRow *row, const char *sql, bool *isnull)
{
	Datum		value = (Datum) 0;

	*isnull = true;
	PushActiveSnapshot(GetLatestSnapshot());
	if (ct_row_execute(row, sql, true) > 0)
		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, isnull);
	MemoryContextSwitchTo(scope->context);
	if (!*isnull)
		value = PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
	PopActiveSnapshot();
	return value;
}

Jsonb *
ct_catalog_run_plan(CtCatalogScope *scope, int64 run_id)
{
	CtRow		row = {0};
	bool		isnull;
	Datum		plan;

	ct_row_add_int64(&row, run_id, false);
	plan = run_ask(scope, &row, "SELECT plan FROM @ct_result WHERE run_id = $1", &isnull);
	if (isnull)
		elog(ERROR, "run " INT64_FORMAT " has no plan", run_id);
	return DatumGetJsonbP(plan);
}

ArrayType *
ct_catalog_run_shortest(CtCatalogScope *scope, int64 run_id, bool serial)
{
	CtRow		row = {0};
	bool		isnull;
	Datum		permutation;

	ct_row_add_int64(&row, run_id, false);
	ct_row_add_bool(&row, serial);
	permutation = run_ask(scope, &row,
						  "SELECT permutation FROM @ct_result_permutation WHERE run_id = $1"
						  " AND result <> 'pass' AND ($2 OR result <> 'not_serial')"
						  " ORDER BY preemptions, cardinality(permutation), place LIMIT 1", &isnull);
	return isnull ? NULL : DatumGetArrayTypeP(permutation);
}

CtRunStep *
ct_catalog_run_story(CtCatalogScope *scope, int64 run_id, ArrayType *permutation, int *n)
{
	CtRow		row = {0};
	CtRunStep  *steps = NULL;
	uint64		i;

	ct_row_add_int64(&row, run_id, false);
	ct_row_add(&row, INT4ARRAYOID, PointerGetDatum(permutation), false);
	PushActiveSnapshot(GetLatestSnapshot());
	*n = (int) ct_row_execute(&row,
							  "SELECT s.session::text, s.function, s.first_row,"
							  " s.event = 'error' AND p.sqlstate = '40P01'"
							  " FROM @ct_result_step s JOIN @ct_result_permutation p"
							  " ON p.run_id = s.run_id AND p.place = s.place"
							  " WHERE p.run_id = $1 AND p.place = (SELECT min(place) FROM @ct_result_permutation"
							  "  WHERE run_id = $1 AND permutation = $2)"
							  " AND s.event <> 'goes on' ORDER BY s.\"position\"", true);
	MemoryContextSwitchTo(scope->context);
	if (*n > 0)
		steps = palloc0(*n * sizeof(CtRunStep));
	for (i = 0; i < *n; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;

		steps[i].session = atoi(SPI_getvalue(tuple, desc, 1));
		steps[i].function = SPI_getvalue(tuple, desc, 2);
		steps[i].first_row = SPI_getvalue(tuple, desc, 3);
		steps[i].deadlock = DatumGetBool(run_datum(i, 4));
	}
	PopActiveSnapshot();
	return steps;
}

bool
ct_catalog_run_is_open(const CtRunRow *run)
{
	return strcmp(run->status, "starting") == 0 || strcmp(run->status, "running") == 0;
}

List *
ct_catalog_run_orphans(CtCatalogScope *scope, bool asked, const char *retry)
{
	CtRow		row = {0};
	List	   *orphans = NIL;
	uint64		i;

	ct_row_add_bool(&row, asked);
	ct_row_add_text(&row, retry);
	(void) ct_row_execute(&row,
						  "SELECT run_id, shm_handle, status FROM @ct_result WHERE " IS_ORPHAN
						  " AND ($1 OR sandbox_tried_at IS NULL"
						  "  OR sandbox_tried_at < clock_timestamp() - $2::interval)"
						  " ORDER BY run_id", true);
	MemoryContextSwitchTo(scope->context);
	for (i = 0; i < SPI_processed; i++)
	{
		CtRunRow   *run = palloc0(sizeof(CtRunRow));

		run->run_id = DatumGetInt64(run_datum(i, 1));
		run->handle = (dsm_handle) DatumGetInt64(run_datum(i, 2));
		run->status = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 3);
		orphans = lappend(orphans, run);
	}
	return orphans;
}

bool
ct_catalog_run_lock_orphan(CtCatalogScope *scope, int64 run_id, Oid *role, char **sandbox)
{
	CtRow		row = {0};

	ct_row_add_int64(&row, run_id, false);
	if (ct_row_execute(&row,
					   "SELECT role, sandbox::text FROM @ct_result WHERE run_id = $1 AND " IS_ORPHAN
					   " FOR UPDATE SKIP LOCKED", false) == 0)
		return false;
	MemoryContextSwitchTo(scope->context);
	*role = DatumGetObjectId(run_datum(0, 1));
	*sandbox = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2);
	return true;
}

void
ct_catalog_run_close(int64 run_id)
{
	CtRow		row = {0};

	ct_row_add_int64(&row, run_id, false);
	(void) ct_row_execute(&row,
						  "UPDATE @ct_result SET sandbox = NULL, sandbox_tried_at = NULL,"
						  " status = " CLOSED_STATUS " WHERE run_id = $1", false);
}

void
ct_catalog_run_leave_sandbox(int64 run_id, bool kept)
{
	CtRow		row = {0};

	ct_row_add_int64(&row, run_id, false);
	ct_row_add_bool(&row, kept);
	(void) ct_row_execute(&row,
						  "UPDATE @ct_result SET kept_sandbox = CASE WHEN $2 THEN sandbox END,"
						  " sandbox = NULL WHERE run_id = $1", false);
}

void
ct_catalog_run_warn(int64 run_id, const char *warning)
{
	CtRow		row = {0};

	ct_row_add_int64(&row, run_id, false);
	ct_row_add_text(&row, warning);
	(void) ct_row_execute(&row,
						  "UPDATE @ct_result SET warnings = array_append(warnings, $2) WHERE run_id = $1",
						  false);
}

void
ct_catalog_run_complain(int64 run_id, const char *complaint, int max)
{
	CtRow		row = {0};

	ct_row_add_int64(&row, run_id, false);
	ct_row_add_text(&row, complaint);
	ct_row_add_int32(&row, max, false);
	(void) ct_row_execute(&row,
						  "UPDATE @ct_result SET sandbox_tried_at = clock_timestamp(),"
						  " status = " CLOSED_STATUS ","
						  " warnings = CASE WHEN $2 = ANY (warnings) OR cardinality(warnings) >= $3"
						  "  THEN warnings ELSE array_append(warnings, $2) END"
						  " WHERE run_id = (SELECT run_id FROM @ct_result WHERE run_id = $1 AND " IS_ORPHAN
						  "  FOR UPDATE SKIP LOCKED)", false);
}

/*
 * Everybody in the database may listen, so it says what everybody may know:
 * names of definitions, and how it ended, but nothing that was measured, read
 * or raised.  A threshold's text is told where ct_scenarios shows it, or where
 * it names nothing of the scenario's.  Names are of 63 bytes at most, so that
 * the payload is far from the 8000 bytes that there may be.
 *
 * A queue that is nearly full is left to others: at the commit it would be an
 * error.
 */
void
ct_catalog_run_alert(int64 run_id)
{
	CtRow		row = {0};

	ct_row_add_int64(&row, run_id, false);
	(void) ct_row_execute(&row,
						  "SELECT pg_notify('ct_ext', jsonb_build_object('run_id', r.run_id,"
						  "  'scenario', left(r.scenario, 63), 'variant', left(r.variant, 63),"
						  "  'status', r.status, 'verdict', r.verdict,"
						  "  'reason', CASE WHEN r.status = 'crashed' THEN 'crash' WHEN r.status = 'failed' THEN 'error'"
						  "   ELSE coalesce((SELECT CASE WHEN c.kind IN ('threshold', 'error') THEN c.kind ELSE 'check' END"
						  "    FROM @ct_result_check c WHERE c.run_id = r.run_id AND c.status = 'fail'"
						  "    ORDER BY c.position LIMIT 1), 'check') END,"
						  "  'threshold', (SELECT CASE WHEN strpos(c.check_name, '.') = 0 OR EXISTS ("
						  "    SELECT FROM @ct_slo t WHERE t.scenario = r.scenario AND t.metric = c.check_name)"
						  "   THEN left(c.check_name || ' ' || c.target, 200) END"
						  "   FROM @ct_result_check c WHERE c.run_id = r.run_id AND c.status = 'fail'"
						  "   AND c.kind = 'threshold' ORDER BY c.position LIMIT 1))::text)"
						  " FROM @ct_result r WHERE r.run_id = $1"
						  " AND (r.status IN ('failed', 'crashed') OR r.verdict = 'fail')"
						  " AND pg_notification_queue_usage() < 0.9", false);
}

int64
ct_catalog_run_prune(CtCatalogScope *scope, const Interval *older_than, Oid caller, bool all)
{
	CtArray		baselines;
	CtRow		row = {0};

	ct_catalog_baseline_begin_prune(scope, &baselines);

	ct_row_add(&row, INTERVALOID, IntervalPGetDatum(older_than), false);
	ct_row_add_bool(&row, all);
	ct_row_add(&row, OIDOID, ObjectIdGetDatum(caller), false);
	ct_row_add(&row, INT8ARRAYOID, ct_array_datum(CT_INT8S, &baselines), false);
	return (int64) ct_row_execute(&row,
								  "DELETE FROM @ct_result r"
								  " WHERE coalesce(r.finished_at, r.started_at) <= clock_timestamp() - $1"
								  " AND (r.status NOT IN ('starting', 'running')"
								  "  OR NOT @_ct_run_lives(r.run_id, r.shm_handle))"
								  " AND r.sandbox IS NULL"
								  " AND r.run_id <> ALL ($4)"
								  " AND ($2 OR pg_has_role($3, r.role::oid, 'USAGE'))", false);
}
