/*
 * taker.h
 *		A destination of the executor's that hands rows to a CtRowTaker, as text.
 *
 * Private to the in-process session.
 */
#ifndef CT_TAKER_H
#define CT_TAKER_H

#include "tcop/dest.h"

#include "src/session/session.h"

/* In the current memory context; where there is no taker, rows are thrown away. */
extern DestReceiver *ct_taker_receiver(CtRowTaker taker, void *arg);

#endif							/* CT_TAKER_H */
