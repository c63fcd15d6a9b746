/*
 * load.h
 *		A driver says which client goes on, and when; a worker asks its own.
 *
 * What there is loads the database: each client repeats scripts, at once or
 * when it has thought (closed loop), or by a schedule (open loop).
 */
#ifndef CT_LOAD_H
#define CT_LOAD_H

#include "bgworker/worker.h"

typedef struct CtDriver CtDriver;

struct CtDriver
{
	/*
	 * The client whose turn is next; NULL: all have done their share.  *due: it
	 * may go on from then on, in ns; where that is in the future, whoever has
	 * waited until then, or for less, asks again, for things may have changed.
	 */
	CtClient   *(*next) (CtDriver *self, uint64 *due);

	/* The client has gone on, since its turn had come: how far? */
	void		(*done) (CtDriver *self, CtClient *client, CtClientResult result);
};

/* The driver of a plan's load, for the worker's clients, from the gate on. */
extern CtDriver *ct_load_create(CtWorker *worker);

#endif							/* CT_LOAD_H */
