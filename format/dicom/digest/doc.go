// Package digest computes the fingerprints of a DICOM image: short numbers that stay the same however the image is stored or sent,
// and change as soon as a word of its header or a pixel of its pictures does.
package digest
