// Package detect asks many detection rules about one event at the cost of a few.
//
// Thousands of rules mostly ask the same small questions: does the image end with
// this name, does the command line hold that word? And of all rules that could apply, nearly
// none do. The engine is built on both facts:
//
//	rules ──compile──► predicates   each distinct question once, shared by all rules
//	                   programs     each rule's logic as a short walk over predicates
//	                   witnesses    for each rule the rarest literals without which it cannot match
//	                   groups       for each kind of log, its rules waiting at their witnesses
//
//	                         event (JSON, indexed in place)
//	                           │ class: log source, from the taxonomy
//	                           ▼
//	   link      values ──► fields that the group's rules ask for, and no others
//	                           │ text as it lies: escaped, in any case
//	                           ▼
//	   gather    each field's text ──► memo, or literal.Sieve ──► rules whose witness may be there
//	             the whole event   ──► literal.Teddy ──► values in which a word of any field may stand
//	                           │ mostly none
//	                           ▼ folded when first asked for: no case, no escapes
//	   run       each candidate's program ──► predicates, each answered once per event
//	                           │                verdicts, grams, literal.Set, dfa.Regexp, numbers, networks
//	                           ▼
//	                     rules that match
//
// Three things keep repeated work away. memo knows which rules wait at a value that has been there before, and
// verdicts how the tests of that value ended: paths of programs, names of machines and users come again and again.
// grams lists the windows of a long text once, so that each of a hundred literals costs a bit or two.
//
// An Engine is immutable and shared; a Matcher holds what is known of the present event and
// belongs to one goroutine. Matching allocates nothing.
//
// What a rule means is written down in package format/sigma/reference, which evaluates
// rules sentence by sentence and very slowly. The two share the parser only, and a
// differential fuzz test holds them equal.
package detect
