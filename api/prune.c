/*
 * prune.c
 *		ct_prune: removes old runs.
 *
 * The rows go in the caller's transaction.  A run that is under way is never
 * touched, nor is one whose sandbox could not be dropped yet: its row is all
 * that tells the next sweep about the sandbox.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "bgworker/sandbox.h"
#include "src/catalog/run.h"
#include "src/catalog/version.h"

CT_FUNCTION_INFO_V1(ct_prune);

/*
 * ct_prune(older_than interval) RETURNS bigint
 *
 * Removes the runs that ended (or, if they crashed, began) at least so long
 * ago, with all their rows, of roles that the caller is a member of; of all
 * roles for superusers and who has the rights of the extension's owner.
 * Returns their number.
 */
Datum
ct_prune(PG_FUNCTION_ARGS)
{
	Oid			caller = GetUserId();
	Interval	zero = {0};
	CtCatalogScope scope;
	int64		removed;
	int			unfinished;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("age of the runs to be removed must not be null")));
	if (DatumGetBool(DirectFunctionCall2(interval_lt, PG_GETARG_DATUM(0), IntervalPGetDatum(&zero))))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("age of the runs to be removed must not be negative"),
				 errhint("An interval of 0 removes all runs that have ended.")));
	PreventCommandIfReadOnly("ct_prune()");

	/* what crashed runs left behind, while it is still known */
	(void) ct_sandbox_sweep(true, &unfinished);

	ct_catalog_enter(&scope);
	removed = ct_catalog_run_prune(&scope, PG_GETARG_INTERVAL_P(0), caller,
								   has_privs_of_role(caller, GetUserId()));
	ct_catalog_leave(&scope);

	PG_RETURN_INT64(removed);
}
