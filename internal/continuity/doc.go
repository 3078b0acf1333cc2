// Package continuity watches the rhythm of care: which feeds speak, how they are answered, and whether they say too much.
//
// A hospital's systems tell each other what happens to patients. When one stops, nothing breaks at once: results are late, a ward's
// list is old, and somebody notices after an hour. The Engine hears every event of the journal and finds the feeds in it by itself:
//
//	event ─► hear ─► feed (who says what kind of thing) ─► silence   it should speak and does not
//	                   └ part (analyser, ward, machine)  ─► silence   likewise, of a part of a feed
//	                 feed                                ─► surge     it says the same again, or far too much
//	                 way (who answers it)                ─► answer    late, with refusals, or not at all
//	                 channel (of an interface engine)    ─► channel   takes in and does not hand on
//	                 feed beside feeds                   ─► sibling   it says less than it should on a day like this
//	                 message (when it was written)       ─► delay     it waited somewhere
//	                 machine                             ─► hush      its logs stop with those of others
//	                 finding                             ─► stage     it hangs together with others
//	                 order (and what it brings back)     ─► pair      not answered, or late
//	                 number (that a sender gives)        ─► numbers   a message between two is missing
//	                 arrival (of a patient)              ─► crowd     more than usual, for days: no system's fault
//	                                                          │
//	                                                         Sign ─► Incidents ─► finding, one for each cause
//
// Nothing is asked of any system here, and nothing need be configured: what is heard is the configuration, beside what a house draws of itself (Site). The figures come from
// simulated feeds; the package of each detector has them.
package continuity
