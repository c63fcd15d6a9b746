/*
 * args.c
 *		A function's arguments, by their names in SQL.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_proc.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#include "api/args.h"
#include "src/plan/validate.h"

void
ct_args_begin(CtArgs *args, FunctionCallInfo fcinfo)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(fcinfo->flinfo->fn_oid));
	Datum		names;
	Datum		modes;
	bool		isnull;
	char	  **found = NULL;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", fcinfo->flinfo->fn_oid);
	memset(args, 0, sizeof(CtArgs));
	args->fcinfo = fcinfo;
	names = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proargnames, &isnull);
	if (!isnull)
	{
		modes = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proargmodes, &isnull);
		args->n = get_func_input_arg_names(names, isnull ? PointerGetDatum(NULL) : modes, &found);
	}
	ReleaseSysCache(tuple);
	if (args->n != fcinfo->nargs || args->n > CT_ARGS_MAX)
		elog(ERROR, "function %u has %d arguments, %d of them named",
			 fcinfo->flinfo->fn_oid, fcinfo->nargs, args->n);
	memcpy(args->names, found, args->n * sizeof(char *));
}

void
ct_args_end(const CtArgs *args)
{
	int			i;

	for (i = 0; i < args->n; i++)
		if (!args->read[i])
			elog(ERROR, "argument \"%s\" of function %u has no effect", args->names[i],
				 args->fcinfo->flinfo->fn_oid);
}

/* Its number, -1 unless the function has it and it isn't null. */
static int
args_find(CtArgs *args, const char *name)
{
	int			i;

	for (i = 0; i < args->n; i++)
	{
		if (args->names[i] == NULL || strcmp(args->names[i], name) != 0)
			continue;
		args->read[i] = true;
		return args->fcinfo->args[i].isnull ? -1 : i;
	}
	return -1;
}

bool
ct_args_given(CtArgs *args, const char *name)
{
	return args_find(args, name) >= 0;
}

char *
ct_args_text(CtArgs *args, const char *name)
{
	int			i = args_find(args, name);

	return i < 0 ? NULL : text_to_cstring(DatumGetTextPP(args->fcinfo->args[i].value));
}

char *
ct_args_text_required(CtArgs *args, const char *name, const char *what)
{
	char	   *text = ct_args_text(args, name);

	if (text == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", what)));
	return text;
}

ArrayType *
ct_args_array(CtArgs *args, const char *name)
{
	int			i = args_find(args, name);

	return i < 0 ? NULL : DatumGetArrayTypeP(args->fcinfo->args[i].value);
}

Jsonb *
ct_args_jsonb(CtArgs *args, const char *name)
{
	int			i = args_find(args, name);

	return i < 0 ? NULL : DatumGetJsonbP(args->fcinfo->args[i].value);
}

Interval *
ct_args_interval(CtArgs *args, const char *name)
{
	int			i = args_find(args, name);

	return i < 0 ? NULL : DatumGetIntervalP(args->fcinfo->args[i].value);
}

bool
ct_args_flag(CtArgs *args, const char *name)
{
	int			i = args_find(args, name);

	return i >= 0 && DatumGetBool(args->fcinfo->args[i].value);
}

bool
ct_args_int(CtArgs *args, const char *name, int *value)
{
	int			i = args_find(args, name);

	if (i >= 0)
		*value = DatumGetInt32(args->fcinfo->args[i].value);
	return i >= 0;
}

bool
ct_args_bigint(CtArgs *args, const char *name, int64 *value)
{
	int			i = args_find(args, name);

	if (i >= 0)
		*value = DatumGetInt64(args->fcinfo->args[i].value);
	return i >= 0;
}

bool
ct_args_double(CtArgs *args, const char *name, double *value)
{
	int			i = args_find(args, name);

	if (i >= 0)
		*value = DatumGetFloat8(args->fcinfo->args[i].value);
	return i >= 0;
}

bool
ct_args_seconds(CtArgs *args, const char *name, double *value)
{
	Interval   *interval = ct_args_interval(args, name);

	if (interval != NULL)
		*value = ct_interval_seconds(interval);
	return interval != NULL;
}
