package evidence_test

// statement is what stands in a bundle of one record that one witness signed for.
const statement = `WHAT THIS IS

A laboratory value that two systems do not agree about.
It was exported on 26 November 2026 at 13:00:00 UTC by R. Roe, privacy officer.
The reason given was: inquiry 621
It holds 1 record of the journal journal.st-example.org.

WHAT IT PROVES, WHEN ALL CHECKS HOLD

1. 1 record is, letter by letter, what was sealed in the journal at the place that is named.
   Nobody has to believe the hospital for that: it follows from the record itself, by arithmetic.
2. The checkpoint in the bundle seals it together with everything in front of it in the journal. None of that can be changed, removed or
   put in between afterwards without becoming another checkpoint.
3. Other houses signed that checkpoint too, each at the time that the check names. So the record is at least that old,
   unless the hospital and those houses lied together. This holds for houses whose keys you had from elsewhere.

WHAT IT DOES NOT PROVE

- That a record is true. It proves what reached the journal, not whether the sender told the truth.
- That it is complete. There may be other records about the same matter, which were not exported.
- When something happened before it reached the journal. Times within a record are what its sender said.
- That the encrypted copy in the hospital's own store still says the same. What counts is what the entry was bound to when it was sealed.
- That a time named by the hospital alone is right. Only the signatures of others bound it.
- Anything, to somebody who takes the keys from this bundle. They must have come another way, and earlier.
`
