package canary

import (
	"crypto/rand"
	"encoding/json"
	"time"
)

// Report is what a watcher of ours sends to a node: one JSON object on a line, which becomes an event of the log source wardline/canary.
type Report struct {
	Time    time.Time `json:"time"`
	Product string    `json:"product"` // wardline
	Service string    `json:"service"` // canary
	Type    string    `json:"type"`    // TripType or HeartbeatType
	ID      string    `json:"id"`      // of the report
	Watcher string    `json:"watcher"` // its name; it stands for the host where the trip is about one
	Host    string    `json:"host,omitempty"`

	Canary  string `json:"canary,omitempty"` // the canary's id
	Kind    Kind   `json:"kind,omitempty"`
	Act     Act    `json:"act,omitempty"`
	Level   string `json:"level,omitempty"`
	Meaning string `json:"meaning,omitempty"`
	How     string `json:"how,omitempty"`   // in words: a port scan, spoke DICOM
	Count   int    `json:"count,omitempty"` // connections that are one trip

	File    *FileReport    `json:"file,omitempty"`
	Process *ProcessReport `json:"process,omitempty"`
	Door    *DoorReport    `json:"door,omitempty"`
	Health  *Health        `json:"health,omitempty"`
}

// The types of reports.
const (
	TripType      = "trip"
	HeartbeatType = "heartbeat"
)

// FileReport is what happened to a decoy file.
type FileReport struct {
	Path string `json:"path"`
	To   string `json:"to,omitempty"`   // what probably became of it: a name beside it that begins with its own
	Late bool   `json:"late,omitempty"` // found by looking again, or after a time when nobody watched
}

// ProcessReport is who did it, where the system tells.
type ProcessReport struct {
	ID   int    `json:"id"`
	Name string `json:"name,omitempty"`
	Path string `json:"path,omitempty"`
	User string `json:"user,omitempty"`
}

// DoorReport is who knocked at decoy doors.
type DoorReport struct {
	From    string   `json:"from"`            // address
	Doors   []string `json:"doors"`           // their names and addresses
	Spoke   []string `json:"spoke,omitempty"` // kinds of what was said; never the content
	Calling string   `json:"calling,omitempty"`
	Called  string   `json:"called,omitempty"` // titles of an association
}

// Health is what a watcher says of itself, each minute: when that stops, nobody watches.
type Health struct {
	Since   time.Time `json:"since"`
	Files   int       `json:"files"`           // decoys that are watched
	Lost    int       `json:"lost,omitempty"`  // decoys that are changed or gone
	Blind   int       `json:"blind,omitempty"` // decoys that cannot be looked at, as on a share that is not mounted
	Doors   int       `json:"doors"`
	Notices uint64    `json:"notices"`          // of the system about their folders
	Polls   uint64    `json:"polls"`            // times that all were looked at
	Opens   string    `json:"opens"`            // how opening is seen: process, yes, no
	Tested  time.Time `json:"tested,omitzero"`  // when a file made for it was last noticed
	Waiting int       `json:"waiting"`          // reports that are not sent yet
	Dropped uint64    `json:"dropped"`          // reports for which there was no room
	Refused uint64    `json:"refused,omitzero"` // reports that the node did not take
}

// Line writes a report as it is sent, with an id and the names of its log source.
func (r Report) Line() ([]byte, error) {
	r.Product, r.Service = "wardline", "canary"
	if r.ID == "" {
		r.ID = rand.Text()
	}
	line, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	return append(line, '\n'), nil
}
