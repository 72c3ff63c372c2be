#include "TaskHook.h"

#include <stdio.h>
#include <stdlib.h>

#define SWIFT_CALL __attribute__((swiftcall))

typedef SWIFT_CALL void (*enqueue_function)(void *job);

// Variables of Swift's runtime that take the place of its own executor (swift/Runtime/Concurrency.h).
extern SWIFT_CALL void (*swift_task_enqueueGlobal_hook)(void *job, enqueue_function original);
extern SWIFT_CALL void (*swift_task_enqueueGlobalWithDelay_hook)(
    unsigned long long delay, void *job, void *original);
extern SWIFT_CALL void (*swift_task_enqueueGlobalWithDeadline_hook)(
    long long seconds, long long nanoseconds, long long tolerance_seconds,
    long long tolerance_nanoseconds, int clock, void *job, void *original);

static void (*take_job)(void *job);

static SWIFT_CALL void enqueue(void *job, enqueue_function original) {
    (void)original;
    take_job(job);
}

static void refuse_to_sleep(void) {
    fputs("a task sleeps by the system's clock\n", stderr);
    abort();
}

static SWIFT_CALL void enqueue_with_delay(unsigned long long delay, void *job, void *original) {
    (void)delay, (void)job, (void)original;
    refuse_to_sleep();
}

static SWIFT_CALL void enqueue_with_deadline(
    long long seconds, long long nanoseconds, long long tolerance_seconds,
    long long tolerance_nanoseconds, int clock, void *job, void *original) {
    (void)seconds, (void)nanoseconds, (void)tolerance_seconds, (void)tolerance_nanoseconds;
    (void)clock, (void)job, (void)original;
    refuse_to_sleep();
}

void task_hook_take_work(void (*take)(void *job)) {
    take_job = take;
    swift_task_enqueueGlobal_hook = enqueue;
    swift_task_enqueueGlobalWithDelay_hook = enqueue_with_delay;
    swift_task_enqueueGlobalWithDeadline_hook = enqueue_with_deadline;
}
