// Package probe asks servers that a hospital lists, every half minute, whether they still answer: the archive, the interface engine, the record system, and
// what all of them stand on, such as names, logins and clocks. So a server that stopped is known before somebody at a bed waits for it, and a certificate
// is known to end before it does.
//
// Nothing is probed that is not listed, and nothing that is a modality, a pump or a monitor, even when it is listed: some devices hang when somebody calls them whom
// they do not expect. A declaration that says so is refused when it is read; an address or an AE title that turns out to be one is refused at every attempt.
//
//	Target ─► Ask ─► Result ─► Judge ─► Standing ─┬─► whoever hears it
//	  ▲        one look, in words        the rule  └─► Status, for a page
//	  └── Prober: each target in its turn, a few at once
//
// # What one look tells
//
// A server that was killed, one that was frozen, one whose packets are dropped and one that is slow need different people, so each has words of its own: the
// connection is refused; it is accepted and nobody speaks; it is not accepted in time; the answer comes late.
//
// Plain TCP, MLLP and Kerberos have nothing to ask without leaving a trace at the other end. There the kernel answers also for a process that hangs. So the
// connection is closed from our side first, and a server that is awake closes its side then. One that did so three times and does it no more is told of as silent;
// one that never does is held to be up as long as it accepts.
//
// # A good guest
//
// What is probed is not to notice it: an association is released, an LDAP session unbound, TLS closed by its notice, and what is still under way is read before
// a connection is closed, so that nobody's log tells of a reset. QIDO asks for a study that nobody has, so no patient's data travels and no access trail tells of one.
//
// What servers answer is bounded in bytes and time. Words of theirs are in no Result: they may quote what they hold.
package probe
