/* What a process in a container can see and do, as text: one "key value" a line, sorted by who reads it. A program of
 * its own, static and in C, so that the same bytes run under any engine. It changes nothing that outlives it. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

static const char* name_of(int error) {
    const char* name = error == 0 ? "ok" : strerrorname_np(error);
    return name ? name : "?";
}

/* --- identity, limits, surroundings */

static void print_status(void) {
    static const char* const wanted[] = {"Cap", "NoNewPrivs", "Seccomp", "Speculation",
                                         "Uid", "Gid",        "Groups",  "Umask"};
    FILE* file = fopen("/proc/self/status", "r");
    char line[4096];
    while (file && fgets(line, sizeof line, file)) {
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; ++i) {
            if (strncmp(line, wanted[i], strlen(wanted[i])) == 0) {
                char* value = strchr(line, ':');
                *value++ = 0;
                value[strcspn(value, "\n")] = 0;
                value += strspn(value, "\t ");
                for (char* c = value; *c; ++c)
                    *c = *c == '\t' ? ' ' : *c;
                printf("status.%s %s\n", line, value);
            }
        }
    }
    if (file)
        fclose(file);
}

static void print_limits(void) {
    static const char* const names[] = {"cpu",      "fsize",  "data",    "stack", "core",  "rss",
                                        "nproc",    "nofile", "memlock", "as",    "locks", "sigpending",
                                        "msgqueue", "nice",   "rtprio",  "rttime"};
    for (int i = 0; i < 16; ++i) {
        struct rlimit limit;
        if (getrlimit(i, &limit) == 0) {
            printf("rlimit.%s %lld %lld\n", names[i], (long long)limit.rlim_cur, (long long)limit.rlim_max);
        }
    }
}

static void print_file(const char* key, const char* path) {
    char text[512];
    int file = open(path, O_RDONLY);
    ssize_t got = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (got < 0) {
        printf("%s %s\n", key, name_of(errno));
    } else {
        text[got] = 0;
        while (got > 0 && (text[got - 1] == '\n' || text[got - 1] == 0))
            text[--got] = 0;
        for (char* c = text; *c; ++c)
            *c = *c == '\n' || *c == '\t' ? ' ' : *c;
        printf("%s %s\n", key, text);
    }
    if (file >= 0)
        close(file);
}

static void print_surroundings(void) {
    char folder[4096];
    printf("cwd %s\n", getcwd(folder, sizeof folder) ? folder : name_of(errno));
    printf("process %d, parent %d, group %d, session %d\n", getpid(), getppid(), getpgrp(), getsid(0));
    printf("dumpable %d\n", prctl(PR_GET_DUMPABLE));
    printf("securebits %d\n", prctl(PR_GET_SECUREBITS));
    printf("scheduling %d, nice %d\n", sched_getscheduler(0), getpriority(PRIO_PROCESS, 0));
    print_file("oom_score_adj", "/proc/self/oom_score_adj");
    print_file("apparmor", "/proc/self/attr/current");
    print_file("coredump_filter", "/proc/self/coredump_filter");
    print_file("domainname", "/proc/sys/kernel/domainname");
    print_file("sysctl.unprivileged_port_start", "/proc/sys/net/ipv4/ip_unprivileged_port_start");
    print_file("sysctl.ping_group_range", "/proc/sys/net/ipv4/ping_group_range");
    for (char** variable = environ; *variable; ++variable) {
        int is_host = strncmp(*variable, "HOSTNAME=", 9) == 0;
        printf("env.%.*s\n", is_host ? 8 : (int)strlen(*variable), *variable);
    }
}

/* --- files */

static int compare(const void* a, const void* b) {
    return strcmp(*(char* const*)a, *(char* const*)b);
}

/* Names in a folder, sorted; the caller keeps them. */
static size_t names_in(const char* path, char** names, size_t most) {
    DIR* folder = opendir(path);
    size_t count = 0;
    struct dirent* entry;
    while (folder && (entry = readdir(folder)) && count < most) {
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            names[count++] = strdup(entry->d_name);
    }
    if (folder)
        closedir(folder);
    qsort(names, count, sizeof *names, compare);
    return count;
}

