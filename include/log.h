/* log.h - one line per event, on stderr, greppable.
 *
 * text:  2026-11-23T09:43:00.123Z info  job=7f3 licence=0310837893 outcome=done
 * json:  {"at":"...","level":"info","msg":"job=7f3 ..."}
 *
 * A message is key=value pairs or a plain sentence; a secret never reaches
 * one. Control characters are escaped, so one event is always one line. */
#ifndef GESYNC_LOG_H
#define GESYNC_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

void log_setup(enum log_level least, bool json);
bool log_enabled(enum log_level level);
void log_at(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define log_debug(...) (log_enabled(LOG_LEVEL_DEBUG) ? log_at(LOG_LEVEL_DEBUG, __VA_ARGS__) : (void)0)
#define log_info(...)  log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_error(...) log_at(LOG_LEVEL_ERROR, __VA_ARGS__)

#endif
