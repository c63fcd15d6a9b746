/*
 * spec.c
 *		ct_run_spec: an isolationtester spec, in sessions of its own.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "bgworker/caller.h"
#include "bgworker/spec/conductor.h"
#include "src/catalog/version.h"

CT_FUNCTION_INFO_V1(ct_run_spec);

static void
spec_put_line(void *context, const char *line, int length)
{
	ReturnSetInfo *rsinfo = context;
	text	   *value = cstring_to_text_with_len(line, length);
	Datum		datum = PointerGetDatum(value);
	bool		isnull = false;

	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &datum, &isnull);
	pfree(value);
}

/* ct_run_spec(spec) */
Datum
ct_run_spec(PG_FUNCTION_ARGS)
{
	ct_call_check("ct_run_spec()");
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("ct_run_spec(): spec must not be null")));
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	ct_spec_conduct(ct_spec_parse(text_to_cstring(PG_GETARG_TEXT_PP(0))), spec_put_line,
					fcinfo->resultinfo);
	return (Datum) 0;
}