static void print_dev(const char* path) {
    char* names[256];
    size_t count = names_in(path, names, 256);
    for (size_t i = 0; i < count; ++i) {
        char whole[4096], target[256] = "";
        struct stat info;
        snprintf(whole, sizeof whole, "%s/%s", path, names[i]);
        if (lstat(whole, &info) != 0)
            continue;
        if (S_ISLNK(info.st_mode)) {
            ssize_t got = readlink(whole, target, sizeof target - 1);
            target[got < 0 ? 0 : got] = 0;
            printf("dev.%s -> %s\n", whole, target);
        } else if (S_ISDIR(info.st_mode)) {
            printf("dev.%s folder %o\n", whole, info.st_mode & 07777);
            print_dev(whole);
        } else {
            printf("dev.%s %o %u:%u owner %u:%u\n", whole, info.st_mode, major(info.st_rdev), minor(info.st_rdev),
                   info.st_uid, info.st_gid);
        }
    }
}

/* Which devices may be opened by a node that one makes. */
static void try_devices(void) {
    static const struct {
        int type;
        unsigned major, minor;
    } tried[] = {{S_IFCHR, 1, 1},    {S_IFCHR, 1, 2},    {S_IFCHR, 1, 3},    {S_IFCHR, 1, 4},    {S_IFCHR, 1, 5},
                 {S_IFCHR, 1, 7},    {S_IFCHR, 1, 8},    {S_IFCHR, 1, 9},    {S_IFCHR, 1, 11},   {S_IFCHR, 4, 0},
                 {S_IFCHR, 4, 64},   {S_IFCHR, 5, 0},    {S_IFCHR, 5, 1},    {S_IFCHR, 5, 2},    {S_IFCHR, 10, 144},
                 {S_IFCHR, 10, 183}, {S_IFCHR, 10, 200}, {S_IFCHR, 10, 229}, {S_IFCHR, 10, 232}, {S_IFCHR, 10, 237},
                 {S_IFCHR, 136, 0},  {S_IFCHR, 226, 0},  {S_IFBLK, 7, 0},    {S_IFBLK, 8, 0},    {S_IFBLK, 253, 0},
                 {S_IFBLK, 254, 0},  {S_IFBLK, 259, 0}};
    for (size_t i = 0; i < sizeof tried / sizeof *tried; ++i) {
        const char* node = "/probe-node";
        int made = mknod(node, (mode_t)(tried[i].type | 0600), makedev(tried[i].major, tried[i].minor));
        int error = made == 0 ? 0 : errno;
        int opened = made == 0 ? open(node, O_RDONLY | O_NONBLOCK | O_NOCTTY) : -1;
        /* Whether there is such a device is the host's matter; EPERM is the container's answer. */
        const char* answer = made != 0 ? name_of(error) : opened >= 0 || errno != EPERM ? "may be opened" : "EPERM";
        printf("device.%c%u:%u %s\n", tried[i].type == S_IFBLK ? 'b' : 'c', tried[i].major, tried[i].minor, answer);
        if (opened >= 0)
            close(opened);
        unlink(node);
    }
}

static void print_access(const char* key, const char* path) {
    struct stat info;
    if (lstat(path, &info) != 0) {
        printf("%s.%s %s\n", key, path, name_of(errno));
        return;
    }
    char* names[4096];
    size_t entries = S_ISDIR(info.st_mode) ? names_in(path, names, 4096) : 0;
    const char* kind = S_ISDIR(info.st_mode)   ? (entries == 0 ? "empty folder" : "folder")
                       : S_ISCHR(info.st_mode) ? "masked by a device"
                                               : "file";
    int writable = access(path, W_OK);
    printf("%s.%s %s, writing: %s\n", key, path, kind, writable == 0 ? "ok" : name_of(errno));
}

