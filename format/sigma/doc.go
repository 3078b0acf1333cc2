// Package sigma reads the language in which defenders write detection rules.
//
// Parse turns YAML documents into values (Rule, Correlation, Filter) and says
// exactly where and why a document cannot be honoured. A rule is resolved as far as every evaluator
// would have to: modifiers are applied, so that of a value only its patterns, number,
// expression or network is left; conditions are trees. Nothing is matched here: package
// reference, below this one, is the clear and slow evaluator that follows the specification sentence
// by sentence, and internal/detect is the fast one.
//
// # Strict and lenient
//
// What would change when a rule matches is refused when it is not understood: an unknown
// modifier, a key that stands twice, a placeholder that the site has not bound, an aggregation
// in a condition, a regular expression that no search in bounded time can do. What concerns readers only,
// such as a date in an old form, is kept with a warning or without a word, as the rules that
// people share require.
//
// # Source
//
// Sigma specification 2.1.0: rules, correlation rules, filters (2.0.0), and the appendix on modifiers.
// Where it is silent, pySigma shows what rules have come to mean: filters are ANDed as written,
// "any of" is "1 of", correlations may state weeks (w), months (M) and years (y), a median,
// and a boolean condition over rule names. Where it is broken, the specification is followed: utf16 puts the
// bytes FF FE before the text.
package sigma
