// Package reference says what detection rules mean, by evaluating them one sentence
// at a time and very slowly.
//
// It is the yardstick for any fast engine: two evaluators that follow the sentences below give the
// same verdict on every rule and event. It shares with them the parser only.
//
// # Events
//
//  1. An event is one JSON object. Its values are all values in it at any depth, the
//     containers (objects and arrays) included; the object itself is none.
//  2. Each value has a path: the names on the way to it, joined with dots. Both {"a":{"b":1}}
//     and {"a.b":1} have a value at a.b. Elements of an array, also of arrays in it, have the
//     array's path; what stands in an object in an array has a path through the array's name.
//  3. Field names are case-sensitive. An event may have several values at one path, also
//     through a name that stands twice; the order of values does not matter.
//  4. The values of a field are those at the path that is its name, and at each further
//     name under which the kind of log carries the field (Evaluator.Names).
//  5. A scalar is a string, a number, true or false. Its text is the string, the number
//     as written, "true" or "false". Null and containers have no text.
//  6. Text is UTF-8; what is not is U+FFFD.
//
// # Rules
//
//  7. A rule matches when any of its conditions holds. A name in a condition holds when the
//     selection of that name does; "1 of" and "all of" speak of the selections that
//     sigma.Quantifier.Covers, of which the parser saw to it that there is one.
//  8. A map of items holds when all of them do, a list of maps when one of them does.
//  9. An item holds when one of its values holds; with the modifier all, when each
//     of them does, be it through different values of the field. The modifier neq turns
//     that verdict round, last of all: an absent field satisfies neq.
//  10. A value of an item holds when one value of the field satisfies it (exceptions: 17, 18). An item
//     without a field, keywords, looks at all scalars of the event.
//
// # Values
//
//  11. A text value is satisfied by a scalar whose text one of its patterns matches, whole. Star
//     is any run of characters, also none; Question exactly one character. A star alone is
//     satisfied by every scalar, the empty string included; the empty pattern by the empty string alone.
//  12. Unless the item is cased, pattern and text are compared under folding: every character
//     is replaced by the least of its orbit under Unicode simple case folding (unicode.SimpleFold). Bytes
//     of a pattern that are no UTF-8 (modifier utf16) stay as they are and match no event.
//  13. The number of a text is what strconv.ParseFloat reads, to 64 bits, if the text has 1 to
//     64 characters, all of them among 0123456789+-.eE, and is in range. Strings have numbers as
//     numbers have. A number value is satisfied by a scalar whose text is the value's text as written, or
//     whose number is equal.
//  14. A truth value is satisfied by a scalar whose text, folded, is true or false accordingly.
//  15. lt, lte, gt, gte are satisfied by a scalar that has a number which compares so.
//  16. A regular expression (RE2, as package regexp reads it) is satisfied by a scalar in whose text it is
//     found anywhere. It is case-sensitive unless flagged.
//  17. Null holds when the field has no value, or one of its values is null.
//  18. exists: true holds when the field has a value of any kind, null and containers included
//     (appendix "Modifiers": presence, not value); exists: false when it has none.
//  19. A network is satisfied by a scalar whose text is an IPv4 or IPv6 address (netip.ParseAddr) inside it.
//     An IPv4-mapped IPv6 address counts as IPv4; a zone is passed over.
//  20. fieldref is satisfied by a scalar if a scalar of the other field has an equal text, under 12.
//     With startswith the text begins with the other's, with endswith it ends with it, with
//     contains, or both, it holds it anywhere.
//  21. minute, hour, day, week, month and year are satisfied by a scalar whose text is a time (package
//     comment of Timestamp) of which that part is equal. Parts are as written: time zones are not
//     converted. Weeks are those of ISO 8601.
package reference