static void print_tree(const char* key, const char* path) {
    char* names[1024];
    size_t count = names_in(path, names, 1024);
    for (size_t i = 0; i < count; ++i) {
        char whole[4096];
        snprintf(whole, sizeof whole, "%s/%s", path, names[i]);
        if (names[i][0] < '0' || names[i][0] > '9')
            print_access(key, whole);
    }
}

/* "/target type options super-options propagation", without what names the host's folders. */
static void print_mounts(void) {
    FILE* file = fopen("/proc/self/mountinfo", "r");
    char line[8192];
    while (file && fgets(line, sizeof line, file)) {
        char *save, *fields[64];
        size_t count = 0;
        line[strcspn(line, "\n")] = 0;
        for (char* word = strtok_r(line, " ", &save); word && count < 64; word = strtok_r(NULL, " ", &save)) {
            fields[count++] = word;
        }
        size_t dash = 6;
        while (dash < count && strcmp(fields[dash], "-"))
            ++dash;
        if (dash + 3 >= count)
            continue;
        const char* type = fields[dash + 1];
        int of_host = !strcmp(type, "overlay") || fields[3][1] != 0; /* a bind, or layers: the source's own options */
        printf("mount.%s %s %s %s%s%s\n", fields[4], of_host && strcmp(type, "overlay") ? "bind" : type, fields[5],
               of_host ? "-" : fields[dash + 3], dash > 6 ? " " : "", dash > 6 ? fields[6] : "");
    }
    if (file)
        fclose(file);
}

static void print_descriptors(void) {
    for (int fd = 0; fd < 1024; ++fd) {
        struct stat info;
        if (fstat(fd, &info) == 0) {
            printf("fd.%d %s %s\n", fd,
                   S_ISFIFO(info.st_mode)  ? "pipe"
                   : S_ISCHR(info.st_mode) ? "device"
                                           : "other",
                   (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY ? "read" : "write");
        }
    }
}

/* --- seccomp */

/* A filter of our own asks a listener about calls whose sixth argument is `magic`, and the listener always says
 * EUCLEAN. Of several filters the strictest answer counts (seccomp(2)), so EUCLEAN means that the engine's filter
 * allows the call, which is nevertheless never carried out. */
enum { magic = 0x5afe };

struct shared {
    volatile int listener, current, family;
    int answers[3][1024];
};

static int install_question(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[5])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, magic, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static int ask(long number, long first) {
    errno = 0;
    const int answer = syscall(number, first, 0, 0, 0, 0, magic) == -1 ? errno : 0;
    syscall(SYS_getpid, 0, 0, 0, 0, 0, 0); /* the register of the sixth argument must not keep the magic */
    return answer;
}

/* A kernel without 32-bit programs answers int 0x80 with a SIGSEGV. */
static sigjmp_buf no_i386;

static void on_fault(int signal) {
    siglongjmp(no_i386, signal);
}

static int ask_i386(long number) {
    long result = -ENOSYS;
#if defined(__x86_64__)
    if (sigsetjmp(no_i386, 0) != 0)
        return ENOEXEC;
    /* The sixth argument is ebp, which is also the frame pointer; below rsp lies the red zone. */
    __asm__ volatile("sub $128, %%rsp\n\tpush %%rbp\n\tmov %[six], %%ebp\n\tint $0x80\n\tpop %%rbp\n\tadd $128, %%rsp"
                     : "=a"(result)
                     : "a"(number), "b"(0), "c"(0), "d"(0), "S"(0), "D"(0), [six] "i"(magic)
                     : "r8", "r9", "r10", "r11", "memory", "cc");
#else
    (void)number;
#endif
    return (int)result < 0 ? -(int)result : 0;
}

static const char* answer_text(int error) {
    return error == EUCLEAN ? "allowed" : name_of(error);
}

static void ask_about_arguments(void) {
    static const struct {
        const char* name;
        unsigned long flag;
    } clones[] = {{"none", 0},
                  {"newns", CLONE_NEWNS},
                  {"newuts", CLONE_NEWUTS},
                  {"newipc", CLONE_NEWIPC},
                  {"newuser", CLONE_NEWUSER},
                  {"newpid", CLONE_NEWPID},
                  {"newnet", CLONE_NEWNET},
                  {"newcgroup", CLONE_NEWCGROUP},
                  {"files", CLONE_FILES},
                  {"thread", CLONE_THREAD | CLONE_VM}};
    for (size_t i = 0; i < sizeof clones / sizeof *clones; ++i) {
        printf("seccomp.clone.%s %s\n", clones[i].name, answer_text(ask(SYS_clone, (long)clones[i].flag)));
    }
    for (int family = 0; family < 46; ++family) {
        printf("seccomp.socket.%d %s\n", family, answer_text(ask(SYS_socket, family)));
    }
    static const unsigned long personalities[] = {0, 8, 0x20000, 0x20008, 0xffffffff, 0x40000, 0x400000, 0x100000, 6};
    for (size_t i = 0; i < sizeof personalities / sizeof *personalities; ++i) {
        printf("seccomp.personality.%lx %s\n", personalities[i],
               answer_text(ask(SYS_personality, (long)personalities[i])));
    }
}

/* The one that asks; the parent, which shares its descriptors, answers. */
static void ask_all(struct shared* shared) {
    const int listener = install_question();
    shared->listener = listener < 0 ? -errno : listener;
    if (listener < 0)
        _exit(1);
    const struct sigaction catcher = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};
    sigaction(SIGSEGV, &catcher, NULL);
    for (; shared->current < 480; ++shared->current) {
        /* uretprobe and uprobe: the kernel lets them pass every filter, and they end who calls them by hand. */
        if (shared->current == 335 || shared->current == 336)
            continue;
        shared->answers[0][shared->current] = ask(shared->current, 0);
        shared->answers[1][shared->current] = ask(shared->current | 0x40000000, 0);
        shared->answers[2][shared->current] = ask_i386(shared->current);
    }
    ask_about_arguments();
    fflush(stdout);
    _exit(0);
}

