/*
 * version.h
 *		The library and what is installed in the database are of one version.
 *
 * After an update of the packages the database still has the functions and
 * tables of the former version, until ALTER EXTENSION.  They have other
 * parameters and columns than this library knows.
 */
#ifndef CT_VERSION_H
#define CT_VERSION_H

#include "fmgr.h"

/*
 * Raises 55000 unless the version that is installed is this library's; does
 * nothing if the extension isn't installed.
 */
extern void ct_version_check(void);

/*
 * Stands in the place of PG_FUNCTION_INFO_V1 for all that SQL calls: looks at
 * the version when the server looks the function up, that is, once a session
 * and before the first call.  No later than that, since what changes the
 * version makes other functions.
 */
#define CT_FUNCTION_INFO_V1(name) \
extern PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
extern PGDLLEXPORT const Pg_finfo_record *CppConcat(pg_finfo_, name)(void); \
const Pg_finfo_record * \
CppConcat(pg_finfo_, name)(void) \
{ \
	static const Pg_finfo_record info = {1}; \
	ct_version_check(); \
	return &info; \
} \
extern int no_such_variable

#endif							/* CT_VERSION_H */
