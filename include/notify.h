/* notify.h - tells systemd how the service is (Type=notify, WatchdogSec=). Does
 * nothing where no systemd asks for it. */
#ifndef GESYNC_NOTIFY_H
#define GESYNC_NOTIFY_H

#include <stdbool.h>

/* It works: READY the first time, and the watchdog is fed. To be called whenever
 * that has been seen, and never by a timer alone. */
void notify_works(void);
void notify_stopping(void);

#endif
