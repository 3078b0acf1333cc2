// Package witness lets hospitals vouch for each other's sealed logs, so that no hospital can change its own past
// without the others noticing.
//
// Every five minutes a node sends the checkpoint of its journal, which is its size and one hash and nothing else, to a few peers. Each
// peer signs it if it continues the one that it signed last. A proof with such signatures shows one past to everybody: to
// change it, a majority of the peers would have to lie as well. The protocol is C2SP tlog-witness
// (https://c2sp.org/tlog-witness), so that a public witness can be a peer too.
//
//	Feed    the log's side: asks, keeps what peers signed beside the checkpoint, makes proofs with it
//	Server  the witness's side: answers, and remembers what it signed
//
// # What a refusal means
//
// A witness answers 422 when a log, with its own signature, does not continue what it showed before: it was rewritten or
// forked. It answers 409 when the log is at another size than the log believes. When that size is larger than the log's own, the
// log was put back to an older state. Such requests are evidence. Both sides keep them whole, with what they
// contradict, and both tell somebody: see Alarm.
//
// # In which order a witness works, and what a crash leaves
//
// It checks, signs and writes in one transaction, and answers when that is durable. A crash before: nothing was signed. A crash
// behind: the log is told by a 409 where the witness stands, and asks again from there. So there are never signatures of one
// witness on two checkpoints of which neither continues the other.
package witness
