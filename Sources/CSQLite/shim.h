/* SQLite for Swift: the system's header, and its functions with variable arguments, which Swift cannot call. */
#ifndef LEPTON_CSQLITE_SHIM_H
#define LEPTON_CSQLITE_SHIM_H

#include <sqlite3.h>

/* The last connection to close leaves the write-ahead log as it is. */
static inline int lepton_sqlite_keep_log_on_close(sqlite3 *database) {
    return sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}

#endif
