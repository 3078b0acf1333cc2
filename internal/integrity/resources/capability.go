package resources

import (
	"errors"
	"fmt"
	"strings"

	"github.com/wardline/wardline/format/fhir"
	"github.com/wardline/wardline/format/jcs"
)

// way is how much a server tells of the history of a type. The higher, the more.
type way byte

const (
	present    way = iota // what is there now
	versions              // single versions, by their numbers
	ofInstance            // the history of one resource
	ofSystem              // that of all resources in one
	ofType                // that of a type
)

// String is the way's word, as reports have it.
func (w way) String() string {
	return [...]string{"none", "versions", "instance", "system", "type"}[w]
}

func wayNamed(name string) (way, bool) {
	for w := range ofType + 1 {
		if w.String() == name {
			return w, true
		}
	}
	return 0, false
}

// offer is what a server can do with one type.
type offer struct {
	Way        way    `json:"way"`
	Instance   bool   `json:"instance"` // it tells the history of one resource
	Versions   bool   `json:"versions"` // it gives single versions
	Read       bool   `json:"read"`
	Search     bool   `json:"search"`
	Versioning string `json:"versioning"` // no-version, versioned, versioned-update; empty when it does not say
}

// capability is what a CapabilityStatement says that matters here.
type capability struct {
	release string // of FHIR, such as 4.0.1
	types   map[string]offer
	system  bool // it tells the history of all resources
}

// parseCapability reads a CapabilityStatement (R4 capabilitystatement.html).
func parseCapability(body []byte) (capability, error) {
	r, err := fhir.ParseResource(body, limits())
	if err != nil {
		return capability{}, err
	}
	if r.Type() != "CapabilityStatement" {
		return capability{}, errors.New("the answer is no CapabilityStatement")
	}
	c := capability{release: text(r.Value.Member("fhirVersion")), types: map[string]offer{}}
	if !strings.HasPrefix(c.release, "4.") {
		return capability{}, errors.New("the server does not speak FHIR R4")
	}
	for _, rest := range list(r.Value.Member("rest")) {
		if text(rest.Member("mode")) != "server" {
			continue
		}
		c.system = c.system || interactions(&rest.Value)["history-system"]
		resources := list(rest.Member("resource"))
		if len(resources) > 4*mostTypes {
			return capability{}, fmt.Errorf("the statement lists %d types, at most %d are read", len(resources), 4*mostTypes)
		}
		for i := range resources {
			c.types[text(resources[i].Member("type"))] = offerOf(&resources[i].Value)
		}
	}
	return c, nil
}

func offerOf(v *jcs.Value) offer {
	can := interactions(v)
	o := offer{Instance: can["history-instance"], Versions: can["vread"], Read: can["read"], Search: can["search-type"], Versioning: text(v.Member("versioning"))}
	switch {
	case can["history-type"]:
		o.Way = ofType
	case o.Instance:
		o.Way = ofInstance
	case o.Versions:
		o.Way = versions
	}
	return o
}

func interactions(v *jcs.Value) map[string]bool {
	can := map[string]bool{}
	for _, i := range list(v.Member("interaction")) {
		can[text(i.Member("code"))] = true
	}
	return can
}

// offers returns what the server can do with a type, the declaration's word before its own.
func (c *capability) offers(d *Declaration, typ string) (o offer, known bool) {
	o, known = c.types[typ]
	if c.system && o.Way < ofSystem && o.Way != ofInstance {
		o.Way = ofSystem // the history of each resource is sooner read than that of all types
	}
	if w, ok := wayNamed(d.History); ok && d.History != "" {
		o.Way = w
		o.Instance = w == ofInstance || w >= ofSystem && o.Instance
		o.Versions = w == versions || w > versions && o.Versions
	}
	return o, known
}

// lessThan lists what the server told before and does not tell any more.
func (o offer) lessThan(before offer) (lost []string) {
	if o.Way < before.Way {
		lost = append(lost, "its history was told by "+before.Way.String()+" and is by "+o.Way.String())
	}
	if before.Instance && !o.Instance {
		lost = append(lost, "the history of one resource is not told any more")
	}
	if before.Versions && !o.Versions {
		lost = append(lost, "single versions are not given any more")
	}
	if before.Versioning != "no-version" && before.Versioning != "" && o.Versioning == "no-version" {
		lost = append(lost, "it says that it keeps no versions")
	}
	return lost
}
