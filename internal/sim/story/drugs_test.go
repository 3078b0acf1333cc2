package story_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/story"
	"github.com/wardline/wardline/internal/sim/world"
)

// The columns of the cabinets' log.
const (
	station, kind, user, witness, patient, drug, name, amount, unit, expected, counted, order = 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13
)

// transaction is a row of the cabinets' log, and whose it is.
type transaction struct {
	cells []string
	story string
}

// atCabinets plays a month with a thief and one who only looks like one, and returns the rows, and which orders were prescribed.
func atCabinets(t *testing.T, seed uint64) (rows []transaction, prescribed map[string]string) {
	t.Helper()
	stories, _ := story.Named("T19", "B16")
	h, err := life.New(life.Config{Size: world.Mid, Seed: seed, From: monday(), Days: 31, Learn: 1, Rows: 0.01, Stories: stories})
	if err != nil {
		t.Fatal(err)
	}
	prescribed = map[string]string{}
	of := regexp.MustCompile(`ORC\|NW\|([^|^]+)[^\r]*\rRXE\|\|([^|^]+)`)
	err = h.Play(t.Context(), life.Sinks{Record: func(r *feed.Record) error {
		switch r.Feed {
		case feed.Cabinets:
			rows = append(rows, transaction{strings.Split(strings.TrimSpace(string(r.Data)), ","), r.Story})
		case feed.Pharmacy:
			if m := of.FindStringSubmatch(string(r.Data)); m != nil {
				prescribed[m[1]] = m[2]
			}
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return rows, prescribed
}

// TestAThiefIsNotKnownByTheFormat: what a thief leaves at the cabinets has nothing that others' rows have not.
func TestAThiefIsNotKnownByTheFormat(t *testing.T) {
	if testing.Short() {
		t.Skip("plays a month of a hospital")
	}
	rows, prescribed := atCabinets(t, 4)
	usual, wastes, shape := map[string]int{}, map[string]int{}, regexp.MustCompile(`^O[0-9]+$`)
	kinds, peers := map[string]int{}, map[string]bool{}
	for _, r := range rows {
		c := r.cells
		if r.story == "" {
			usual[c[station]+c[drug]+c[name]]++
			wastes[c[kind]+c[drug]+c[amount]+c[unit]]++
			if c[drug] == "D0417" && c[kind] == "REMOVE" {
				peers[c[user]] = true
			}
		}
	}
	before := map[string]int{}
	for _, r := range rows {
		c := r.cells
		count, _ := strconv.Atoi(c[expected])
		if r.story != "" {
			kinds[r.story+" "+c[kind]]++
			if usual[c[station]+c[drug]+c[name]] == 0 || wastes[c[kind]+c[drug]+c[amount]+c[unit]] == 0 {
				t.Errorf("nobody else has %v", c)
			}
			if c[order] != "" && (!shape.MatchString(c[order]) || prescribed[c[order]] != c[drug]) {
				t.Errorf("%v: nobody prescribed that", c)
			}
			taken := c[kind] == "REMOVE" || c[kind] == "OVERRIDE"
			if was, known := before[c[station]+c[drug]]; taken && known && count != was-1 {
				t.Errorf("%v: %d lay there before", c, was)
			}
		}
		before[c[station]+c[drug]], _ = strconv.Atoi(c[counted])
	}
	t.Log(kinds, len(peers))
	for _, want := range []string{"T19 REMOVE", "T19 OVERRIDE", "T19 WASTE", "B16 OVERRIDE", "B16 WASTE"} {
		if kinds[want] < 5 {
			t.Errorf("%d rows are %s", kinds[want], want)
		}
	}
	if len(peers) < 100 {
		t.Errorf("only %d others handle the drug that is stolen", len(peers))
	}
}

// TestAThiefHasOneWitness who is there, and an ordinary day's work beside; one who only looks like a thief has many witnesses.
func TestAThiefHasOneWitness(t *testing.T) {
	if testing.Short() {
		t.Skip("plays a month of a hospital")
	}
	rows, _ := atCabinets(t, 6)
	thief, seen := "", map[string]map[string]bool{"T19": {}, "B16": {}}
	for _, r := range rows {
		if r.story == "T19" {
			thief = r.cells[user]
		}
		if r.story != "" && r.cells[kind] == "WASTE" {
			seen[r.story][r.cells[witness]] = true
		}
	}
	if len(seen["T19"]) != 1 || seen["T19"][""] || len(seen["B16"]) < 3 {
		t.Errorf("witnesses are %v", seen)
	}
	own := slices.DeleteFunc(rows, func(r transaction) bool { return r.story != "" || r.cells[user] != thief })
	if len(own) < 60 {
		t.Errorf("the thief took out only %d drugs as everybody does", len(own))
	}
	t.Log(len(own), seen)
}
