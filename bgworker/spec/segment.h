/*
 * segment.h
 *		The shared memory of a spec under way: what each session needs to begin,
 *		and a queue in each direction.
 */
#ifndef CT_SPEC_SEGMENT_H
#define CT_SPEC_SEGMENT_H

#include "storage/dsm.h"
#include "storage/shm_mq.h"

/* written by the conductor before the first session is started */
typedef struct CtSpecShared
{
	Oid			database;
	Oid			role;			/* whom the sessions connect as */
	int			nsessions;
	char		application_name[NAMEDATALEN];	/* the caller's */
} CtSpecShared;

/* Makes one for so many sessions, as the current role, in the current resource owner. */
extern dsm_segment *ct_spec_segment_create(int nsessions);

/* Raises if it isn't one. */
extern CtSpecShared *ct_spec_shared(dsm_segment *segment);

/* What a session executes, and what it answers; number from 0. */
extern shm_mq *ct_spec_queue_to(dsm_segment *segment, int number);
extern shm_mq *ct_spec_queue_from(dsm_segment *segment, int number);

#endif							/* CT_SPEC_SEGMENT_H */
