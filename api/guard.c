/*
 * guard.c
 *		What the guard of an exploration puts into a session's queries.
 */
#include "postgres.h"

#include "fmgr.h"

#include "bgworker/explore/guard.h"
#include "src/catalog/version.h"

CT_FUNCTION_INFO_V1(ct_guard_sequence_sql);

Datum
ct_guard_sequence_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_OID(ct_guard_sequence(PG_GETARG_OID(0)));
}
