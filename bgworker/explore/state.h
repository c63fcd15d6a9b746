/*
 * state.h
 *		The sandbox's tables at an execution's end: the same as another's?
 */
#ifndef CT_STATE_H
#define CT_STATE_H

#include "bgworker/leader.h"

typedef struct CtState CtState;

/*
 * Of all tables of the sandbox; with in_place of those that the leader names
 * (List of Oid).  Outside of a transaction, as all here; in the leader's
 * memory.
 */
extern CtState *ct_state_create(CtLeader *leader, List *relations);
extern void ct_state_free(CtState *state);

/* A digest of the tables' rows: the same rows, in whatever order, have the same one. */
extern uint64 ct_state_digest(CtState *state);

/*
 * Surrogates: values that differ between two executions of the same serial
 * order say nothing.  note: after the first one; disturb: before the second one,
 * with the state reset, moves each sequence on; leave_out: after it, compares,
 * and leaves the columns that differ out of digests from then on, but for which
 * of their values are null.  Returns their names, List of char *, "orders.id".
 */
extern void ct_state_note(CtState *state);
extern void ct_state_disturb(CtState *state);
extern List *ct_state_leave_out(CtState *state);

/* The rows, a line each, sorted, without surrogates but where these are null; cut at so many lines.  Palloc'd. */
extern char *ct_state_text(CtState *state, int lines);

#endif							/* CT_STATE_H */
