// Package jsonl reads one JSON object in place: it validates the text, copies
// nothing, and lists where each value stands and under which path.
package jsonl
