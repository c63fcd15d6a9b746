/*
 * member.h
 *		Members of the JSON objects that users write: phases, classes, lock_hold.
 *
 * of is whose member it is, for messages: 'phase 2', 'a class', 'lock_hold'.
 * Raises ERRCODE_INVALID_PARAMETER_VALUE for a value of another type.
 */
#ifndef CT_MEMBER_H
#define CT_MEMBER_H

#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "src/base/ct_compat.h"

/* a key, or another string; palloc'd */
extern char *ct_member_string(const JsonbValue *value);

extern char *ct_member_text(const char *of, const char *member, const JsonbValue *value);

/* what is out of a double's range is infinite */
extern double ct_member_number(const char *of, const char *member, const JsonbValue *value);

/* from an interval's text; what is wrong with that has the member as its context */
extern Interval *ct_member_interval(const char *of, const char *member, const JsonbValue *value);

/* '"MEMBER" of OF must be EXPECTED' */
ct_noreturn extern void ct_member_wrong_type(const char *of, const char *member, const char *expected);

/* A hint for a member that isn't among the n that there are; look: where to look, or NULL. */
extern char *ct_member_hint(const char *member, const char *const *members, int n, const char *look);

#endif							/* CT_MEMBER_H */
