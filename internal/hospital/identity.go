package hospital

import (
	"strconv"
	"time"

	"github.com/wardline/wardline/internal/hospital/alike"
	"github.com/wardline/wardline/internal/vault"
)

// Bounds of what is kept of one human: more is a mistake of the sender.
const (
	mostPhones = 8
	mostKin    = 16
	mostFormer = 8
)

// identify makes of who somebody is what can be compared and says nothing without the vault's key.
func identify(v *vault.Vault, p *Human) Identity {
	family, given := alike.Family(p.Family), alike.Given(p.Given)
	id := Identity{
		Family:   v.Hash("family", family),
		Sound:    v.Hash("sound", alike.Sound(p.Family)),
		National: v.Hash("national", alike.Number(p.National)),
		Area:     v.Hash("area", alike.Text(p.Postcode)),
		Name:     nameHash(v, family, given),
		East:     p.East, North: p.North, Located: p.Located,
	}
	if id.Name != 0 && known(p.Born) {
		id.Person = v.Hash("person", family+" "+given+" "+p.Born.Format(time.DateOnly))
	}
	for _, f := range p.Former {
		if h := v.Hash("family", alike.Family(f)); h != 0 && h != id.Family && len(id.Former) < mostFormer {
			id.Former = append(id.Former, h)
		}
	}
	addressHashes(v, p, &id)
	for _, t := range p.Phones {
		if h := v.Hash("phone", alike.Phone(t)); h != 0 && len(id.Phones) < mostPhones {
			id.Phones = append(id.Phones, h)
		}
	}
	for _, k := range p.Kin {
		near := Kin{nameHash(v, alike.Family(k.Family), alike.Given(k.Given)), v.Hash("phone", alike.Phone(k.Phone))}
		if near != (Kin{}) && len(id.Kin) < mostKin {
			id.Kin = append(id.Kin, near)
		}
	}
	return id
}

func nameHash(v *vault.Vault, family, given string) uint64 {
	if family == "" || given == "" {
		return 0
	}
	return v.Hash("name", family+" "+given)
}

// known tells whether a day of birth is one, and not what is typed where it is not known.
func known(born time.Time) bool { return !born.IsZero() && !(born.Year() <= 1900) }

// addressHashes goes by the postcode for the dwelling and by the town for the street, which may have several.
func addressHashes(v *vault.Vault, p *Human, id *Identity) {
	place, area, town := alike.Street(p.Street), alike.Text(p.Postcode), alike.Text(p.City)
	if place.Street == "" || area == "" && town == "" {
		return
	}
	if area == "" {
		area = town
	}
	if town == "" {
		town = area
	}
	id.Number = place.Number
	id.Street = v.Hash("street", place.Street+" "+town)
	if place.House != "" || place.Number == 0 { // a house may have a name
		id.Address = v.Hash("address", place.Street+" "+place.House+" "+place.Unit+" "+area)
	}
}

// encode writes who somebody is. It is kept in what the vault seals.
func (p *Human) encode() []byte {
	w := writer{}
	w.text(p.Family)
	w.text(p.Given)
	w.texts(p.Former, mostFormer)
	if p.Born.IsZero() {
		w.text("")
	} else {
		w.text(p.Born.Format(time.DateOnly))
	}
	w.text(p.Street)
	w.text(p.Postcode)
	w.text(p.City)
	w.texts(p.Phones, mostPhones)
	w.text(p.National)
	kin := p.Kin[:min(len(p.Kin), mostKin)]
	w.number(uint64(len(kin)))
	for _, k := range kin {
		w.text(k.Family)
		w.text(k.Given)
		w.text(k.Phone)
	}
	w.truth(p.Located)
	w.signed(int64(p.East))
	w.signed(int64(p.North))
	return w.b
}

func (w *writer) texts(all []string, most int) {
	all = all[:min(len(all), most)]
	w.number(uint64(len(all)))
	for _, t := range all {
		w.text(t)
	}
}

func (r *reader) texts() []string {
	n := r.count()
	if n == 0 {
		return nil
	}
	all := make([]string, n)
	for i := range all {
		all[i] = r.text()
	}
	return all
}

func decodeHuman(text []byte) (Human, error) {
	if len(text) == 0 {
		return Human{}, nil
	}
	r := reader{b: text}
	p := Human{Family: r.text(), Given: r.text(), Former: r.texts()}
	if born := r.text(); born != "" {
		var err error
		if p.Born, err = time.Parse(time.DateOnly, born); err != nil {
			return Human{}, errCode
		}
	}
	p.Street, p.Postcode, p.City, p.Phones, p.National = r.text(), r.text(), r.text(), r.texts(), r.text()
	for range r.count() {
		p.Kin = append(p.Kin, Kinship{r.text(), r.text(), r.text()})
	}
	p.Located, p.East, p.North = r.truth(), int32(r.signed()), int32(r.signed())
	if r.failed {
		return Human{}, errCode
	}
	return p, nil
}

