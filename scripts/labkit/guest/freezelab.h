/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of freezelab share: it drives framefreeze in a guest, and checks what it says. */
#ifndef FREEZELAB_H
#define FREEZELAB_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "framefreeze_abi.h"

#define WORKERS 2
#define GETPPID 110
#define GETUID 102

/* freezelab.c: a fact is a line of the result, a failure ends the run. */
void fact(const char *key, __u64 value);
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);
double seconds(void);
void nap(unsigned int milliseconds);
extern unsigned int past_fentry;

/* freezelab_module.c */
struct ring {
	struct framefreeze_header header;
	uint8_t *records; /* header.record_count of header.record_size bytes */
};

void load(const char *parameters);
int try_load(const char *parameters); /* an errno, or 0 */
int try_insert(const char *path, const char *parameters);
int try_unload(void);
void unload(void);
int try_tell(char *reason, size_t size, const char *command); /* an errno, or 0 */
__attribute__((format(printf, 1, 2))) void tell(const char *format, ...);
void wait_for_optimiser(unsigned int slot);
void read_header(struct framefreeze_header *header);
void read_ring(struct ring *ring); /* its records are reused from call to call */
bool read_ring_from(int fd, struct ring *ring); /* false: the module is gone */
const struct framefreeze_record *record_at(const struct ring *ring, unsigned int slot);
void write_file(const char *path, const char *text);
long find_in_file(const char *path, const char *line_start, const char *format);
void scan_log(void); /* fails on what the kernel should not have said */

/* freezelab_work.c: threads that call getppid and getuid, each call with a stamp of its own */
struct worker {
	volatile __u64 calls; /* of each of the two */
	volatile pid_t tid;
};

extern struct worker workers[WORKERS];
long stamped(long number, __u64 stamp);
__u64 stamp_of(unsigned int worker, __u64 call);
void start_workers(__u64 calls); /* of each worker; 0: until they are stopped */
void stop_workers(void);
void join_workers(void);

/* freezelab_check.c */
bool is_whole(const struct framefreeze_record *record);
void check_record(const struct ring *ring, const struct framefreeze_record *record);
void check_sums(const struct framefreeze_header *header);

/* What freezelab can be asked for. */
void do_count(void);
void do_filters(void);
void do_storm(double duration);
void do_churn(double duration);
void do_reload(double duration);
void do_refuse(void);
void do_hold(void);
void do_show(void);
void do_cost(void);
void do_realtime(void);
void do_gone(double duration);
void do_lockdown(void);

#endif
