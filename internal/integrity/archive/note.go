package archive

import (
	"slices"

	"github.com/wardline/wardline/format/dicom"
)

const (
	keyObjectSelection = "1.2.840.10008.5.1.4.1.1.88.59"
	mostRejected       = mostInstances // instances that one note names
)

// titles say that what a Key Object Selection Document names is rejected (IHE RAD TF-3 4.66, DCM CID 7011): for its quality, for the safety of patients, as of
// another worklist entry, as its time is over.
func titles() []string { return []string{"113001", "113037", "113038", "113039"} }

// rejects lists the instances that a rejection note names; none when ds is no rejection note.
func rejects(ds *dicom.DataSet) []string {
	const (
		class, title, code, scheme           = 0x00080016, 0x0040A043, 0x00080100, 0x00080102
		evidence, series, instances, instUID = 0x0040A375, 0x00081115, 0x00081199, 0x00081155
	)
	if ds.Text(class) != keyObjectSelection {
		return nil
	}
	is := slices.ContainsFunc(ds.Sequence(title), func(item dicom.DataSet) bool {
		return item.Text(scheme) == "DCM" && slices.Contains(titles(), item.Text(code))
	})
	if !is {
		return nil
	}
	var named []string
	for _, study := range ds.Sequence(evidence) {
		for _, s := range study.Sequence(series) {
			for _, i := range s.Sequence(instances) {
				if uid := i.Text(instUID); isUID(uid) && len(named) < mostRejected {
					named = append(named, uid)
				}
			}
		}
	}
	return named
}
