/*
 * images.h
 *		A schema's pages as they were once, and how they come back.
 */
#ifndef CT_IMAGES_H
#define CT_IMAGES_H

typedef struct CtImages CtImages;

/*
 * Takes the pages of all tables, materialized views, indexes and sequences of a
 * schema, and of what belongs to them.  NULL if they are more than limit bytes,
 * or of a kind that isn't stored as the server's own.  Also keeps autovacuum
 * off these tables.  In a transaction, which is to be committed; waits for
 * their locks as lock_timeout says, keeps them until the transaction's end.
 * In memory of its own.
 */
extern CtImages *ct_images_take(Oid schema, Size limit);

/*
 * Copies back what has changed since.  Nobody may have a transaction open that
 * has touched these tables; who reads them from elsewhere is waited for, for a
 * lock as lock_timeout says, for a page that it has pinned as long as
 * pin_timeout_ms says, then this raises ERRCODE_LOCK_NOT_AVAILABLE.  False if a
 * relation isn't the one that it was: dropped, truncated, rewritten, vacuumed,
 * analyzed; then all is to be made anew.  In a transaction, at whose end others
 * may go on.
 */
extern bool ct_images_restore(CtImages *images, int pin_timeout_ms);

extern void ct_images_free(CtImages *images);

/* bytes of pages, and how many of them the last ct_images_restore copied back or cut off */
extern Size ct_images_bytes(const CtImages *images);
extern int	ct_images_restored(const CtImages *images);

#endif							/* CT_IMAGES_H */
