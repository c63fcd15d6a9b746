/*
 * text.c
 *		Texts that grow, and how the explorer ends when it can't go on.
 */
#include "postgres_fe.h"

#include "explorer.h"

void
fatal(const char *format,...)
{
	va_list		args;

	fprintf(stderr, "explorer: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	sessions_continue();
	exit(1);
}

/* Zeroed. */
void *
allocate(size_t size)
{
	void	   *memory = calloc(1, size);

	if (memory == NULL)
		fatal("out of memory");
	return memory;
}

void
text_add(Text *text, const char *format,...)
{
	for (;;)
	{
		size_t		room = text->size - text->len;
		va_list		args;
		int			n;

		va_start(args, format);
		n = vsnprintf(text->data ? text->data + text->len : NULL, room, format, args);
		va_end(args);
		if ((size_t) n < room)
		{
			text->len += n;
			return;
		}
		text->size = 2 * text->size + n + 64;
		text->data = realloc(text->data, text->size);
		if (text->data == NULL)
			fatal("out of memory");
	}
}

void
text_reset(Text *text)
{
	text->len = 0;
	if (text->data)
		text->data[0] = '\0';
}

/* FNV-1a */
uint64_t
text_hash(const char *data, size_t len)
{
	uint64_t	hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char) data[i]) * UINT64_C(1099511628211);
	return hash;
}
