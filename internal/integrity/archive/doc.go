// Package archive looks whether a hospital's image archive (PACS) still holds the images that it was given, and holds them as they were: whether a picture
// was drawn into, put into another patient's folder, or deleted.
//
// A Source asks the archive over DICOMweb (PS3.18), by GET alone, with an account that may only read, and not faster than the site allows. It lists studies,
// series and instances (QIDO-RS) and retrieves instances (WADO-RS), which are hashed as they come: no instance is held in memory, and no pixel is
// kept. A Keeper remembers what the archive is known to hold:
//
//	archive ─► lists ──► what is new, what is gone ─┐
//	        ─► images ─► fingerprints ──────────────┴─► Change ─► whoever asked
//	                                    ▲        │
//	                                    Keeper ◄─┘  its tables in the state database
//
// # A sweep
//
// First all studies are listed, and those whose counts are not what is known, series by series. What is known and was not listed is asked for by its name,
// for lists that are read page by page move meanwhile; what is not there either is gone. Rejection notes (IHE RAD IOCM) that are new are read before that is
// judged: what one of them names was rejected by somebody who said so, and its going is told as explained.
//
// Then series are read back whole: those of studies of the last days, those never read, and those read longest ago, until the night is over. The next
// sweep goes on where this one ended. An image is told of when it is read first, so that it can be compared with what was sealed before it reached
// the archive, and whenever it is not what it was.
//
// # A look
//
// Keeper.Look does the same with some studies at any time: those of which images have just come, so that they are known before somebody can change them, and those of
// a case that was opened. It lists the instances of every series, so that it sees an image in whose place another stands, and reads back as many as its caller says.
//
// # What is kept
//
// Of a study a row, and of a series one with its instances: of each its identifier, 12 bytes of hash, and when it was read. Identifiers are sealed by the
// caller, and rows are named by keyed hashes of them.
//
// # What it can tell, and what not
//
// It reads what the archive answers to this account. Malware in the archive may answer with old images to us, and with others to those who look at them. What
// was added and deleted again between two sweeps is not seen, and what was changed and changed back either.
package archive
