// Package index finds events: by a word, by a field, in a span of time.
//
// It is a copy that may be thrown away. Events lie in the journal; the index reads them from there, keeps
// them in VictoriaLogs in a form that is quick to search, and remembers how far it came. When its folder is
// deleted, damaged or behind, it reads the journal again.
//
// VictoriaLogs runs as a child process of the same binary (package child), on a Unix socket in the index's own folder,
// because its library panics on a full or damaged disk. Beyond one machine the same client speaks to a
// VictoriaLogs cluster by its URL.
package index
