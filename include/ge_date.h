/* ge_date.h - the dates of the GE server (DOMAIN.md section 3).
 *
 * Read are `yyyy-mm-dd` and `dd/mm/yyyy`, alone or followed by blanks or a T
 * and a time `hh:mm[:ss[.fraction]]`, that by a zone `Z`, `+hh`, `+hhmm` or
 * `+hh:mm`. All numbers but the year may lack their leading zero. What names no
 * zone is Indian time (+05:30). Blanks around are ignored; whatever else
 * is there, or a day which the calendar does not have, makes a date
 * unreadable. */
#ifndef GESYNC_GE_DATE_H
#define GESYNC_GE_DATE_H

#define GE_DATE_SIZE 36         /* "2026-02-02T13:12:00.123456+05:30" and its NUL */

/* text becomes an instant in Indian time: "2026-02-02T13:12:00+05:30", with a
 * fraction only where it is not zero (microseconds; what is finer is dropped).
 * Equal instants give equal texts and strcmp() puts them in order. A plain date
 * is its midnight. Returns 0, or -1 if unreadable: out is then "". */
int ge_date_instant(char out[GE_DATE_SIZE], const char *text);

/* text becomes the day it is then in India: "2026-02-02". Same result codes. */
int ge_date_day(char out[GE_DATE_SIZE], const char *text);

/* text becomes the day as the GE server's forms want it: "02/02/2026". Same
 * result codes. */
int ge_date_form(char out[GE_DATE_SIZE], const char *text);

#endif
