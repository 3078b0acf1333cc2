// Package scan reads the logs that a hospital already has and says what stands in
// them: it walks files and folders, unpacks archives, tells formats by content, and
// hands every event to the detection engine.
//
//	paths ─► walk ─► unpack ─► sniff ─► decoder ─► event ─► detect ─┐
//	                (gzip, zstd,        (collect)            indicators ├─► findings
//	                 zip, nested)                            correlations ┘
//
// Whatever an input says about itself, a scan stays within its limits, goes on after
// damage, and counts what it could not read.
package scan
