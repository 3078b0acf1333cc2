package trace

import (
	"bytes"
	"encoding/binary"
	"strconv"
)

// Instance is one image as a file (PS3.10), small: what a modality sends, and what the archive gives back.
type Instance struct {
	Patient                   Patient
	Name                      string // family^given
	Born, Sex                 string
	Study, Series, UID        string
	Accession, Modality       string
	Date, Time                string
	Number                    int
	Rows, Columns             int
	Pixels                    []uint16
	Station                   string
	Preamble                  []byte // at most 128 bytes; empty for the usual zeros
	Manufacturer, Description string
}

// ctStorage is the SOP class of CT images, secondCapture that of anything else (PS3.4 B.5).
const (
	ctStorage     = "1.2.840.10008.5.1.4.1.1.2"
	secondCapture = "1.2.840.10008.5.1.4.1.1.7"
	explicitVR    = "1.2.840.10008.1.2.1"
)

func (i Instance) class() string {
	if i.Modality == "CT" {
		return ctStorage
	}
	return secondCapture
}

// File is the file, in explicit VR little endian.
func (i Instance) File() []byte {
	var meta, set dataset
	meta.bytes(0x0002, 0x0001, "OB", []byte{0, 1})
	meta.text(0x0002, 0x0002, "UI", i.class())
	meta.text(0x0002, 0x0003, "UI", i.UID)
	meta.text(0x0002, 0x0010, "UI", explicitVR)
	meta.text(0x0002, 0x0012, "UI", "2.25.99887766554433")
	i.set(&set)

	file := make([]byte, 128, 512+meta.Len()+set.Len())
	copy(file, i.Preamble)
	file = append(file, "DICM"...)
	var length dataset
	length.bytes(0x0002, 0x0000, "UL", binary.LittleEndian.AppendUint32(nil, uint32(meta.Len())))
	file = append(file, length.Bytes()...)
	file = append(file, meta.Bytes()...)
	return append(file, set.Bytes()...)
}

// set writes the data set; elements stand in the order of their tags (PS3.5 7.1).
func (i Instance) set(d *dataset) {
	d.text(0x0008, 0x0005, "CS", "ISO_IR 192")
	d.text(0x0008, 0x0016, "UI", i.class())
	d.text(0x0008, 0x0018, "UI", i.UID)
	d.text(0x0008, 0x0020, "DA", i.Date)
	d.text(0x0008, 0x0030, "TM", i.Time)
	d.text(0x0008, 0x0050, "SH", i.Accession)
	d.text(0x0008, 0x0060, "CS", i.Modality)
	d.text(0x0008, 0x0070, "LO", i.Manufacturer)
	d.text(0x0008, 0x1010, "SH", i.Station)
	d.text(0x0008, 0x1030, "LO", i.Description)
	d.text(0x0010, 0x0010, "PN", i.Name)
	d.text(0x0010, 0x0020, "LO", i.Patient.MRN)
	d.text(0x0010, 0x0021, "LO", i.Patient.Authority)
	d.text(0x0010, 0x0030, "DA", i.Born)
	d.text(0x0010, 0x0040, "CS", i.Sex)
	d.text(0x0020, 0x000d, "UI", i.Study)
	d.text(0x0020, 0x000e, "UI", i.Series)
	d.text(0x0020, 0x0013, "IS", strconv.Itoa(i.Number))
	d.short(0x0028, 0x0002, 1)
	d.text(0x0028, 0x0004, "CS", "MONOCHROME2")
	d.short(0x0028, 0x0010, i.Rows)
	d.short(0x0028, 0x0011, i.Columns)
	d.short(0x0028, 0x0100, 16)
	d.short(0x0028, 0x0101, 16)
	d.short(0x0028, 0x0102, 15)
	d.short(0x0028, 0x0103, 0)
	pixels := make([]byte, 0, 2*len(i.Pixels))
	for _, p := range i.Pixels {
		pixels = binary.LittleEndian.AppendUint16(pixels, p)
	}
	d.bytes(0x7fe0, 0x0010, "OW", pixels)
}

// dataset is elements in explicit VR little endian (PS3.5 7.1.2).
type dataset struct{ bytes.Buffer }

func (d *dataset) bytes(group, element uint16, vr string, value []byte) {
	head := binary.LittleEndian.AppendUint16(nil, group)
	head = binary.LittleEndian.AppendUint16(head, element)
	head = append(head, vr...)
	if vr == "OB" || vr == "OW" {
		head = append(head, 0, 0)
		head = binary.LittleEndian.AppendUint32(head, uint32(len(value)))
	} else {
		head = binary.LittleEndian.AppendUint16(head, uint16(len(value)))
	}
	d.Write(head)
	d.Write(value)
}

// text pads to an even length: with NUL for identifiers, with a blank otherwise (PS3.5 6.2).
func (d *dataset) text(group, element uint16, vr, value string) {
	pad := byte(' ')
	if vr == "UI" {
		pad = 0
	}
	v := []byte(value)
	if len(v)%2 == 1 {
		v = append(v, pad)
	}
	d.bytes(group, element, vr, v)
}

func (d *dataset) short(group, element uint16, value int) {
	d.bytes(group, element, "US", binary.LittleEndian.AppendUint16(nil, uint16(value)))
}
