// Package content is the knowledge that ships with Wardline: what log means what,
// which rules to ask, how a hospital's exports name their columns. It is text that
// can be read and changed without Go.
package content
