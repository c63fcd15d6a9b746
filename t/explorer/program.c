/*
 * program.c
 *		Reads a program: a setup, sessions and checks.
 *
 * A file's sections begin with a line of their own, "-- setup", "-- session" or
 * "-- check"; what stands before the first one says what it is about.  Statements
 * end with a semicolon; quotes, dollar quotes and comments are the server's.
 */
#include "postgres_fe.h"

#include <ctype.h>

#include "explorer.h"

static char *
file_read(const char *file)
{
	FILE	   *in = fopen(file, "r");
	Text		text = {0};
	int			c;

	if (in == NULL)
		fatal("cannot read %s", file);
	while ((c = getc(in)) != EOF)
		text_add(&text, "%c", c);
	fclose(in);
	return text.data;
}

/* The length of what begins here and is no business of a statement's end. */
static size_t
opaque_length(const char *p)
{
	const char *end;
	size_t		n;

	if (strncmp(p, "--", 2) == 0)
		return strcspn(p, "\n");
	if (*p == '\'' || *p == '"')
	{
		end = strchr(p + 1, *p);
		return end ? (size_t) (end - p + 1) : strlen(p);
	}
	if (*p == '$')
	{
		char		tag[64];

		n = strspn(p + 1, "abcdefghijklmnopqrstuvwxyz_") + 2;
		if (p[n - 1] != '$' || n >= sizeof(tag))
			return 1;
		memcpy(tag, p, n);
		tag[n] = '\0';
		end = strstr(p + n, tag);
		return end ? end - p + n : strlen(p);
	}
	return 1;
}

static bool
begins_transaction(const char *sql)
{
	return (strncasecmp(sql, "BEGIN", 5) == 0 && !isalnum((unsigned char) sql[5])) ||
		strncasecmp(sql, "START TRANSACTION", 17) == 0;
}

static void
steps_read(Program *program, const char *text, const char *file)
{
	int			k = program->nsessions++;
	const char *start = text;
	const char *p = text;

	if (k >= MAX_SESSIONS)
		fatal("%s: more than %d sessions", file, MAX_SESSIONS);
	for (;;)
	{
		while (isspace((unsigned char) *start))
			start++;
		if (strncmp(start, "--", 2) == 0)
		{
			start += strcspn(start, "\n");
			continue;
		}
		if (*start == '\0')
			return;
		for (p = start; *p != ';' && *p != '\0';)
			p += opaque_length(p);
		{
			char	   *sql = strndup(start, p - start);
			int			n = program->nsteps[k];
			Step	   *last = n > 0 ? &program->steps[k][n - 1] : NULL;

			if (last && last->n == 1 && begins_transaction(last->sql[0]))
				last->sql[last->n++] = sql;
			else if (n < MAX_STEPS)
			{
				program->steps[k][n].sql[0] = sql;
				program->steps[k][n].n = 1;
				program->nsteps[k]++;
			}
			else
				fatal("%s: more than %d steps", file, MAX_STEPS);
		}
		if (*p == '\0')
			return;
		start = p + 1;
	}
}

Program *
program_read(const char *file)
{
	Program    *program = allocate(sizeof(Program));
	char	   *text = file_read(file);
	char	   *line = text;
	char	   *section = NULL;
	enum
	{
		ABOUT, SETUP, SESSION, CHECK
	}			kind = ABOUT;

	program->setup = strdup("");
	for (;;)
	{
		size_t		n = strcspn(line, "\n");
		int			next = -1;

		if (*line == '\0')
			next = ABOUT;
		else if (strncmp(line, "-- setup\n", n + 1) == 0)
			next = SETUP;
		else if (strncmp(line, "-- session\n", n + 1) == 0)
			next = SESSION;
		else if (strncmp(line, "-- check\n", n + 1) == 0)
			next = CHECK;
		if (next >= 0)
		{
			char		end = *line;

			*line = '\0';
			if (kind == SETUP)
			{
				free(program->setup);
				program->setup = strdup(section);
			}
			else if (kind == SESSION)
				steps_read(program, section, file);
			else if (kind == CHECK && program->nchecks < MAX_CHECKS)
				program->checks[program->nchecks++] = strdup(section);
			if (end == '\0')
				break;
			kind = next;
			section = line + n + 1;
		}
		line += line[n] == '\0' && next < 0 ? n : n + 1;
	}
	free(text);
	program->functions = strcasestr(program->setup, "FUNCTION") || strcasestr(program->setup, "PROCEDURE");
	if (program->nsessions < 2)
		fatal("%s: fewer than two sessions", file);
	return program;
}

void
program_free(Program *program)
{
	for (int k = 0; k < program->nsessions; k++)
		for (int i = 0; i < program->nsteps[k]; i++)
			for (int j = 0; j < program->steps[k][i].n; j++)
				free(program->steps[k][i].sql[j]);
	for (int i = 0; i < program->nchecks; i++)
		free(program->checks[i]);
	free(program->setup);
	free(program);
}
