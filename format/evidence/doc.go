// Package evidence lets a hospital hand over single records so that a court or an auditor can check, without trusting the
// hospital's machines, that they are what was written down at the time.
//
// # A bundle
//
// A bundle is one file, a zip without compression that has exactly one form:
//
//	manifest.json           what is in the bundle, who exported it and why, with the SHA-256 of each file
//	manifest.note           the SHA-256 of the manifest, signed by the journal's key (C2SP signed-note)
//	statement.txt           in plain words what is proved and what is not
//	custody.json            who exported it, and where in the journal that act stands
//	keys                    the public key of the journal
//	policy                  which witnesses signed (C2SP tlog-policy), when there are any
//	objects/001.line        a line as the journal keeps it
//	objects/001.message     the message that the line holds, when it holds one whole
//	leaves/001.json         the leaf of its entry: one line of JSON
//	openings/001.txt        what leads from the line to the root of lines in the leaf; missing for entries of before there was one
//	proofs/001.tlog-proof   what leads from the leaf to a signed checkpoint (C2SP tlog-proof)
//
// Where an authority of time stamps (RFC 3161) stamped a checkpoint since the record was sealed, there are also
//
//	stamps/001.tlog-proof   what leads from the leaf to the first checkpoint that was stamped
//	stamps/001.tsq          what the authority was asked
//	stamps/001.tsr          what it answered, whole
//	stamps/001.pem          certificates from the authority's to a root
//
// # One line of many
//
// An entry of a journal holds up to 500 lines about as many patients, and its leaf seals their ciphertext. To show one line and keep the
// others secret, the leaf also holds a root of lines: each line is hashed behind a random salt of 32 bytes of its own, and
// these hashes are the leaves of a Merkle tree (RFC 6962). Whoever has the line, its salt and the
// hashes beside its path can compute the root. The other lines cannot be guessed from hashes, for nobody knows their salts.
//
// What a bundle carries about whom to believe (keys, policy) is there to be compared. Verify believes only the Trust that it is given,
// which should have come another way and long before.
//
// Nothing here needs more than Go's standard library and format/tlog. So of time stamps only what they are of is looked at here; whose they are,
// Trust.Stamp checks, which is the caller's.
package evidence
