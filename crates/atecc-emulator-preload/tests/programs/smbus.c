/* The SMBus commands that Linux makes of plain messages. */
#include <errno.h>
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

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
}

static int smbus(int fd, int way, int command, int size, union i2c_smbus_data *data) {
    struct i2c_smbus_ioctl_data all = {
        .read_write = way, .command = command, .size = size, .data = data};
    return ioctl(fd, I2C_SMBUS, &all);
}

/* Info, mode Revision, without the word address. */
static const unsigned char info[7] = {0x07, 0x30, 0, 0, 0, 0x03, 0x5D};

int main(int count, char **arguments) {
    check(count > 1, "arguments");
    int fd = open(arguments[1], O_RDWR);
    check(fd >= 0, "open");
    unsigned long functions = 0;
    check(ioctl(fd, I2C_FUNCS, &functions) == 0, "I2C_FUNCS");
    check((functions & I2C_FUNC_SMBUS_EMUL) == I2C_FUNC_SMBUS_EMUL, "emulated");
    check(!(functions & I2C_FUNC_SMBUS_BLOCK_PROC_CALL), "block process call");

    /* The general call. */
    check(ioctl(fd, I2C_SLAVE, 0) == 0, "general call");
    check(smbus(fd, I2C_SMBUS_WRITE, 0, I2C_SMBUS_BYTE, NULL) == -1, "wake");
    usleep(1500);
    check(ioctl(fd, I2C_SLAVE, 0x60) == 0, "slave");

    union i2c_smbus_data data = {0};
    /* 00, and what follows it, only rewinds. */
    data.word = 0x1234;
    check(smbus(fd, I2C_SMBUS_WRITE, 0, I2C_SMBUS_PROC_CALL, &data) == 0, "process call");
    unsigned char word[2] = {data.word & 0xFF, data.word >> 8};
    print("process call", word, 2);

    data.block[0] = sizeof info;
    memcpy(data.block + 1, info, sizeof info);
    check(smbus(fd, I2C_SMBUS_WRITE, 3, I2C_SMBUS_I2C_BLOCK_DATA, &data) == 0, "i2c block");
    usleep(3000);
    memset(&data, 0, sizeof data);
    data.block[0] = 7;
    check(smbus(fd, I2C_SMBUS_READ, 0, I2C_SMBUS_I2C_BLOCK_DATA, &data) == 0, "i2c block");
    check(data.block[0] == 7, "i2c block length");
    print("i2c block", data.block + 1, 7);

    memset(&data, 0, sizeof data);
    check(smbus(fd, I2C_SMBUS_READ, 0, I2C_SMBUS_BLOCK_DATA, &data) == 0, "block");
    printf("block, %d bytes:", data.block[0]);
    print("", data.block + 1, 7);

    memset(&data, 0, sizeof data);
    check(smbus(fd, I2C_SMBUS_READ, 0, I2C_SMBUS_I2C_BLOCK_BROKEN, &data) == 0, "broken");
    printf("broken block, %d bytes:", data.block[0]);
    print("", data.block + 1, 8);

    /* With its length, which is a word address's affair. */
    data.block[0] = 2;
    check(smbus(fd, I2C_SMBUS_WRITE, 0, I2C_SMBUS_BLOCK_DATA, &data) == 0, "block");
    data.block[0] = sizeof info;
    memcpy(data.block + 1, info, sizeof info);
    check(smbus(fd, I2C_SMBUS_WRITE, 3, I2C_SMBUS_I2C_BLOCK_BROKEN, &data) == 0, "broken");
    usleep(3000);
    data.block[0] = 7;
    check(smbus(fd, I2C_SMBUS_READ, 0, I2C_SMBUS_I2C_BLOCK_DATA, &data) == 0, "again");
    print("again", data.block + 1, 7);

    data.block[0] = 33;
    check(smbus(fd, I2C_SMBUS_WRITE, 0, I2C_SMBUS_BLOCK_DATA, &data) == -1 && errno == EINVAL,
          "33 bytes");
    check(smbus(fd, I2C_SMBUS_WRITE, 0, I2C_SMBUS_I2C_BLOCK_DATA, &data) == -1 && errno == EINVAL,
          "33 bytes");
    check(smbus(fd, I2C_SMBUS_READ, 0, I2C_SMBUS_I2C_BLOCK_DATA, &data) == -1 && errno == EINVAL,
          "33 bytes");
    check(smbus(fd, I2C_SMBUS_READ, 0, I2C_SMBUS_BLOCK_DATA, NULL) == -1 && errno == EINVAL,
          "no data");
    check(smbus(fd, I2C_SMBUS_WRITE, 0, I2C_SMBUS_BLOCK_PROC_CALL, &data) == -1
              && errno == EOPNOTSUPP,
          "block process call");
    return 0;
}
