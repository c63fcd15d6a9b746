/*
 * slot.h
 *		What a worker counts by name: outcomes, tallies and errors.
 *
 * A slot has room for a fixed number of names each.  When it is used up, what
 * is new goes under the name "other", so that sums stay right and a run
 * doesn't end because of a label that was made from data.
 */
#ifndef CT_SLOT_H
#define CT_SLOT_H

#include "bgworker/shm/shared.h"

#define CT_OTHER_LABEL	"other"
#define CT_OTHER_SQLSTATE	MAKE_SQLSTATE('C', 'T', '0', '0', '0')

/* Returns which entry it is counted in. */
extern int	ct_slot_outcome(CtSlot *slot, int script, const char *label);
extern void ct_slot_tally(CtSlot *slot, const char *name, const CtTally *said);

/* command: index of the one that raised it, as in CtSlotError */
extern void ct_slot_error(CtSlot *slot, int script, int command, const ErrorData *edata,
						  CtErrorHandling handling);

/* What is in the slot's stream is to be read now, or soon. */
extern void ct_slot_ask_to_read(CtSlot *slot);

#endif							/* CT_SLOT_H */
