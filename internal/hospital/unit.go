package hospital

import "strings"

// surnames counts how many records have a family name, by its hash.
type surnames struct {
	count map[uint64]int
	all   int
	dirty map[uint64]struct{}
}

func (s *surnames) add(family uint64, n int) {
	if family == 0 {
		return
	}
	s.all += n
	s.dirty[family] = struct{}{}
	if s.count[family] += n; s.count[family] <= 0 {
		delete(s.count, family)
	}
}

// Rarity is the share of patients who have a family name, given as Identity.Family: between 0 and 1, 0 when nobody has it.
func (h *House) Rarity(family uint64) float64 {
	if h.surnames.all == 0 {
		return 0
	}
	return float64(h.surnames.count[family]) / float64(h.surnames.all)
}

// units are what wards, theatres and clinics belong to. One that was only heard of has an empty UnitInfo.
type units struct {
	all   map[Ref]*UnitInfo
	dirty map[Ref]struct{}
}

// heard notes that there is such a unit.
func (u *units) heard(unit Ref) {
	if unit != 0 && u.all[unit] == nil && len(u.all) < mostUnits {
		u.all[unit] = &UnitInfo{}
		u.dirty[unit] = struct{}{}
	}
}

// mostUnits bounds how many units are heard of: more are no units.
const mostUnits = 100_000

// takeUnit enters what a unit belongs to.
func (h *House) takeUnit(f *UnitFact) {
	unit := h.Intern(f.Unit)
	h.units.heard(unit)
	u := h.units.all[unit]
	if u == nil {
		h.limits.Nobody++
		return
	}
	before := *u
	if f.Title != "" {
		u.Title = strings.Clone(normal(f.Title))
	}
	for _, set := range []struct {
		to   *Ref
		text string
	}{{&u.Department, f.Department}, {&u.Service, f.Service}, {&u.Building, f.Building}, {&u.Site, f.Site}} {
		if ref := h.Intern(set.text); ref != 0 {
			*set.to = ref
		}
	}
	if *u != before {
		h.units.dirty[unit] = struct{}{}
	}
}

// Unit tells what a unit belongs to.
func (h *House) Unit(unit Ref) UnitInfo {
	if u := h.units.all[unit]; u != nil {
		return *u
	}
	return UnitInfo{}
}
