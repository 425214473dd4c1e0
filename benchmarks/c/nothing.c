/* nothing.c - what startup.c costs without the library. */
int main(void) { return 0; }
