/* ge_sim_main.c - the GE simulator's options: ge_sim --help. */
#include "ge_sim.h"

#include <getopt.h>
#include <stdio.h>

#include "ge_request.h"

static const char help[] =
	"usage: ge_sim [options]\n"
	"\n"
	"Plays the GE server (POST <any path>?requestType=...) for tests, demos and benchmarks.\n"
	"\n"
	"  --listen ADDR:PORT  where to listen; port 0 is a free one      (127.0.0.1:0)\n"
	"  --port-file FILE    write the port there once it listens\n"
	"  --control-port-file FILE  the same for a second port, which stays when GE refuses\n"
	"  --data FILE         JSON: licence number -> entry, or entries with a \"license\"\n"
	"  --generate          licences not in the data get a reply made from their number;\n"
	"                      without it they are answered \"No Record Found\"\n"
	"  --latency-ms N[-M]  time to an answer, evenly between N and M  (0)\n"
	"  --session S         the JSESSIONID that is logged in           (any)\n"
	"  --csrf C            the _csrf that belongs to it               (any)\n"
	"  --app-id ID         the appId that is expected                 (" GE_APP_ID ")\n"
	"  --awsalb            set the cookie AWSALB; a connection that has one must bring it\n"
	"                      back, or comes to a node that does not know its session\n"
	"  --days JSON         {\"503\": 0.1, ...}: bad days that any request may have, and how often\n"
	"  --gzip              compress answers for who accepts it\n"
	"  --log FILE          append one line per request\n"
	"  --help              this\n"
	"\n"
	"An entry: {\"date\": \"2025-01-15\", \"iec\": \"9900000001\", \"reply\": {...}}; date and iec are\n"
	"compared with the request where they are given. Also: \"status\": 503, \"headers\": {\"Name\": \"value\"},\n"
	"\"body\": \"raw text\" instead of a reply, \"delay_ms\": N, \"hold\": true (until released),\n"
	"\"day\": \"reset\", a bad day, and \"times\": N, for so many requests and no more.\n"
	"\n"
	"A wrong request is answered 400 and why, another session or _csrf with a login page.\n"
	"\n"
	"While it runs:\n"
	"  GET  /_control/stats[?brief]       counts, of each bad day too; concurrency in all and per licence\n"
	"  GET  /_control/requests            the last 65536: [[unix ms, licence, good|bad|expired|DAY], ...]\n"
	"  POST /_control/reset               counts from zero\n"
	"  POST /_control/license/<no>        the body replaces this licence's entry; null: unknown\n"
	"  POST /_control/licenses            the same for many: {\"<no>\": entry, ...}\n"
	"  POST /_control/days                {\"503\": 0.1, \"reset\": 0.05}: replaces all rates; {} ends them\n"
	"  POST /_control/hold                all answers wait from now on; stats has \"waiting\"\n"
	"  POST /_control/release[/<no>]      what waits is answered; without <no> also ends hold\n"
	"  POST /_control/latency?ms=N[-M]\n"
	"  POST /_control/session             {\"session\": \"S\", \"csrf\": \"C\"}: who is logged in now\n"
	"  POST /_control/expire[?after=N][&page=login|redirect|401|403]\n"
	"                                     after N good requests nobody is, until the next session\n"
	"  POST /_control/awsalb?on=1|0       --awsalb from now on\n"
	"  POST /_control/refuse[?ms=N]       listens no more: connections are reset and refused, for N ms\n"
	"  POST /_control/listen              listens again (ask by the other port)\n"
	"\n"
	"Bad days:\n";

static void print_help(void)
{
	fputs(help, stdout);
	for (size_t i = 0; i < ge_sim_days_count; i++)
		printf("  %-18s %s\n", ge_sim_days[i].name, ge_sim_days[i].what);
	puts("\nTERM ends it.");
}

static int usage(const char *what)
{
	fprintf(stderr, "ge_sim: %s; see ge_sim --help\n", what);
	return 2;
}

static int copy(char *out, size_t size, const char *text)
{
	return (size_t)snprintf(out, size, "%s", text) < size ? 0 : -1;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "listen", required_argument, NULL, 'l' }, { "port-file", required_argument, NULL, 'p' },
		{ "control-port-file", required_argument, NULL, 'P' }, { "awsalb", no_argument, NULL, 'w' },
		{ "days", required_argument, NULL, 'D' }, { "data", required_argument, NULL, 'd' }, { "generate", no_argument, NULL, 'g' },
		{ "latency-ms", required_argument, NULL, 'm' }, { "session", required_argument, NULL, 's' },
		{ "csrf", required_argument, NULL, 'c' }, { "app-id", required_argument, NULL, 'a' },
		{ "gzip", no_argument, NULL, 'z' }, { "log", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	struct ge_sim_options o = { .listen = "127.0.0.1:0", .rules.app_id = GE_APP_ID };
	int opt;

	while ((opt = getopt_long(argc, argv, "", longs, NULL)) >= 0) {
		int rc = 0;

		switch (opt) {
		case 'l': o.listen = optarg; break;
		case 'p': o.port_file = optarg; break;
		case 'P': o.control_port_file = optarg; break;
		case 'w': o.awsalb = true; break;
		case 'D': o.days = optarg; break;
		case 'd': o.data = optarg; break;
		case 'g': o.generate = true; break;
		case 'z': o.gzip = true; break;
		case 'o': o.log = optarg; break;
		case 'm': rc = ge_sim_parse_latency(optarg, &o.latency_min, &o.latency_max); break;
		case 's': rc = copy(o.rules.session, sizeof(o.rules.session), optarg); break;
		case 'c': rc = copy(o.rules.csrf, sizeof(o.rules.csrf), optarg); break;
		case 'a': rc = copy(o.rules.app_id, sizeof(o.rules.app_id), optarg); break;
		case 'h': print_help(); return fflush(stdout) ? 1 : 0;
		default: return 2;      /* getopt has said why */
		}
		if (rc)
			return usage("--latency-ms wants N or N-M up to 3600000, texts have up to 255 characters");
	}
	if (optind < argc)
		return usage("there are no arguments but options");
	return ge_sim_serve(&o);
}
