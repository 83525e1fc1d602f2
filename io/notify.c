/* notify.c - sd_notify: messages to the socket that systemd names. */
#include "notify.h"

#include <systemd/sd-daemon.h>

void notify_works(void)
{
	static bool ready;

	sd_notify(0, ready ? "WATCHDOG=1" : "READY=1\nWATCHDOG=1");
	ready = true;
}

void notify_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}
