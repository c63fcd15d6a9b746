/*
 * args.h
 *		A function's arguments, by their names in SQL.
 *
 * Functions have up to twenty-odd named arguments, many of them in common but
 * in other places.  So they are asked for by name: an option of several
 * functions is read in one place, and adding one changes no number.
 */
#ifndef CT_ARGS_H
#define CT_ARGS_H

#include "fmgr.h"
#include "utils/array.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#define CT_ARGS_MAX		40

typedef struct CtArgs
{
	FunctionCallInfo fcinfo;
	int			n;
	char	   *names[CT_ARGS_MAX];
	bool		read[CT_ARGS_MAX];
} CtArgs;

/* The names are looked up in the catalog, and live in the current context. */
extern void ct_args_begin(CtArgs *args, FunctionCallInfo fcinfo);

/* Asserts that every argument was asked for: none can be given and be without effect. */
extern void ct_args_end(const CtArgs *args);

/* Is it given?  A function that hasn't got such an argument wasn't given it. */
extern bool ct_args_given(CtArgs *args, const char *name);

/* Values; what isn't given is NULL, or false. */
extern char *ct_args_text(CtArgs *args, const char *name);
extern ArrayType *ct_args_array(CtArgs *args, const char *name);
extern Jsonb *ct_args_jsonb(CtArgs *args, const char *name);
extern Interval *ct_args_interval(CtArgs *args, const char *name);
extern bool ct_args_flag(CtArgs *args, const char *name);

/* Raises ERRCODE_NULL_VALUE_NOT_ALLOWED, "WHAT must not be null". */
extern char *ct_args_text_required(CtArgs *args, const char *name, const char *what);

/* Returns whether it is given; *value is left alone where it isn't. */
extern bool ct_args_int(CtArgs *args, const char *name, int *value);
extern bool ct_args_bigint(CtArgs *args, const char *name, int64 *value);
extern bool ct_args_double(CtArgs *args, const char *name, double *value);
extern bool ct_args_seconds(CtArgs *args, const char *name, double *value);	/* an interval's */

#endif							/* CT_ARGS_H */
