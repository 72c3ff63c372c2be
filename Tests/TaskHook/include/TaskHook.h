#ifndef TASK_HOOK_H
#define TASK_HOOK_H

/// Gives every piece of work of every task of this process to `take`, in place of the threads of Swift's
/// runtime. A task that sleeps by the system's clock ends the process.
///
/// To be called before the first task begins.
void task_hook_take_work(void (*take)(void *job));

#endif
