/*
 * define.h
 *		Defining scenarios, for the functions that SQL calls.
 */
#ifndef CT_DEFINE_H
#define CT_DEFINE_H

#include "api/args.h"
#include "src/catalog/definition.h"
#include "src/plan/plan.h"

/*
 * Each validates what it is given, checks that the current role may, and
 * writes it.  Raises ERRCODE_DUPLICATE_OBJECT for what is there already.
 * replace: in the place of the scenario that has this name.
 */
extern void ct_define_scenario(CtScenarioDefinition *definition, bool replace);
extern void ct_define_script(const char *scenario, const CtScriptDefinition *script);
extern void ct_define_check(const char *scenario, const CtCheckDefinition *check);

/* what the functions that create a scenario have in common */
extern void ct_define_read_args(CtArgs *args, CtScenarioDefinition *definition);

/* Raises unless definitions can be written here and now; function is its name in SQL. */
extern void ct_define_begin(const char *function);

/*
 * Locks a scenario's row until the transaction's end.  Raises unless the role
 * may change the scenario; to be called within the catalog, as those below.
 */
extern void ct_define_lock(CtCatalogScope *scope, const char *scenario, Oid role);

/*
 * The scenario's scripts, phases and expected errors as a plan, no matter of
 * which variant; with a variant, those that it has.
 */
extern CtPlan *ct_define_names(CtCatalogScope *scope, const char *scenario, const char *variant);

/*
 * Raises for a threshold that is of a script, outcome or phase by a name that
 * two things have by now, and for a phase that has the name of something else.
 */
extern void ct_define_check_thresholds(CtCatalogScope *scope, const char *scenario);

#endif							/* CT_DEFINE_H */
