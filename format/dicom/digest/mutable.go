package digest

import (
	"cmp"
	"slices"

	"github.com/wardline/wardline/format/dicom"
)

// Class says when an attribute may change after an instance was sealed.
type Class uint8

// The classes, from the strictest on.
const (
	Never     Class = iota // a change is one that somebody has to explain
	Notice                 // worth a notice: how a picture is shown, as the window
	WithCause              // with an update or merge of the patient, or the order's reconciliation
	Always                 // says where and how the instance is kept
)

// Mutable is which attributes of the data set itself may change. What it does not name is of class Never.
type Mutable struct {
	Attributes map[dicom.Tag]Class
	Groups     map[uint16]Class // private groups that a site listed
}

// Class returns the class of an attribute.
func (m Mutable) Class(t dicom.Tag) Class {
	if c, ok := m.Attributes[t]; ok {
		return c
	}
	if t.Private() {
		return m.Groups[t.Group()]
	}
	return Never
}

// DefaultMutable is the set for a hospital whose archive corrects names and orders as IHE describes it. It lists no private group.
func DefaultMutable() Mutable {
	m := Mutable{Attributes: map[dicom.Tag]Class{}}
	for c, tags := range map[Class][]dicom.Tag{
		Always: {
			0x00080054, // RetrieveAETitle
			0x00080056, // InstanceAvailability
			0x00082111, // DerivationDescription: archives that are built on DCMTK write there that they compressed without loss
			0x04000561, // OriginalAttributesSequence
			0xFFFAFFFA, // DigitalSignaturesSequence
			0x4FFE0001, // MACParametersSequence
		},
		WithCause: {
			0x00100010, 0x00100020, 0x00100021, 0x00100030, 0x00100040, // PatientName, PatientID, IssuerOfPatientID, PatientBirthDate, PatientSex
			0x00101000, 0x00101001, // OtherPatientIDs, OtherPatientNames
			0x00080050, 0x00200010, 0x00401001, // AccessionNumber, StudyID, RequestedProcedureID
			0x00400275, 0x00081030, 0x00321060, // RequestAttributesSequence, StudyDescription, RequestedProcedureDescription
			0x00080080, 0x00080081, // InstitutionName, InstitutionAddress
		},
		Notice: {0x00281050, 0x00281051}, // WindowCenter, WindowWidth
	} {
		for _, t := range tags {
			m.Attributes[t] = c
		}
	}
	return m
}

// Change is an attribute of the data set itself that two instances do not have alike.
type Change struct {
	Tag   dicom.Tag
	Class Class
}

// Changes lists what of the header differs between two forms of an instance, by tags: what the header digests tell
// that it is there. Of an attribute that stands there twice every form counts.
func Changes(before, after *dicom.File, m Mutable) []Change {
	a, b := byTag(&before.DataSet, before.Syntax), byTag(&after.DataSet, after.Syntax)
	var changes []Change
	for t, value := range a {
		if other, ok := b[t]; !ok || value != other {
			changes = append(changes, Change{t, m.Class(t)})
		}
	}
	for t := range b {
		if _, ok := a[t]; !ok {
			changes = append(changes, Change{t, m.Class(t)})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return cmp.Compare(a.Tag, b.Tag) })
	return changes
}

// byTag returns the canonical form of every attribute.
func byTag(ds *dicom.DataSet, syntax dicom.Syntax) map[dicom.Tag]string {
	out := map[dicom.Tag]string{}
	for _, e := range ordered(ds, topLevel) {
		out[e.Tag] += string(form{syntax, hiddenDepth}.element(nil, ds, e))
	}
	return out
}
