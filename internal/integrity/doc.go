// Package integrity looks whether what records say is what was once said: whether a result is the same behind the interface engine as in
// front of it, and whether a system of record still holds what it was told.
//
// It seals nothing itself: the journal does. What it does is compare, and what it finds rests on two places of the journal, the one where
// something was said and the one where something else was. So whoever is to be convinced needs no word of Wardline's, but two proofs (package tlog).
//
// Its parts:
//
//   - tables and archive read back what databases and image archives of other systems hold;
//   - route compares messages at two points of their way;
//   - Room follows the journal, has its parts judge what it hears, and files what they find.
package integrity
