/* A host that was written for Linux's i2c-dev: it wakes the chip, asks for
 * its revision in several ways, and prints what it got. Compiled with and
 * without _FORTIFY_SOURCE, so that __open_2 and __read_chk are called too. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const unsigned char info[8] = {0x03, 0x07, 0x30, 0, 0, 0, 0x03, 0x5D};

static void check(int truth, const char *what) {
    if (!truth) {
        printf("failed: %s (%s)\n", what, strerror(errno));
        exit(1);
    }
}

static void print(const char *name, const unsigned char *bytes, int count) {
    printf("%s", name);
    for (int i = 0; i < count; i++) printf(" %02x", bytes[i]);
    printf("\n");
    fflush(stdout);
}

/* The general call, which nobody acknowledges. */
static void wake(int fd) {
    unsigned char zero = 0;
    struct i2c_msg message = {.addr = 0, .len = 1, .buf = &zero};
    struct i2c_rdwr_ioctl_data all = {&message, 1};
    check(ioctl(fd, I2C_RDWR, &all) == -1 && errno == EREMOTEIO, "wake");
    usleep(1500);
}

/* The revision by plain write and read, which are at the address of
 * I2C_SLAVE. The size is a variable, for the fortified read. */
static void revision(int fd, unsigned char *answer, size_t size) {
    check(write(fd, info, sizeof info) == sizeof info, "write");
    usleep(3000);
    check(read(fd, answer, size) == (ssize_t)size, "read");
}

static int the_bus;

/* Rewind the output and read it, in one transfer: never disturbed. */
static void *ask(void *number) {
    for (int i = 0; i < 100; i++) {
        unsigned char rewind = 0, answer[4] = {0};
        struct i2c_msg messages[2] = {
            {.addr = 0x60, .len = 1, .buf = &rewind},
            {.addr = 0x60, .flags = I2C_M_RD, .len = 4, .buf = answer},
        };
        struct i2c_rdwr_ioctl_data all = {messages, 2};
        check(ioctl(the_bus, I2C_RDWR, &all) == 2, "combined");
        check(!memcmp(answer, "\x04\x11\x33\x43", 4), "answer");
    }
    return number;
}

int main(int count, char **arguments) {
    check(count > 2, "arguments");
    volatile int flags = O_RDWR;
    int fd = open(arguments[1], flags);
    check(fd >= 0, "open");
    volatile size_t size = 7;
    unsigned char answer[7];

    unsigned long functions = 0;
    check(ioctl(fd, I2C_FUNCS, &functions) == 0, "I2C_FUNCS");
    check(functions & I2C_FUNC_I2C && functions & I2C_FUNC_SMBUS_QUICK, "functions");
    check(ioctl(fd, I2C_TIMEOUT, 10) == 0 && ioctl(fd, I2C_RETRIES, 3) == 0, "timeout");
    check(ioctl(fd, I2C_SLAVE, 0x80) == -1 && errno == EINVAL, "8-bit address");
    check(ioctl(fd, I2C_SLAVE, 0x60) == 0 && ioctl(fd, I2C_SLAVE_FORCE, 0x60) == 0, "slave");
    check(ioctl(fd, 0x5413, answer) == -1 && errno == ENOTTY, "no terminal");
    check(read(fd, answer, size) == -1 && errno == EREMOTEIO, "asleep");

    wake(fd);
    check(read(fd, answer, 4) == 4, "read");
    print("awake", answer, 4);
    revision(fd, answer, size);
    print("revision", answer, 7);

    /* Copies share the address. */
    int copy = dup(fd), high = fcntl(fd, F_DUPFD_CLOEXEC, 100);
    check(high >= 100, "F_DUPFD_CLOEXEC");
    check(dup2(fd, 50) == 50 && dup3(fd, 51, O_CLOEXEC) == 51, "dup2 and dup3");
    int copies[] = {copy, high, 50, 51};
    for (int i = 0; i < 4; i++) {
        revision(copies[i], answer, size);
        print("copy", answer, 7);
        check(close(copies[i]) == 0, "close");
        check(read(copies[i], answer, size) == -1 && errno == EBADF, "closed");
    }
    /* A number that was a bus is a file now. */
    int null = open("/dev/null", O_RDWR);
    check(dup2(null, 50) == 50 && read(50, answer, size) == 0, "a file again");
    int other = openat(AT_FDCWD, arguments[1], flags);
    check(dup2(null, other) == other && read(other, answer, size) == 0, "over a bus");

    /* A child and its parent at once, on the same descriptor. */
    unsigned char sleep = 1;
    check(write(fd, &sleep, 1) == 1, "sleep");
    wake(fd);
    the_bus = fd;
    pid_t child = fork();
    check(child >= 0, "fork");
    if (child == 0) {
        ask(NULL);
        _exit(0);
    }
    ask(NULL);
    int status = 0;
    check(waitpid(child, &status, 0) == child && status == 0, "child");
    printf("forked\n");

    pthread_t threads[8];
    for (int i = 0; i < 8; i++) check(!pthread_create(&threads[i], NULL, ask, NULL), "thread");
    for (int i = 0; i < 8; i++) check(!pthread_join(threads[i], NULL), "join");
    printf("threads\n");
    fflush(stdout);

    /* A program that is started inherits the descriptor. */
    wake(fd);
    check(dup2(fd, 0) == 0, "dup2");
    execl(arguments[2], arguments[2], (char *)NULL);
    check(0, "exec");
    return 0;
}
