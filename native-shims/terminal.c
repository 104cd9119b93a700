// SPDX-License-Identifier: MIT
/*
 * The terminal's guard: a process that puts the terminal back when we are gone, however we went,
 * also by SIGKILL or SIGSEGV, where nothing of ours runs any more.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "tsvmm.h"

/* The guard: waits until nobody holds the other end of the pipe. Only async-signal-safe calls. */
static void stand_guard(int pipe_fd, int tty, const struct termios *saved)
{
	sigset_t all;
	char byte;

	/* SIGTTOU too: by then we may be in the background, where tcsetattr would stop us. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	/* By way of numbers that are neither 0 nor 1, as each of the two may be. */
	pipe_fd = fcntl(pipe_fd, F_DUPFD, 3);
	tty = fcntl(tty, F_DUPFD, 3);
	if (dup2(pipe_fd, 0) < 0 || dup2(tty, 1) < 0)
		_exit(1);
	/* What else is open belongs to others, who wait for its end. */
	syscall(SYS_close_range, 2U, ~0U, 0U);
	while (read(0, &byte, 1) == -1 && errno == EINTR)
		;
	tcsetattr(1, TCSANOW, saved);
	_exit(0);
}

/*
 * Contract: remembers how the terminal is set, and has it set so again when tsvmm_terminal_release
 *           is called or this process ends. To be called while no guest's memory is mapped: a fork
 *           would have KVM take every page of it anew.
 * Returns:  0, with the guard's process and the file descriptor that keeps it waiting in `guard`; or
 *           -errno.
 * Why in C: (a), and fork
 */
int64_t tsvmm_terminal_guard(int tty, int32_t *guard)
{
	struct termios saved;
	int fds[2];
	pid_t pid;

	if (tcgetattr(tty, &saved) || pipe2(fds, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid == 0) {
		close(fds[1]);
		stand_guard(fds[0], tty, &saved);
	}
	close(fds[0]);
	if (pid < 0) {
		int error = errno;

		close(fds[1]);
		return -error;
	}
	guard[0] = pid;
	guard[1] = fds[1];
	return 0;
}

/*
 * Contract: has the guard put the terminal back, and waits until it has; that takes no time.
 * Returns:  0 or -errno.
 * Why in C: (a)
 */
int64_t tsvmm_terminal_release(int32_t pid, int32_t fd)
{
	close(fd);
	while (waitpid(pid, NULL, 0) == -1)
		if (errno != EINTR)
			return -errno;
	return 0;
}
