/*
 * settable.h
 *		Which variables can have a value at all.
 *
 * A variable that nothing can set is a typing error, which is found before a
 * run begins.  Known are names, and beginnings of names, for what a \gset puts
 * into variables isn't always told by the text of its query.
 */
#ifndef CT_SETTABLE_H
#define CT_SETTABLE_H

#include "nodes/pg_list.h"
#include "src/script/script.h"

typedef struct CtSettable CtSettable;

/* none yet; in the current memory context, as what is added */
extern CtSettable *ct_settable_create(void);
extern void ct_settable_add(CtSettable *settable, const char *name);

/* all names that begin like that, which is shorter than NAMEDATALEN */
extern void ct_settable_add_prefix(CtSettable *settable, const char *prefix);

/* what the script's \set, \gset and \aset assign; its symbols are those it was parsed with */
extern void ct_settable_add_script(CtSettable *settable, const CtScript *script,
								   const CtSymbols *symbols);

extern bool ct_settable_has(const CtSettable *settable, const char *name);

/* the names that are known, List of char * */
extern List *ct_settable_names(const CtSettable *settable);

#endif							/* CT_SETTABLE_H */
