/*
 * characters.c
 *		Text of the database's encoding as characters of Unicode, for formats that
 *		write those that aren't ASCII as references, and so mean the same in
 *		whichever encoding a client saves them.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "mb/pg_wchar.h"

#include "src/report/report.h"

/* UTF-8, whatever is wrong with it */
static void
characters_utf8(StringInfo buf, const unsigned char *p, int len, CtPutCharacter put)
{
	const unsigned char *end = p + len;

	while (p < end)
	{
		int			n = *p < 0x80 ? 0 : *p < 0xc2 ? -1 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : *p < 0xf5 ? 3 : -1;
		uint32		c = n <= 0 ? *p : *p & (0x3f >> n);

		p++;
		if (n < 0)
			c = CT_REPLACEMENT;
		for (; n > 0; n--)
		{
			if (p == end || (*p & 0xc0) != 0x80)
			{
				c = CT_REPLACEMENT;
				break;
			}
			c = (c << 6) | (*p++ & 0x3f);
		}
		put(buf, c);
	}
}

/* Another encoding, a character at a time: what one of them has no equivalent for is its own loss. */
static void
characters_converted(StringInfo buf, const char *text, CtPutCharacter put)
{
	int			encoding = GetDatabaseEncoding();
	Oid			proc = InvalidOid;
	int			len = strlen(text);

	if (encoding != PG_SQL_ASCII)
		proc = FindDefaultConversionProc(encoding, PG_UTF8);
	while (len > 0)
	{
		unsigned char utf8[MAX_CONVERSION_GROWTH * MAX_MULTIBYTE_CHAR_LEN + 1];
		int			length = Min(encoding == PG_SQL_ASCII ? 1 : pg_mblen(text), len);

		if (!IS_HIGHBIT_SET(*text))
			put(buf, (unsigned char) *text);
		else if (OidIsValid(proc) &&
				 pg_do_encoding_conversion_buf(proc, encoding, PG_UTF8, (unsigned char *) unconstify(char *, text),
											   length, utf8, sizeof(utf8), true) == length)
			characters_utf8(buf, utf8, strlen((char *) utf8), put);
		else
			put(buf, CT_REPLACEMENT);
		text += length;
		len -= length;
	}
}

void
ct_put_characters(StringInfo buf, const char *text, CtPutCharacter put)
{
	int			len = strlen(text);

	/* where nobody knows the encoding, what looks like UTF-8 hardly ever is anything else */
	if (GetDatabaseEncoding() == PG_UTF8 ||
		(GetDatabaseEncoding() == PG_SQL_ASCII && pg_verify_mbstr(PG_UTF8, text, len, true)))
		characters_utf8(buf, (const unsigned char *) text, len, put);
	else
		characters_converted(buf, text, put);
}
