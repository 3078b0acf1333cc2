// Package resources looks whether the records on a hospital's FHIR servers are still what they were: whether a result, a diagnosis or
// an allergy was changed, taken away or slipped in behind the back of the server, and whether the history that the server tells
// is the one that it told before.
//
// A site declares which types of resources matter (Declaration). A Source reads them with GET and nothing else, page by page and not faster than
// the site allows. A Keeper remembers every version that it saw, and says at the next sweep what became of each resource:
//
//	FHIR server ─► Source ─► static forms ─► spill, sealed ─► chunk by chunk ─► judging ─► confirm ─► Change ─► whoever asked
//	                                                          ▲                                 │
//	                                                          └─ Keeper ◄───────────────────────┘  its tables in the state database
//
// What cannot be in order is asked for once more, by itself, before it is told: pages that shift while somebody writes falsify nothing.
//
// # What is compared
//
// Of each version the digest of its static form with decimals as they are written (format/fhir: without meta and narrative), and its labels. So an index that
// is made anew, or another time of update, says nothing. Servers differ in what they tell: the history of a type, of a resource,
// single versions, or the present alone. Source finds out which; from the less a server tells the less is known, and
// where it tells no history the Keeper's own versions take its place.
//
// # What is kept
//
// Resources are put into chunks by the hash of their id, about 4,096 in each: of each version its number, its time, its digest and its labels, and of the
// latest ones the static form itself, compressed, for nobody could show a difference without it. All of it is sealed by the caller.
//
// # What it can tell, and what not
//
// What was false when it was seen first stays false and unchanged. Whoever may write through the server can amend properly: Explained means explained by
// the server alone. A new version of a final result that has another value, and does not call itself corrected or amended, is not.
package resources
