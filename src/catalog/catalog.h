/*
 * catalog.h
 *		Access to the extension's own tables; nothing else touches them.
 *
 * The tables belong to the extension's owner and nobody else may write them,
 * so every access runs between ct_catalog_enter and ct_catalog_leave: with
 * the owner's rights, a pinned search_path and an SPI connection.  Only SQL
 * that is spelled out in our source is executed in there, never a user's.
 */
#ifndef CT_CATALOG_H
#define CT_CATALOG_H

#include "executor/spi.h"
#include "utils/resowner.h"

typedef struct CtCatalogScope
{
	MemoryContext context;		/* that was current when it was entered, for SPI changes it */
	Oid			save_userid;
	int			save_sec_context;
	int			save_nestlevel;
	ResourceOwner save_owner;	/* NULL unless the locks go with the scope */
	ResourceOwner owner;
} CtCatalogScope;

/* In a transaction.  An ERROR in between is undone by the (sub)transaction's abort. */
extern void ct_catalog_enter(CtCatalogScope *scope);
extern void ct_catalog_leave(CtCatalogScope *scope);

/*
 * The same without the extension, which may be gone, and with the current
 * role's rights: for SPI on the server's own catalogs.
 */
extern void ct_catalog_enter_server(CtCatalogScope *scope);

/*
 * The same to read only: leaving gives back the locks on the tables that were
 * read, so that who then waits for a run doesn't hold up a DROP EXTENSION.
 */
extern void ct_catalog_enter_to_read(CtCatalogScope *scope);

/* The schema that the extension is in; raises if it isn't installed. */
extern Oid	ct_catalog_schema(void);

/*
 * Executes one statement; "@name" in it stands for a table or function of
 * the extension's schema.  The result is in SPI_tuptable and SPI_processed.
 * nulls as for SPI_execute_with_args, or NULL if nothing is null.
 */
extern void ct_catalog_execute(const char *sql, int nargs, Oid *types, Datum *values,
							   const char *nulls, bool read_only);

#endif							/* CT_CATALOG_H */
