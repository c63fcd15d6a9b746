/*
 * conductor.h
 *		Runs an isolationtester spec.
 */
#ifndef CT_SPEC_CONDUCTOR_H
#define CT_SPEC_CONDUCTOR_H

#include "src/spec/spec.h"

/* called with each line that isolationtester would print, without its end */
typedef void (*CtSpecPut) (void *context, const char *line, int length);

/*
 * Runs the spec in sessions of its own, as the current role, in the current
 * database, and puts out what isolationtester prints.  What it executes stays.
 * Whatever happens, no session is left behind.
 *
 * Where isolationtester gives up, this raises an error: no slots for the
 * sessions, a setup that fails, a session that is gone when it should execute
 * something, steps that wait for each other's reports, a step that doesn't end
 * when it is cancelled.
 */
extern void ct_spec_conduct(CtSpec *spec, CtSpecPut put, void *context);

#endif							/* CT_SPEC_CONDUCTOR_H */
