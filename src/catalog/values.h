/*
 * values.h
 *		Values by the names of their columns, for statements on one row.
 */
#ifndef CT_VALUES_H
#define CT_VALUES_H

#include "utils/timestamp.h"

#include "src/catalog/row.h"

typedef struct CtValues
{
	CtRow		row;
	const char *names[CT_ROW_MAX];
} CtValues;

/* Each appends one; values begin as {0}. */
extern void ct_values_add(CtValues *values, const char *name, Oid type, Datum value, bool isnull);
extern void ct_values_int32(CtValues *values, const char *name, int32 value);
extern void ct_values_int64(CtValues *values, const char *name, int64 value);
extern void ct_values_bool(CtValues *values, const char *name, bool value);
extern void ct_values_text(CtValues *values, const char *name, const char *value);	/* NULL is null */
extern void ct_values_double(CtValues *values, const char *name, double value); /* NaN is null */
extern void ct_values_time(CtValues *values, const char *name, TimestampTz value);	/* 0 is null */

/* ---- within ct_catalog_enter and ct_catalog_leave; table: without schema ---- */

/* Inserts a row; returns its column of type bigint named by returning.  There are no values left. */
extern int64 ct_values_insert(CtValues *values, const char *table, const char *returning);

/*
 * Sets the columns in the row whose key, of type bigint, has that value; there
 * may be none.  There are no values left.
 */
extern void ct_values_update(CtValues *values, const char *table, const char *key, int64 value);

#endif							/* CT_VALUES_H */
