package feed

import "github.com/wardline/wardline/internal/sim/trace"

// Further feeds that only stories write to.
const (
	Wire        Feed = "wire"          // what a tap understands of imaging and HL7 on the network, in the form of Zeek's logs
	TapLab      Feed = "tap-lab"       // HL7 as it left the laboratory's system
	TapRecord   Feed = "tap-record"    // HL7 as it reached the record system
	ImagesSent  Feed = "images-sent"   // images as machines sent them
	ImagesKept  Feed = "images-kept"   // images as the archive gives them back
	LabTable    Feed = "lab-table"     // rows of the laboratory's results, read back from its database
	DrugTable   Feed = "drug-table"    // rows of the drug dictionary, read back
	Counts      Feed = "counts"        // what a read-back counted
	Proxy       Feed = "proxy"         // the way to the internet
	Hypervisors Feed = "hypervisors"   // the hosts of virtual machines
	Witness     Feed = "witness"       // the house that witnesses another's log
	Console     Feed = "console"       // what was done in Wardline itself
	Vaccines    Feed = "immunisations" // HL7 VXU
)

// describeSystem returns how a feed of the systems beside the record travels.
func describeSystem(f Feed) (Description, bool) {
	switch f {
	case TapLab, TapRecord, Vaccines:
		return Description{Way: MLLP, Ext: ".hl7"}, true
	case Proxy, Hypervisors:
		return Description{Way: Syslog, Ext: ".log"}, true
	case ImagesSent, ImagesKept:
		return Description{Way: File, Ext: ".dcm"}, true
	case Cabinets:
		return Description{Way: Rows, Head: trace.CabinetHeader, Ext: ".csv"}, true
	case Badges:
		return Description{Way: Rows, Head: trace.BadgeHeader, Ext: ".csv"}, true
	case Certs:
		return Description{Way: Rows, Head: trace.CertificateHeader, Ext: ".csv"}, true
	case LabTable:
		return Description{Way: Rows, Head: trace.ResultHeader, Ext: ".csv"}, true
	case DrugTable:
		return Description{Way: Rows, Head: trace.DrugHeader, Ext: ".csv"}, true
	case Counts:
		return Description{Way: Rows, Head: trace.CountHeader, Ext: ".csv"}, true
	}
	return Description{}, false
}
