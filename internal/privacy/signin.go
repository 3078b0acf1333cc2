package privacy

import (
	"errors"
	"strings"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// isSignIn tells the events by which the cloud, the network and VPN gateways say who came in.
func isSignIn(c *event.Class) bool {
	return c.Serves("", "azure", "signinlogs") || c.Product == "radius" || c.Serves("", "cisco", "asa")
}

// signIn takes in that an account came in over the cloud or the network, or went.
func (e *Engine) signIn(ev *event.Event, at hospital.Place) {
	get := func(paths ...string) string {
		for _, p := range paths {
			for v := range ev.Values(p) {
				if len(v) > 0 {
					return string(v)
				}
			}
		}
		return ""
	}
	verb := get("access.verb")
	if ev.Class.Product == "cisco" && verb == "" {
		return // a gateway says much that is about no login
	}
	t := believed(ev)
	name := get("access.user", "userPrincipalName", "properties.userPrincipalName", "User-Name", "username", "user")
	if name == "" || t.IsZero() {
		e.counts.Nameless++
		return
	}
	user := e.account(name)
	r := row{at: t.UnixMilli(), entry: at.Entry, line: at.Line, act: judge.Other, marks: login, native: e.house.Intern("sign-in"), source: e.house.Intern(ev.Class.Key)}
	if verb == "logout" {
		r.marks, r.native = logout, e.house.Intern("sign-out")
	}
	ip := get("access.origin_ip", "ipAddress", "properties.ipAddress", "callerIpAddress", "Calling-Station-Id", "src_ip", "ip")
	r.where = e.house.Intern(ip)
	if isOutside(ip) {
		r.marks |= remote
	}
	code := get("status.errorCode", "properties.status.errorCode", "resultType")
	if code != "" && code != "0" || get("access.outcome") == "serious" {
		r.marks |= failed
	}
	r.query = packed(get("location.countryOrRegion", "properties.location.countryOrRegion", "country"))
	if r.query != 0 && r.marks == login|remote {
		e.countries[r.query]++
	}
	k := key{user: user, day: e.dayOf(r.at)}
	if e.crowded(dayKey{user, k.day}) {
		return
	}
	w := e.workday(dayKey{user, k.day})
	w.outside = w.outside || e.cameIn(&r)
	if w.staff == 0 {
		if st := e.house.StaffNamed(user); st != nil {
			w.staff = st.ID
		}
	}
	e.failed = errors.Join(e.failed, e.enter(k, r, &said{}, w))
}

// cameIn tells whether somebody came in from where the house does not stand: through a gateway, or from another country. Who signs in to the
// cloud from within the house comes from an address on the internet, too.
func (e *Engine) cameIn(r *row) bool {
	return r.marks&(login|remote|failed) == login|remote && (r.query == 0 || r.query != e.home())
}

// account finds whose account a name is of which systems write the domain, too: a.fable@example.org, EXAMPLE\a.fable.
func (e *Engine) account(name string) hospital.Ref {
	user := e.house.Intern(name)
	if e.house.StaffNamed(user) != nil {
		return user
	}
	local, _, found := strings.Cut(name, "@")
	if _, after, ok := strings.Cut(local, `\`); ok {
		local, found = after, true
	}
	if !found || local == "" {
		return user
	}
	return e.house.Intern(local)
}

// packed makes a number of the code of a country.
func packed(country string) (n uint64) {
	for i := range min(len(country), 8) {
		n = n<<8 | uint64(country[i])
	}
	return n
}
