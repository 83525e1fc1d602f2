/* ge_date_fuzz.c - a date of the GE server: what is read is read again as the
 * same, and the three ways of saying it agree. */
#include "fuzz.h"

#include "ge_date.h"

static void must_agree(const char *text, const char *instant)
{
	char again[GE_DATE_SIZE], day[GE_DATE_SIZE], form[GE_DATE_SIZE], same[GE_DATE_SIZE];

	must(strlen(instant) < GE_DATE_SIZE && strlen(instant) >= strlen("2026-02-02T13:12:00+05:30"));
	must(ge_date_instant(again, instant) == 0 && !strcmp(again, instant));
	must(ge_date_day(day, text) == 0 && strlen(day) == 10 && !strncmp(day, instant, 10));
	must(ge_date_day(same, instant) == 0 && !strcmp(same, day));
	must(ge_date_form(form, text) == 0 && strlen(form) == 10);
	must(!strncmp(form, day + 8, 2) && !strncmp(form + 3, day + 5, 2) && !strncmp(form + 6, day, 4));
	must(ge_date_day(same, form) == 0 && !strcmp(same, day));
	/* The midnight of a day is no later than any of its instants. */
	must(ge_date_instant(again, day) == 0 && strcmp(again, instant) <= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = text_of(bytes, len), instant[GE_DATE_SIZE], other[GE_DATE_SIZE];

	if (ge_date_instant(instant, text) == 0) {
		must_agree(text, instant);
	} else {
		must(!*instant);
		must(ge_date_day(other, text) < 0 && !*other);
		must(ge_date_form(other, text) < 0 && !*other);
	}
	free(text);
	return 0;
}
