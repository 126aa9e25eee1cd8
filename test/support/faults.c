/*
 * Makes system calls fail on purpose: built by test/support/faults.ts, loaded with LD_PRELOAD. The file that SLOTH_FAULTS
 * names says which, a rule a line; it may change while the process runs:
 *
 *   CALL END ERRNO SKIP COUNT
 *
 * CALL is open, openw (only for writing), read, write or sync; END is how the file's name ends, or * for any file. The
 * call fails with ERRNO after SKIP such calls, COUNT times; a COUNT of 0 has no end.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define MOST 16

struct rule { char call[16], end[256]; int error; long skip, count; };
static struct rule rules[MOST];
static int number;
static struct timespec seen;
static long size = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void load(void) {
  const char *file = getenv("SLOTH_FAULTS");
  struct stat now;
  if (!file || stat(file, &now) != 0) { number = 0; size = -1; return; }
  if (now.st_size == size && now.st_mtim.tv_sec == seen.tv_sec && now.st_mtim.tv_nsec == seen.tv_nsec) return;
  size = now.st_size;
  seen = now.st_mtim;
  number = 0;
  int in = REAL(open)(file, O_RDONLY);
  if (in < 0) return;
  char text[4096];
  ssize_t length = REAL(read)(in, text, sizeof text - 1);
  close(in);
  if (length < 0) return;
  text[length] = 0;
  char *rest = text;
  for (char *line; number < MOST && (line = strsep(&rest, "\n"));) {
    struct rule *one = &rules[number];
    if (sscanf(line, "%15s %255s %d %ld %ld", one->call, one->end, &one->error, &one->skip, &one->count) == 5) number++;
  }
}

/* The errno that a call on a file fails with, or 0. */
static int fault(const char *call, const char *path) {
  if (!getenv("SLOTH_FAULTS")) return 0;
  int error = 0;
  pthread_mutex_lock(&lock);
  load();
  for (int at = 0; at < number && !error; at++) {
    struct rule *one = &rules[at];
    size_t length = strlen(path), end = strlen(one->end);
    if (strcmp(one->call, call) != 0) continue;
    if (strcmp(one->end, "*") != 0 && (length < end || strcmp(path + length - end, one->end) != 0)) continue;
    if (one->skip > 0) { one->skip--; continue; }
    if (one->count < 0) continue;
    error = one->error;
    if (one->count > 0 && --one->count == 0) one->count = -1;
  }
  pthread_mutex_unlock(&lock);
  return error;
}

static int faultOf(const char *call, int fd) {
  char link[64], path[4096];
  int before = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  errno = before;
  if (length < 0 || path[0] != '/') return 0;
  path[length] = 0;
  return fault(call, path);
}

#define FAIL(call, fd) do { int error = faultOf(call, fd); if (error) { errno = error; return -1; } } while (0)

static int faultOfOpen(const char *path, int flags) {
  int error = fault("open", path);
  return error || (flags & O_ACCMODE) == O_RDONLY ? error : fault("openw", path);
}
#define OPEN(path, flags) do { int error = faultOfOpen(path, flags); if (error) { errno = error; return -1; } } while (0)
#define MODE(flags, mode) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | O_TMPFILE)) { va_list list; va_start(list, flags); mode = va_arg(list, mode_t); va_end(list); }

int open(const char *path, int flags, ...) { MODE(flags, mode) OPEN(path, flags); return REAL(open)(path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags, mode) OPEN(path, flags); return REAL(open64)(path, flags, mode); }
int openat(int at, const char *path, int flags, ...) {
  MODE(flags, mode) OPEN(path, flags); return REAL(openat)(at, path, flags, mode);
}
int openat64(int at, const char *path, int flags, ...) {
  MODE(flags, mode) OPEN(path, flags); return REAL(openat64)(at, path, flags, mode);
}
ssize_t read(int fd, void *to, size_t n) { FAIL("read", fd); return REAL(read)(fd, to, n); }
ssize_t pread(int fd, void *to, size_t n, off_t at) { FAIL("read", fd); return REAL(pread)(fd, to, n, at); }
ssize_t pread64(int fd, void *to, size_t n, off64_t at) { FAIL("read", fd); return REAL(pread64)(fd, to, n, at); }
ssize_t readv(int fd, const struct iovec *to, int n) { FAIL("read", fd); return REAL(readv)(fd, to, n); }
ssize_t preadv(int fd, const struct iovec *to, int n, off_t at) { FAIL("read", fd); return REAL(preadv)(fd, to, n, at); }
ssize_t preadv64(int fd, const struct iovec *to, int n, off64_t at) { FAIL("read", fd); return REAL(preadv64)(fd, to, n, at); }
ssize_t write(int fd, const void *from, size_t n) { FAIL("write", fd); return REAL(write)(fd, from, n); }
ssize_t pwrite(int fd, const void *from, size_t n, off_t at) { FAIL("write", fd); return REAL(pwrite)(fd, from, n, at); }
ssize_t pwrite64(int fd, const void *from, size_t n, off64_t at) { FAIL("write", fd); return REAL(pwrite64)(fd, from, n, at); }
int fsync(int fd) { FAIL("sync", fd); return REAL(fsync)(fd); }
int fdatasync(int fd) { FAIL("sync", fd); return REAL(fdatasync)(fd); }
