/*
 * images_unit.c
 *		Pages taken and restored in one's own session, as a test says when.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "bgworker/explore/images.h"

static CtImages *images = NULL;

PG_FUNCTION_INFO_V1(images_take);
PG_FUNCTION_INFO_V1(images_restore);
PG_FUNCTION_INFO_V1(images_restored);

/* images_take(schema regnamespace, kilobytes int) returns bigint: bytes; NULL if it can't be */
Datum
images_take(PG_FUNCTION_ARGS)
{
	if (images != NULL)
		ct_images_free(images);
	images = ct_images_take(PG_GETARG_OID(0), (Size) PG_GETARG_INT32(1) * 1024);
	if (images == NULL)
		PG_RETURN_NULL();
	PG_RETURN_INT64((int64) ct_images_bytes(images));
}

/* images_restore(pin_timeout_ms int) returns bool */
Datum
images_restore(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ct_images_restore(images, PG_GETARG_INT32(0)));
}

/* images_restored() returns int: pages of the last one */
Datum
images_restored(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(ct_images_restored(images));
}
