/*
 * segment.c
 *		The shared memory of a spec under way.
 *
 * Key 0 is what all share, then each session has two queues.  Whoever is left
 * at a queue's other end when one detaches, by dying too, is woken and told.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/shm_toc.h"
#include "utils/guc.h"

#include "bgworker/spec/segment.h"
#include "src/base/text.h"

#define SEGMENT_MAGIC	0x63745350

#define KEY_SHARED			0
#define KEY_TO(number)		(1 + 2 * (uint64) (number))
#define KEY_FROM(number)	(2 + 2 * (uint64) (number))

/* SQL is read as it comes, answers when the conductor looks */
#define QUEUE_TO_SIZE		((Size) 8 * 1024)
#define QUEUE_FROM_SIZE		((Size) 64 * 1024)

dsm_segment *
ct_spec_segment_create(int nsessions)
{
	shm_toc_estimator estimator;
	dsm_segment *segment;
	shm_toc    *toc;
	CtSpecShared *shared;
	Size		size;
	int			i;

	shm_toc_initialize_estimator(&estimator);
	shm_toc_estimate_chunk(&estimator, sizeof(CtSpecShared));
	for (i = 0; i < nsessions; i++)
	{
		shm_toc_estimate_chunk(&estimator, QUEUE_TO_SIZE);
		shm_toc_estimate_chunk(&estimator, QUEUE_FROM_SIZE);
	}
	shm_toc_estimate_keys(&estimator, 1 + 2 * nsessions);
	size = shm_toc_estimate(&estimator);
	segment = dsm_create(size, 0);
	toc = shm_toc_create(SEGMENT_MAGIC, dsm_segment_address(segment), size);

	shared = shm_toc_allocate(toc, sizeof(CtSpecShared));
	shared->database = MyDatabaseId;
	shared->role = GetUserId();
	shared->nsessions = nsessions;
	ct_copy_text(shared->application_name, application_name, NAMEDATALEN);
	shm_toc_insert(toc, KEY_SHARED, shared);
	for (i = 0; i < nsessions; i++)
	{
		shm_toc_insert(toc, KEY_TO(i),
					   shm_mq_create(shm_toc_allocate(toc, QUEUE_TO_SIZE), QUEUE_TO_SIZE));
		shm_toc_insert(toc, KEY_FROM(i),
					   shm_mq_create(shm_toc_allocate(toc, QUEUE_FROM_SIZE), QUEUE_FROM_SIZE));
	}
	return segment;
}

static void *
segment_find(dsm_segment *segment, uint64 key)
{
	shm_toc    *toc = shm_toc_attach(SEGMENT_MAGIC, dsm_segment_address(segment));

	if (toc == NULL)
		elog(ERROR, "not the shared memory of a spec");
	return shm_toc_lookup(toc, key, false);
}

CtSpecShared *
ct_spec_shared(dsm_segment *segment)
{
	return segment_find(segment, KEY_SHARED);
}

shm_mq *
ct_spec_queue_to(dsm_segment *segment, int number)
{
	return segment_find(segment, KEY_TO(number));
}

shm_mq *
ct_spec_queue_from(dsm_segment *segment, int number)
{
	return segment_find(segment, KEY_FROM(number));
}
