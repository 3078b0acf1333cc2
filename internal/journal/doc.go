// Package journal keeps everything that a hospital's systems said, in the order in which it
// was received, sealed so that nobody can change it unnoticed.
package journal
