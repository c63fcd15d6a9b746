/*
 * reset.h
 *		Brings the sandbox back to what it was when the first execution began.
 *
 * Mostly by page images (images.c): pages that differ are copied back.  Where that
 * can't be, the sandbox is emptied and set up anew; with in_place, the user's
 * reset script is executed instead.
 */
#ifndef CT_RESET_H
#define CT_RESET_H

#include "bgworker/leader.h"

typedef struct CtReset CtReset;

/*
 * Takes the state as it is now.  Outside of a transaction, no session being in
 * one.  In the leader's memory.
 */
extern CtReset *ct_reset_create(CtLeader *leader);

/*
 * Back to that state.  ddl: since then more than rows may have changed.  The
 * sessions must have no transaction open, and hold nothing; raises where a
 * lock can't be had in time, with who has it.  Outside of a transaction.
 */
extern void ct_reset_restore(CtReset *reset, bool ddl);

/* Takes the state anew: there are new tables. */
extern void ct_reset_retake(CtReset *reset);

/*
 * What setup doesn't make: called to make it again, outside of a transaction,
 * once the sandbox has been emptied and setup executed.
 */
extern void ct_reset_remake(CtReset *reset, void (*remake) (CtLeader *leader));

/* "page images", "the setup", "the reset script": how it is done, for who reads of it. */
extern const char *ct_reset_method(const CtReset *reset);

/* A sentence about why it isn't done by page images; NULL if it is, or nothing else was asked for. */
extern const char *ct_reset_note(const CtReset *reset);

/* has the last restore made relations anew, so that states are to be prepared again? */
extern bool ct_reset_rebuilt(const CtReset *reset);

#endif							/* CT_RESET_H */
