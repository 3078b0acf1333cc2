package dicom

import (
	"strings"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/dimse"
)

// verification is the SOP class of C-ECHO (PS3.4 A.4).
const verification = "1.2.840.10008.1.1"

// storage lists what may be stored: the SOP classes of PS3.4 B.5 by what they begin with, and those outside of it.
func storage() []string {
	return []string{
		"1.2.840.10008.5.1.4.1.1.",  // images, waveforms, reports, plans, segmentations
		"1.2.840.10008.5.1.4.34.7",  // RT Beams Delivery Instruction
		"1.2.840.10008.5.1.4.34.10", // RT Brachy Application Setup Delivery Instruction
		"1.2.840.10008.5.1.4.38.1",  // Hanging Protocol (PS3.4 GG.3)
		"1.2.840.10008.5.1.4.39.1",  // Color Palette
		"1.2.840.10008.5.1.4.43.1",  // Generic Implant Template
		"1.2.840.10008.5.1.4.44.1",  // Implant Assembly Template
		"1.2.840.10008.5.1.4.45.1",  // Implant Template Group
		"1.2.840.10008.5.1.4.200.1", // CT Defined Procedure Protocol
		"1.2.840.10008.5.1.4.200.3", // Protocol Approval
		"1.2.840.10008.5.1.1.27",    // Stored Print, retired
		"1.2.840.10008.5.1.1.29",    // Hardcopy Grayscale, retired
		"1.2.840.10008.5.1.1.30",    // Hardcopy Color, retired
	}
}

// stores tells whether images of a SOP class are taken.
func stores(a dimse.Acceptor, class string) bool {
	for _, o := range a.Offers {
		if o.Abstract != verification && (o.Abstract == class || strings.HasSuffix(o.Abstract, ".") && strings.HasPrefix(class, o.Abstract)) {
			return true
		}
	}
	return false
}

// transfers lists the transfer syntaxes that are taken, of PS3.6 A-1: all in which the pixels come along and frames can be told
// apart. The deflated one is not among them, for it makes a gigabyte of a megabyte; whoever has it has also an uncompressed
// one (PS3.5 10.1).
func transfers() []string {
	list := []string{
		string(dicom.ImplicitLE), string(dicom.ExplicitLE), string(dicom.ExplicitBE), string(dicom.RLELossless),
		"1.2.840.10008.1.2.1.98", // Encapsulated Uncompressed
	}
	for _, last := range strings.Fields("50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65 66 70 80 81 90 91 92 93 " + // JPEG, JPEG-LS, JPEG 2000
		"100 100.1 101 101.1 102 102.1 103 103.1 104 104.1 105 105.1 106 106.1 107 108 " + // MPEG and HEVC
		"110 111 112 201 202 203") { // JPEG XL, HTJ2K
		list = append(list, "1.2.840.10008.1.2.4."+last)
	}
	return list
}
