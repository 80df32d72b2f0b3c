/* Reads the revision through a descriptor that it did not open. */
#include <stdio.h>
#include <unistd.h>

int main(void) {
    static const unsigned char info[8] = {0x03, 0x07, 0x30, 0, 0, 0, 0x03, 0x5D};
    unsigned char answer[7];
    if (write(0, info, sizeof info) != sizeof info) return 1;
    usleep(3000);
    if (read(0, answer, sizeof answer) != sizeof answer) return 2;
    printf("inherited");
    for (int i = 0; i < 7; i++) printf(" %02x", answer[i]);
    printf("\n");
    return 0;
}
