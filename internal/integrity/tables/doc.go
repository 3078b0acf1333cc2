// Package tables looks whether the records in a hospital's own databases are still what they were: whether a result, an order or
// a dose limit was changed, removed or slipped in behind the back of the program that should have done it.
//
// A site declares which tables matter (Declaration). A Source reads them, in their databases, with an account that
// may only read, from one moment (a snapshot), in the order of their keys, page by page and not faster than the site
// allows. A Keeper remembers what it saw, row by row, and says at the next sweep what became of each:
//
//	database ─► Source ─► canonical rows ─► spill, sealed ─► chunk by chunk ─► Change ─► whoever asked
//	                                                         ▲          │
//	                                                         └─ Keeper ◄┘  its tables in the state database
//
// # What is kept
//
// Rows are put into chunks by the hash of their key, about 4,096 in each. Of each row a chunk keeps 64 bytes of
// hashes, its version, when it was updated and when it was first seen, and beside it the row itself, compressed: without it
// nobody could show later what a value had been. Both are sealed by the caller. A million rows cost 64 MB of the state database for hashes,
// and beside that what compression leaves of the rows: 11 MB in the benchmark, where nine columns repeat themselves, more where people write at length.
// Of a row longer than 16 KiB only the digest and the key are kept. Rows that are gone are kept until somebody has them forgotten.
//
// A sweep holds one chunk, or with very large tables the 256th part of a table, in memory, and the buffers of the spill: a file without a name
// in which rows wait, sealed, for the others of their chunk. The snapshot is given back before anything is compared.
//
// # What was written lately
//
// A sweep takes hours, so that between two of them whoever changes a row that is new is taken for who wrote it. Of tables that are declared fresh Keeper.Since
// reads every few minutes what says that it was updated since, by the index of that column and by the clock of the database, and keeps it: the next sweep compares
// with that. What it reads overlaps by Declaration.Young. A row that says that it is older than it is, and one that is missing, are found by sweeps.
//
// Each row that changed has its chunk written anew, about 300 KB: 15 ms in the benchmark. That is for tables in which some hundred rows change in a few minutes;
// one in which tens of thousands do is better left to sweeps.
//
// # What it can tell, and what not
//
// It compares with what was there when it was read before. What was false when it was seen first stays false and unchanged; what was
// changed and changed back between two readings is not seen. Whoever may write to the database may also write the version and the time of
// update along, which then looks like an amendment: Explained means explained by the table alone, and that a person did it in the
// application is for the audit log to say. So every change is told, the proper ones too.
package tables