static void answer_questions(int listener) {
    struct seccomp_notif question;
    struct seccomp_notif_resp answer;
    for (;;) {
        memset(&question, 0, sizeof question);
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &question) != 0) {
            if (errno == EINTR)
                continue;
            return; /* nobody is left who could ask */
        }
        memset(&answer, 0, sizeof answer);
        answer.id = question.id;
        answer.error = -EUCLEAN;
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }
}

static void print_seccomp(void) {
    struct shared* shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    fflush(stdout);
    /* Like fork, but with one table of descriptors: so the listener comes over. */
    const long child = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
    if (child == 0)
        ask_all(shared);
    while (shared->listener == 0)
        sched_yield();
    if (shared->listener < 0) {
        printf("seccomp %s\n", name_of(-shared->listener));
        return;
    }
    answer_questions(shared->listener);
    int status = 0;
    waitpid((pid_t)child, &status, 0);
    if (status != 0)
        printf("seccomp the asker ended with %d at call %d\n", status, shared->current);
    static const char* const families[] = {"x86-64", "x32", "i386"};
    for (int family = 0; family < 3; ++family) {
        for (int number = 0; number < shared->current; ++number) {
            printf("seccomp.%s.%d %s\n", families[family], number, answer_text(shared->answers[family][number]));
        }
    }
}

int main(void) {
    print_descriptors();
    print_status();
    print_limits();
    print_surroundings();
    print_mounts();
    print_dev("/dev");
    try_devices();
    print_access("proc", "/proc");
    print_tree("proc", "/proc");
    print_tree("proc", "/proc/sys");
    print_tree("proc", "/proc/sys/kernel");
    print_access("sys", "/sys");
    print_tree("sys", "/sys");
    print_tree("sys", "/sys/kernel");
    print_access("sys", "/sys/devices/virtual/powercap");
    print_tree("cgroup", "/sys/fs/cgroup");
    print_file("cgroup.self", "/proc/self/cgroup");
    fflush(stdout);
    print_seccomp();
    return 0;
}
