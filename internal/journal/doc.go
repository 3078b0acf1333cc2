// Package journal keeps everything that a hospital's systems said, in the order in which it
// was received, sealed so that nobody can change it unnoticed.
//
// # What lies on the disk
//
//	journal/
//	  journal.json            what this journal is: version, origin, when it was made, public key
//	  lock                    held by the one process that has it open
//	  log/                    the Merkle tree, by the public layout of C2SP tlog-tiles, written by Tessera
//	    checkpoint            signed: origin, number of entries, root
//	    tile/entries/000      leaves of 256 entries: the Header of each
//	    tile/0/000            hashes of 256 leaves; tile/1/… of 256 such tiles, and so on
//	    .state/treeState      size and root of the tree, a moment ahead of the checkpoint
//	    …                     locks, versions of tiles that longer ones have replaced, and what a crash left half-written: nothing reads them
//	  wal/0, wal/1            leaves that are durable and have yet to go into the tree; see package wal
//	  segments/<kind>/<name>  bodies of one kind, one after the other; see package segment
//	  book.json               what is known of the segments, learned from the headers; may be lost
//	  clock.json              where the clock was last
//	  ballast                 room for acts on a full disk
//	journal.key               the key-encryption key: without it nobody can read a body
//	journal.sign              the key that signs checkpoints
//
// A line goes into a pack of its Kind. The pack closes at 256 KiB, at 500 lines, after 5 ms of quiet or
// after 10 ms. It becomes one entry: its lines, compressed and encrypted with the key of the segment, are the body; its Header, with
// the SHA-256 of the encrypted body, is the leaf. So the tree, the proofs and the hashes of all bodies can be checked without any
// secret, and a body can be deleted after its time while its header stays proven.
// The header also has the root of a small tree of the lines, each hashed behind a salt that is kept with the lines: with it one line can be shown to
// an outsider, and proven, without the key and without showing any other (decision 0024).
//
// # In which order it is written, and what a crash leaves
//
//  1. The body is appended to its segment. Crash: bytes that no leaf speaks of. They are never read, because bodies go into
//     new segments after every start; Fsck lists them as orphans.
//  2. The segments are synced, once for all packs that wait. Crash: as before.
//  3. The leaves are written into the write-ahead log, one sync for all that wait. From here on the entries are durable, and have their places. Crash: entries
//     that are in the journal and of which nobody was told. Their senders send them again; identities of events tell that they are the same.
//  4. Receipts are settled: senders are told, followers woken. They read the leaves from memory.
//  5. A tenth of a second later, or when much waits, the leaves go into the tree together: into a bundle, their hashes into tiles, each file synced under a new name and
//     renamed, then the state of the tree. Crash: bundles and tiles beyond the size of the tree; the next start puts the leaves of the write-ahead log into it.
//  6. A checkpoint is signed and published within a fraction of a second. Crash: the next start publishes one.
//  7. Every few seconds the sentinel, which lies elsewhere, is told the size and the root. A journal that is missing, shorter or another one
//     at the next start is refused with ErrLost, until a person has called Recover.
//
// A write that fails at any of these steps refuses everything that is in flight, and what waits. Then the journal begins again
// by the code of every start, after a pause that grows from 0.1 s to 5 s, until it works.
//
// Bodies are deleted in this order: an entry of kind Keeping says which segments go (its header names them), and when it is durable
// the files are removed. Crash in between, or a file that cannot be removed: the next start does it, or the next Expire.
package journal
