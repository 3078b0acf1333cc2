package main

import (
	"context"

	"github.com/wardline/wardline/internal/app"
)

// hospitalCmd is `wardline hospital`.
type hospitalCmd struct {
	Check hospitalCheckCmd `cmd:"" help:"Read staff, rosters, lists, HL7 and FHIR from files, and say what would be known from them. Nothing is kept."`
}

// hospitalCheckCmd is `wardline hospital check`.
type hospitalCheckCmd struct {
	Paths     []string `arg:"" help:"Files and folders: staff, roster, location and list files, access logs, HL7 messages, FHIR resources."`
	Mappings  string   `placeholder:"DIR" help:"Folder of mapping files for further exports in CSV."`
	Zone      string   `placeholder:"PLACE" help:"Whose clocks times show that state no offset, such as Europe/Berlin; UTC unless stated."`
	Authority string   `placeholder:"NAME" help:"Who issued the numbers of patients that stand alone, as in access logs; the one met most often unless stated."`
}

// Run checks.
func (c *hospitalCheckCmd) Run(ctx context.Context, s streams) error {
	return app.CheckHospital(ctx, app.HospitalConfig{Paths: c.Paths, Mappings: c.Mappings, Zone: c.Zone, Authority: c.Authority}, s.terminal())
}
