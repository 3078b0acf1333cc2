// Package veil says how much of a record may be seen outside of the vault: who did what, where and when, but not to
// whom, and nothing that a person wrote.
//
// Of a clinical system's record only fields stand there that are known to name no patient, and tokens in the place of the
// identifiers in access. What other machines log stays as it is, but for words that were heard before as a patient's number,
// telephone or name: a web server writes them into addresses. What was not heard before, and what does not look
// like an identifier, such as a date of birth by itself, is not found there: logs of machines are no place for patients, and
// this is a net below them, not a wall.
package veil
