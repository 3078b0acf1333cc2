// Package silence says when a feed that should speak does not.
//
// A fixed timer cannot: a laboratory that sends a result each minute at eight sends none for half an hour at four. So
// time is counted in messages that should have come. The model of a feed is its week: how many messages each half hour of
// the week brings, by the clock on the wall.
//
//	messages     .  ..:||||:..  .   .      .  ..:||||:   <- usual
//	curve      ___/‾‾‾‾‾‾‾‾\________________/‾‾‾‾‾‾‾
//	                                   last message | gap: the curve's area since then
//
// The gap is measured between all messages of eight weeks. Its largest values follow a law of their own (peaks over a
// threshold: what exceeds the 98th percentile falls off exponentially), by which a gap is computed that comes once in
// four years of ordinary life. A gap beyond that, and beyond half more than the largest ever seen, is silence.
//
// The model is frozen while its feed is silent, planned downtime counts for nothing, a holiday is a Sunday, and the
// nights on which clocks change have 23 and 25 hours. A feed of twenty thousand messages a day is found silent within
// minutes, one of two hundred within hours: for the small ones ask whether they live, and do not wait.
package silence
