package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/internal/continuity/bedside"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/hospital/reader"
	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/privacy"
	"github.com/wardline/wardline/internal/privacy/diversion"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// PrivacyConfig is the explanation of accesses to patients' records.
type PrivacyConfig struct {
	// Off switches it off: accesses are sealed and searched, and nobody asks why they happened.
	Off bool `yaml:"off"`
	// Authority issued the numbers of patients that systems write without saying whose they are, such as an access log in
	// CSV: the namespace in PID-3 of the house's own messages. Aliases are further names of authorities, such as an OID or
	// a FHIR system, and the name that is used for each.
	Authority string            `yaml:"authority"`
	Aliases   map[string]string `yaml:"aliases"`
	// Beds is the size of the house: ten cases a day are opened for a thousand. CasesPerDay says it outright.
	Beds        int `yaml:"beds"`
	CasesPerDay int `yaml:"cases_per_day"`
	// ExportLimit and ImageLimit are how many patients a report, and how many studies an hour's move of images may hold before
	// somebody is told at once.
	ExportLimit int `yaml:"export_limit"`
	ImageLimit  int `yaml:"image_limit"`
	// Content is a folder that changes single reasons, flags, weights and classes: see content/privacy in the sources.
	Content string `yaml:"content"`
}

func (c *PrivacyConfig) check() error {
	if c.Beds < 1 || c.CasesPerDay < 0 || c.ExportLimit < 1 || c.ImageLimit < 1 {
		return errors.New("privacy: beds, export_limit and image_limit are 1 at least, and cases_per_day is not below 0")
	}
	_, _, err := c.judge()
	return err
}

// judge reads what accesses are judged by, and by which rules theft of drugs is looked for.
func (c *PrivacyConfig) judge() (*judge.Judge, *diversion.Rules, error) {
	var site fs.FS
	if c.Content != "" {
		if _, err := os.Stat(c.Content); err != nil {
			return nil, nil, fmt.Errorf("privacy.content: %w", err)
		}
		site = os.DirFS(c.Content)
	}
	j, err := judge.Load(content.Privacy(), site)
	if err != nil {
		return nil, nil, fmt.Errorf("privacy.content: %w", err)
	}
	drugs, err := diversion.Load(content.Privacy(), site)
	if err != nil {
		return nil, nil, fmt.Errorf("privacy.content: %w", err)
	}
	return j, drugs, nil
}

// openPrivacy opens the room that asks why records were opened.
func (n *Node) openPrivacy(ctx context.Context) error {
	c := &n.config.Privacy
	if c.Off {
		return nil
	}
	zone, err := n.config.Location()
	if err != nil {
		return err
	}
	j, drugs, err := c.judge()
	if err != nil {
		return err
	}
	n.privacy, err = privacy.OpenRoom(ctx, privacy.RoomConfig{
		Config: privacy.Config{
			Zone: zone, Beds: c.Beds, CasesPerDay: c.CasesPerDay, Export: c.ExportLimit, Images: c.ImageLimit, Drugs: drugs,
		},
		DB: n.db, Journal: n.journal, Vault: n.vault, Judge: j, Log: n.log,
	})
	return err
}

// openHospital opens what knows the hospital, and what the rooms follow that need to know it. Without such a room it stays closed.
func (n *Node) openHospital(ctx context.Context) error {
	var rooms []hospital.Hooks
	if n.privacy != nil {
		rooms = append(rooms, n.privacy.Hooks())
	}
	if n.integrity != nil {
		rooms = append(rooms, n.integrity.Hooks())
	}
	if n.packs != nil {
		rooms = append(rooms, n.packs.wards.Hooks())
	}
	if len(rooms) == 0 {
		return nil
	}
	zone, err := n.config.Location()
	if err != nil {
		return err
	}
	j, _, err := n.config.Privacy.judge()
	if err != nil {
		return err
	}
	c := &n.config.Privacy
	n.hospital, err = hospital.NewFollower(ctx, hospital.FollowerConfig{
		Journal: n.journal, DB: n.db, Vault: n.vault, Taxonomy: n.taxonomy, Log: n.log,
		House: hospital.Options{
			Zone: zone, Authority: c.Authority, Aliases: c.Aliases,
			Family: func(_, title string) hospital.Family { return j.Classes().Family(title) },
		},
		Read: reader.New(zone).Read,
		Wants: func(class *event.Class) bool {
			return reader.Wants(class) || n.privacy != nil && privacy.Wants(class) || n.integrity != nil && integrity.Wants(class) || n.packs != nil && bedside.Wants(class)
		},
		Rooms: rooms,
	})
	if err == nil && n.privacy != nil {
		n.privacy.Attach(n.hospital.View)
	}
	return err
}

// houseStatus is what is known of the hospital; nil when that is off.
func (n *Node) houseStatus() *HouseStatus {
	if n.hospital == nil {
		return nil
	}
	s := HouseStatus{Follower: n.hospital.State()}
	n.hospital.View(func(h *hospital.House) { s.Overview = h.Overview() })
	return &s
}
