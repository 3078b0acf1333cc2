// Package feed knows in what form the systems of an invented hospital say what they say: messages between systems,
// rows of access logs, files that the staff office lays down once a day.
//
// It knows nothing of what happens in the house: others decide that, and hand it over to be written.
package feed

import "time"

// Feed is one stream of records, as one system sends them.
type Feed string

// The feeds of ordinary life.
const (
	ADT        Feed = "adt"        // who comes, lies where, goes: HL7 ADT, from the record system
	Orders     Feed = "orders"     // HL7 ORM and OML, from the record system
	Lab        Feed = "lab"        // HL7 ORU, from the laboratory
	Imaging    Feed = "imaging"    // HL7 ORU and ORM status, from radiology
	Pharmacy   Feed = "pharmacy"   // HL7 RDE and RAS
	Scheduling Feed = "scheduling" // HL7 SIU
	Documents  Feed = "documents"  // HL7 MDM
	Billing    Feed = "billing"    // HL7 DFT
	Referrals  Feed = "referrals"  // HL7 REF: messages, calls, referrals
	Directory  Feed = "directory"  // HL7 MFN about staff
	Access     Feed = "access"     // rows of the record system's access log
	Staff      Feed = "staff"      // the staff office's file, whole, once a day
	Roster     Feed = "roster"     // rosters of the coming days, once a day
	Locations  Feed = "locations"  // units, once a day
	Lists      Feed = "lists"      // lists of the site, once a day
	SignIns    Feed = "signins"    // sign-ins to the cloud, as Microsoft Graph exports them
)

// Cabinets are the drug cabinets of wards, emergency department and theatres.
const Cabinets Feed = "cabinets"

// Feeds that only stories write to. Ordinary life leaves them silent unless Life says otherwise.
const (
	Archive     Feed = "archive"      // audit messages of the image archive, ATNA over syslog
	Portal      Feed = "portal"       // FHIR AuditEvents of the portal and of apps (BALP)
	API         Feed = "api"          // access log of the FHIR server
	DICOMWeb    Feed = "dicomweb"     // access log of the image viewer's server
	VPN         Feed = "vpn"          // the gateway for those who work from outside, syslog
	Windows     Feed = "windows"      // events of Windows machines
	Network     Feed = "network"      // Suricata's events
	Connections Feed = "connections"  // Zeek's connections
	SQLAudit    Feed = "sql-audit"    // who asked the databases
	Printing    Feed = "printing"     // the print server
	Badges      Feed = "badges"       // doors
	Engine      Feed = "engine"       // the interface engine's own log
	Backups     Feed = "backups"      // backup jobs
	Clocks      Feed = "clocks"       // time service
	Certs       Feed = "certificates" // the list of certificates
)

// Way is how a system hands its records on.
type Way uint8

// The ways.
const (
	MLLP   Way = iota + 1 // an HL7 message each, acknowledged one by one
	Rows                  // rows that are gathered into a file each hour
	File                  // every record is a whole file
	Syslog                // a syslog message each, counted, over TCP or TLS
	Lines                 // JSON lines, posted
	FHIR                  // a resource each, posted
)

// Description says how a feed travels.
type Description struct {
	Way  Way
	Head string // first line of each file of Rows, without line end
	Ext  string // of files, with the dot
}

// Describe returns how f travels. Feeds that it does not know are JSON lines.
func Describe(f Feed) Description {
	if d, ok := describeSystem(f); ok {
		return d
	}
	switch f {
	case ADT, Orders, Lab, Imaging, Pharmacy, Scheduling, Documents, Billing, Referrals, Directory:
		return Description{Way: MLLP, Ext: ".hl7"}
	case Access:
		return Description{Way: Rows, Head: AccessHead, Ext: ".csv"}
	case Staff, Roster, Locations, Lists:
		return Description{Way: File, Ext: ".csv"}
	case Archive, VPN, Engine, Backups, Clocks, SQLAudit:
		return Description{Way: Syslog, Ext: ".log"}
	case Portal:
		return Description{Way: FHIR, Ext: ".ndjson"}
	default:
		return Description{Way: Lines, Ext: ".ndjson"}
	}
}

// Record is one thing that a system said.
type Record struct {
	Feed Feed
	At   time.Time // when it leaves its system
	ID   uint64    // by which the truth names it; it stands in no byte of Data
	// Data is an HL7 message with its segments ended by CR, a row or line with its line end, a syslog message without
	// the count before it, a resource, or a file. It is valid until the callback that received it returns.
	Data  []byte
	Name  string // of the file, for records that are whole files
	Story string // the story whose it is; empty for ordinary life
	Slip  string // what makes it look falsified though it is honest; empty for most
}
