// Package downtime makes the paper on which a ward works while its screens are dark, and what goes with it: packs that are printed before, drills that show whether
// people can use them, and lists of what must be entered back afterwards.
//
//	Pack ──► Press ──► PDF, or one page of HTML ──► Lock (age) ──► folders, and PCs that stand alone
//	Census at the beginning, at the end ──► Reconcile ──► what must be entered back
//
// A pack says on every page of when its data is, when it was printed, and until when it may be used: a ward that reads yesterday's paper for today's gives drugs
// twice. What is not known is printed as not known. Patient data lies open only where somebody said so; everything else is sealed for the unit.
package downtime
