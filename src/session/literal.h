/*
 * literal.h
 *		Values as SQL text: what they look like there, and of what type.
 */
#ifndef CT_LITERAL_H
#define CT_LITERAL_H

#include "lib/stringinfo.h"

#include "src/script/script.h"

/*
 * Is the value a number, such as a literal would be?  Not what would lose by
 * becoming one: leading zeros, the sign of a zero.  NULL is whatever it is
 * beside.
 */
extern bool ct_literal_is_number(const CtValue *value);

/* a type of character strings, or none */
extern bool ct_literal_is_text(Oid type);

/* the type that the value tells of itself, by its column or its looks; InvalidOid if it doesn't */
extern Oid	ct_literal_type(const CtValue *value);

/*
 * Appends the value, which is set, of the variable of that name, as what may
 * stand in its place (CT_PLACE_...).  Raises ERRCODE_INVALID_NAME for what
 * can't be a part of a name or number, or within dollar quotes.
 */
extern void ct_literal_append(StringInfo buf, const CtVarRef *ref, int place, const char *variable,
							  const CtValue *value);

#endif							/* CT_LITERAL_H */
