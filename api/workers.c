/*
 * workers.c
 *		The workers of a run under way, read live from its shared memory.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "api/run.h"
#include "bgworker/shm/shared.h"
#include "src/catalog/version.h"

CT_FUNCTION_INFO_V1(ct_run_workers);

#define WORKERS_COLUMNS		10

static const char *
workers_state_name(uint32 state)
{
	static const char *const names[] = {
		[CT_WORKER_UNUSED] = "starting",
		[CT_WORKER_LAUNCHED] = "starting",
		[CT_WORKER_READY] = "ready",
		[CT_WORKER_WORKING] = "working",
		[CT_WORKER_DONE] = "done",
		[CT_WORKER_FAILED] = "failed",
		[CT_WORKER_LOST] = "lost"
	};

	return state < lengthof(names) ? names[state] : "lost";
}

/*
 * _ct_run_workers(run_id, shm_handle): a row for each worker of a run of load
 * whose workers were let go; none if it has ended, or isn't there yet.
 * worker, pid, transactions, failed, retries, overlapped, waited, met,
 * all_transactions, state
 */
Datum
ct_run_workers(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	dsm_segment *segment;
	CtShared   *shared;
	bool		attached;
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	if (!ct_run_is_visible(PG_GETARG_INT64(0), PG_GETARG_INT64(1)))
		return (Datum) 0;
	shared = ct_shared_attach((dsm_handle) PG_GETARG_INT64(1), PG_GETARG_INT64(0),
							  &segment, &attached);
	if (shared == NULL)
		return (Datum) 0;
	for (i = 0; ct_shared_state(shared) >= CT_RUN_RUNNING && ct_shared_stage(shared) == NULL &&
		 i < shared->nworkers; i++)
	{
		CtSlot	   *slot = ct_shared_slot(shared, i);
		Datum		values[WORKERS_COLUMNS];
		bool		nulls[WORKERS_COLUMNS] = {false};

		values[0] = Int32GetDatum(i + 1);
		values[1] = Int32GetDatum(slot->pid);
		values[2] = Int64GetDatum((int64) slot->transactions);
		values[3] = Int64GetDatum((int64) slot->failed);
		values[4] = Int64GetDatum((int64) slot->retries);
		values[5] = Int64GetDatum((int64) slot->overlapped);
		values[6] = Int64GetDatum((int64) slot->waited);
		values[7] = Int64GetDatum((int64) slot->met);
		values[8] = Int64GetDatum((int64) slot->all_transactions);
		values[9] = CStringGetTextDatum(workers_state_name(pg_atomic_read_u32(&slot->state)));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	if (attached)
		dsm_detach(segment);
	return (Datum) 0;
}