// learn takes over what q states.
func (p *Human) learn(q Human) {
	if q.Family+q.Given != "" {
		p.Family, p.Given = q.Family, q.Given
	}
	if q.Street+q.Postcode+q.City != "" {
		p.Street, p.Postcode, p.City = q.Street, q.Postcode, q.City
	}
	if len(q.Former) > 0 {
		p.Former = q.Former
	}
	if !q.Born.IsZero() {
		p.Born = q.Born
	}
	if len(q.Phones) > 0 {
		p.Phones = q.Phones
	}
	if q.National != "" {
		p.National = q.National
	}
	if len(q.Kin) > 0 {
		p.Kin = q.Kin
	}
	if q.Located {
		p.Located, p.East, p.North = true, q.East, q.North
	}
}

// bounded cuts texts that are longer than anything of their kind.
func bounded(p Human) Human {
	const most = 256
	cut := func(s *string) {
		if len(*s) > most {
			*s = (*s)[:most]
		}
	}
	for _, s := range []*string{&p.Family, &p.Given, &p.Street, &p.Postcode, &p.City, &p.National} {
		cut(s)
	}
	p.Former = append([]string(nil), p.Former[:min(len(p.Former), mostFormer)]...)
	p.Phones = append([]string(nil), p.Phones[:min(len(p.Phones), mostPhones)]...)
	p.Kin = append([]Kinship(nil), p.Kin[:min(len(p.Kin), mostKin)]...)
	for i := range p.Former {
		cut(&p.Former[i])
	}
	for i := range p.Phones {
		cut(&p.Phones[i])
	}
	for i := range p.Kin {
		cut(&p.Kin[i].Family)
		cut(&p.Kin[i].Given)
		cut(&p.Kin[i].Phone)
	}
	if p.Born.Year() > 9999 || p.Born.Year() < 0 {
		p.Born = time.Time{}
	}
	return p
}

func (w *writer) identity(id *Identity) {
	for _, v := range [...]uint64{id.Person, id.Name, id.Family, id.Sound, id.National, id.Address, id.Street, id.Area} {
		if v == 0 {
			w.byte(0)
		} else {
			w.byte(1)
			w.hash(v)
		}
	}
	w.signed(int64(id.Number))
	w.hashes(id.Former)
	w.hashes(id.Phones)
	w.number(uint64(len(id.Kin)))
	for _, k := range id.Kin {
		w.hash(k.Name)
		w.hash(k.Phone)
	}
	w.truth(id.Located)
	if id.Located {
		w.signed(int64(id.East))
		w.signed(int64(id.North))
	}
}

func (r *reader) identity(id *Identity) {
	for _, v := range [...]*uint64{&id.Person, &id.Name, &id.Family, &id.Sound, &id.National, &id.Address, &id.Street, &id.Area} {
		if r.byte() != 0 {
			*v = r.hash()
		}
	}
	id.Number = int32(r.signed())
	id.Former, id.Phones = r.hashes(), r.hashes()
	for range r.count() {
		id.Kin = append(id.Kin, Kin{r.hash(), r.hash()})
	}
	if id.Located = r.truth(); id.Located {
		id.East, id.North = int32(r.signed()), int32(r.signed())
	}
}

// key is what a patient is looked up by. Keys lie on the disk, and say nothing without the vault's key.
type key [21]byte

// The kinds of keys.
const (
	byNumber   = 'i'
	byVisit    = 'v'
	byNational = 'n'
	byPerson   = 'p'
	byBare     = 'b' // a number alone, where nobody said whose numbers are the house's own
)

func hashKey(kind byte, hash uint64) key {
	var k key
	k[0] = kind
	for i := range 8 {
		k[1+i] = byte(hash >> (56 - 8*i))
	}
	return k
}

// bytes is k as it lies on the disk.
func (k *key) bytes() []byte {
	if k[0] == byNumber {
		return k[:]
	}
	return k[:9]
}

// numberKey is the key of an identifier that is complete. authority, type and value together make it: the same number of another
// authority is somebody else.
func numberKey(v *vault.Vault, id *Identifier) key {
	token := v.Token("identifier "+strconv.Itoa(len(id.Authority))+" "+id.Authority+" "+id.Type, id.Value)
	var k key
	k[0] = byNumber
	copy(k[1:], token[len(vault.Prefix):])
	return k
}
