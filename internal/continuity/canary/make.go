package canary

import (
	"archive/zip"
	"bytes"
	crand "crypto/rand"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"regexp"
	"strings"
	"time"
)

// Dice are thrown when a canary is made: from the system's own randomness, so that nobody can guess a name or a password.
func Dice() *rand.Rand {
	var seed [32]byte
	_, _ = crand.Read(seed[:]) // it never fails
	return rand.New(rand.NewChaCha8(seed))
}

// Site is what makes decoys believable in one house. The zero value invents all of it.
type Site struct {
	Surnames  []string // of the region; some invented ones when it is empty
	Numbers   string   // what the house's own range of patient numbers for decoys begins with
	Authority string   // that issues them
	Root      string   // of UIDs; 2.25 with random numbers (PS3.5 B.2) when it is empty
	Domain    string   // of the directory and of mail
	Web       string   // address below which tokens are fetched, such as https://letters.north.example
	Address   string   // and port of a listener
	Table     string   // a row is for
}

// SiteOf is a Site of which one thing is known, that on which a canary of the kind is built: the first characters of the numbers of a patient or a message, the root
// of a study's UIDs, the domain of an account or a row, the web address of a token, the address and port of a listener. An empty one is invented.
func SiteOf(k Kind, base string) (s Site, err error) {
	form, says := "", ""
	switch k {
	case Patient, Message:
		form, says, s.Numbers = `[A-Za-z0-9]{1,12}`, "the letters and digits with which the house's numbers for decoys begin", base
	case Study:
		form, says, s.Root = `[0-2](\.(0|[1-9][0-9]*)){1,12}`, "the root of the house's UIDs, such as 1.2.826.0.1", base
	case Row, Account:
		form, says, s.Domain = `[A-Za-z0-9]([A-Za-z0-9.-]{0,80}[A-Za-z0-9])?`, "a domain, such as north.example", base
	case Token:
		form, says, s.Web = `https?://[A-Za-z0-9.:/_-]{3,100}`, "an address of the web, such as https://letters.north.example", base
	case Listener:
		if _, err := netip.ParseAddrPort(base); err != nil {
			return Site{}, errors.New("name the address and port at which nothing answers, such as 10.1.2.3:104")
		}
		return Site{Address: base}, nil
	default: // nothing of it hangs on the house
		if base != "" {
			return Site{}, fmt.Errorf("a canary of the kind %s is built on nothing: leave that out", k)
		}
		return Site{}, nil
	}
	if len(base) > 40 && k == Study { // a UID has at most 64 characters (PS3.5 9.1)
		return Site{}, errors.New("the root of the house's UIDs: at most 40 characters")
	}
	if base != "" && !regexp.MustCompile("^"+form+"$").MatchString(base) {
		return Site{}, fmt.Errorf("what a canary of the kind %s is built on: %s", k, says)
	}
	return s, nil
}

// Todo says what a person has to do with what was made.
func Todo(k Kind) string {
	switch k {
	case Patient:
		return "Register this patient as all are registered, by hand or with the message. Put the row into the site's list: then the privacy room judges who opens the record."
	case Study:
		return "Send the image to the archive, as a modality would."
	case Message:
		return "Send the message on the feed that it is to lie in. Register nobody by its number."
	case Row:
		return "Enter this person into that one table, and nowhere else."
	case File:
		return "Lay the file into the folder, and have opens audited there (event 4663), or the share's log sent. Where wardline canary watch runs, use wardline canary add."
	case Account:
		return "Make this account in the directory with its password and name of a service, without a right, and let nobody sign in with it. The password is shown once: do not write it down."
	case AETitle:
		return "Give this title to no device. Enter it where titles are looked up, such as the archive's list of nodes, with an address at which nothing answers."
	case Listener:
		return "Let nothing answer at this address, and use it for nothing. A sensor of the network, or the firewall's log, has to see who knocks."
	case Token:
		return "Put the address into a document that a thief would take, and follow it never. The log of that web server, or of the DNS server, has to come to the node."
	}
	return ""
}

// Settle is for how long a canary of the kind is usually being entered somewhere by those who may: touching it means nothing yet.
func (k Kind) Settle() time.Duration {
	if k == AETitle || k == Listener || k == Token {
		return 0
	}
	return 24 * time.Hour
}

// Noun is the kind in words.
func (k Kind) Noun() string {
	switch k {
	case Message:
		return "test message"
	case Row:
		return "row of a table"
	case AETitle:
		return "AE title"
	case Listener:
		return "door"
	}
	return string(k)
}

// Decoy is a canary, and what has to be put where it is to lie. What of it is secret stands nowhere else.
type Decoy struct {
	Canary Canary
	Name   string // of Bytes as a file
	Bytes  []byte
	Facts  []Fact // what a person enters elsewhere, in order
}

// Fact is a line of a form.
type Fact struct{ Name, Value string }

// Make invents a canary of a kind. A file's place in its folder is first or last; see MakeFile.
func Make(k Kind, where string, s Site, now time.Time, dice *rand.Rand) (Decoy, error) {
	m := maker{site: s, dice: dice}
	d := Decoy{Canary: Canary{ID: string(k) + "-" + m.word(10), Kind: k, Where: where, Made: now.UTC().Truncate(time.Second)}}
	if !known(k) {
		return Decoy{}, fmt.Errorf("a canary of the kind %q: one of %v", k, Kinds())
	}
	switch k {
	case Patient:
		m.patient(&d)
	case Message:
		m.message(&d, now)
	case Study:
		m.study(&d, now)
	case Row:
		m.row(&d)
	case File:
		return MakeFile(where, First, now, dice), nil
	case Account:
		m.account(&d)
	case AETitle:
		m.title(&d)
	case Listener:
		if s.Address == "" {
			return Decoy{}, errors.New("a listener needs the address and port where it listens")
		}
		d.Canary.Marks, d.Facts = []Mark{{Address, s.Address}}, []Fact{{"address", s.Address}}
	case Token:
		m.token(&d)
	}
	return d, d.Canary.Check()
}

// maker throws the dice for one canary.
type maker struct {
	site Site
	dice *rand.Rand
}

// word is n small letters and digits that are not mistaken for each other.
func (m *maker) word(n int) string {
	const letters = "abcdefghjkmnpqrstuvwxyz23456789"
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[m.dice.IntN(len(letters))]
	}
	return string(b)
}

func (m *maker) digits(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + m.dice.IntN(10))
	}
	return string(b)
}

func (m *maker) one(of []string) string { return of[m.dice.IntN(len(of))] }

// person is somebody who does not exist.
type person struct {
	family, given, sex, born, number, street, phone string
}

func (m *maker) person() person {
	surnames := m.site.Surnames
	if len(surnames) == 0 {
		surnames = []string{"Aldermoor", "Brennfeld", "Castellow", "Dornhage", "Estervale", "Fennimond", "Garlisch", "Hollenbrook", "Ivershaw", "Jastermann", "Kelloway", "Lundergard"}
	}
	p := person{family: m.one(surnames), sex: m.one([]string{"F", "M"})}
	p.given = m.one(map[string][]string{
		"F": {"Agnes", "Clara", "Edith", "Ingrid", "Magda", "Nora", "Paula", "Selma"}, "M": {"Albin", "Bruno", "Edgar", "Georg", "Jakob", "Konrad", "Oskar", "Theo"},
	}[p.sex])
	p.born = fmt.Sprintf("%04d%02d%02d", 1938+m.dice.IntN(60), 1+m.dice.IntN(12), 1+m.dice.IntN(28))
	prefix := m.site.Numbers
	if prefix == "" {
		prefix = "990"
	}
	p.number = prefix + m.digits(max(4, 9-len(prefix)))
	p.street = fmt.Sprintf("%s Lane %d", m.one(surnames), 1+m.dice.IntN(120))
	p.phone = "555-01" + m.digits(2)
	return p
}

func (m *maker) authority() string {
	if m.site.Authority == "" {
		return "HOSPITAL"
	}
	return m.site.Authority
}

func (m *maker) domain() string {
	if m.site.Domain == "" {
		return "hospital.example"
	}
	return m.site.Domain
}

func (p *person) facts() []Fact {
	return []Fact{{"family name", p.family}, {"given name", p.given}, {"sex", p.sex}, {"born", p.born}, {"number", p.number}, {"address", p.street}, {"phone", p.phone}}
}

// patient is registered by hand or by the message, and marked by the row for the site's list (content/mappings/site-list.yml).
func (m *maker) patient(d *Decoy) {
	p := m.person()
	d.Canary.Marks = []Mark{{Number, p.number}}
	d.Facts = append(p.facts(),
		Fact{"row for the site's list", "kind,reference,patient_id,authority,who_kind\ncanary," + d.Canary.ID + "," + p.number + "," + m.authority() + ",person\n"},
		Fact{"keep out of", "bed boards, worklists, statistics, bills and public-health reports"})
	d.Name, d.Bytes = d.Canary.ID+".hl7", m.hl7("ADT^A28^ADT_A05", "P", d.Canary.Made, p, "EVN|A28|{time}\rPID|1||{id}||{name}||{born}|{sex}|||{street}||{phone}\rPV1|1|N\r")
}

// message is about a patient of its own, so that an open of the record is told from the message.
func (m *maker) message(d *Decoy, now time.Time) {
	p := m.person()
	d.Canary.Marks = []Mark{{Number, p.number}}
	d.Facts = p.facts()
	d.Name, d.Bytes = d.Canary.ID+".hl7", m.hl7("ORU^R01^ORU_R01", "T", now, p, "PID|1||{id}||{name}||{born}|{sex}\rOBR|1|||TEST^Line test^L\rOBX|1|ST|TEST^Line test^L||ok||||||F\r")
}

// hl7 writes a message (HL7 v2.5.1 2.14), with processing id T for tests (table 0103).
func (m *maker) hl7(kind, processing string, now time.Time, p person, body string) []byte {
	at := now.UTC().Format("20060102150405")
	text := "MSH|^~\\&|REGISTRY|WARD|||" + at + "||" + kind + "|" + strings.ToUpper(m.word(12)) + "|" + processing + "|2.5.1\r" + body
	return []byte(strings.NewReplacer("{time}", at, "{id}", escape(p.number)+"^^^"+escape(m.authority())+"^MR", "{name}", escape(p.family)+"^"+escape(p.given),
		"{born}", p.born, "{sex}", p.sex, "{street}", escape(p.street), "{phone}", p.phone).Replace(text))
}

// escape writes a text into a field (HL7 v2.5.1 2.7): names of a site may hold anything.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\E\`, "|", `\F\`, "^", `\S\`, "&", `\T\`, "~", `\R\`, "\r", " ", "\n", " ").Replace(s)
}

// row is unique to its table and month, so that one that turns up elsewhere tells when and where it was taken.
func (m *maker) row(d *Decoy) {
	p := m.person()
	mail := strings.ToLower(p.given) + "." + m.word(8) + "@" + m.domain()
	d.Canary.Marks = []Mark{{Number, p.number}, {Mail, mail}}
	d.Facts = append(p.facts(), Fact{"mail", mail}, Fact{"for the table", m.site.Table}, Fact{"month", d.Canary.Made.Format("2006-01")})
}

// account has a password that nobody will know and the name of something worth having.
func (m *maker) account(d *Decoy) {
	name := m.one([]string{"svc_pacs_admin", "svc_backup_sql", "svc_ehr_bridge", "adm_imaging", "svc_vcenter", "adm_lab"}) + m.digits(2)
	service := "MSSQLSvc/" + m.one([]string{"pacsdb", "ehrdb", "labdb"}) + m.digits(2) + "." + m.domain() + ":1433"
	d.Canary.Marks = []Mark{{Login, name}, {Login, service}}
	d.Facts = []Fact{
		{"account", name}, {"service principal name", service}, {"password", m.word(40)},
		{"description", "service account, do not delete"}, {"logon hours", "none"},
	}
}

func (m *maker) title(d *Decoy) {
	title := m.one([]string{"CT", "MR", "US", "XA", "CR"}) + "_" + m.one([]string{"ER", "OR", "ICU", "WARD"}) + "_OLD" + m.digits(3)
	d.Canary.Marks = []Mark{{Title, title}}
	d.Facts = []Fact{{"AE title", title}}
}

// token is a label of a name and a part of an address: whoever opens the document asks for one of the two.
func (m *maker) token(d *Decoy) {
	word := m.word(24)
	d.Canary.Marks = []Mark{{Secret, word}}
	web := strings.TrimSuffix(m.site.Web, "/")
	if web == "" {
		web = "https://letters.example"
	}
	d.Facts = []Fact{{"address", web + "/d/" + word}, {"name", word + "." + strings.TrimPrefix(strings.TrimPrefix(web, "https://"), "http://")}}
}

// Place is where in its folder a file stands.
type Place int

// The places. Programs that go through a folder in order meet one of the two at once, whichever way they go.
const (
	First Place = iota
	Last
)

// MakeFile invents a decoy file for a folder: its name stands first or last in the order of names, it has the size and the look of something
// that a thief takes and a program that encrypts does not pass over, and it holds nothing.
func MakeFile(folder string, p Place, now time.Time, dice *rand.Rand) Decoy {
	m := maker{dice: dice}
	topics := []string{"Passwords service accounts", "Payroll export", "Backup keys", "Patient list complete", "Contracts scans", "Insurance cases", "Admin access vendors"}
	name := "!AAAA " // in the order of bytes and of NTFS all letters stand before a tilde
	if p == Last {
		name = "~zzzz "
	}
	year := now.Year() - 1 - m.dice.IntN(3)
	name += fmt.Sprintf("%s %d %s", m.one(topics), year, m.word(6))
	d := Decoy{Canary: Canary{ID: "file-" + m.word(10), Kind: File, Where: folder, Made: now.UTC().Truncate(time.Second)}}
	size := 24<<10 + m.dice.IntN(360<<10)
	switch m.dice.IntN(3) {
	case 0:
		d.Name, d.Bytes = name+".csv", m.table(size)
	case 1:
		d.Name, d.Bytes = name+".docx", m.letter(size)
	default:
		d.Name, d.Bytes = name+".bak", m.noise(size)
	}
	d.Canary.Marks = []Mark{{Name, d.Name}}
	return d
}

// table is a list of people who do not exist.
func (m *maker) table(size int) []byte {
	var b bytes.Buffer
	b.WriteString("number;family_name;given_name;born;phone;account;value\r\n")
	for b.Len() < size {
		p := m.person()
		fmt.Fprintf(&b, "%s;%s;%s;%s;%s;%s;%d\r\n", p.number, p.family, p.given, p.born, p.phone, m.digits(10), m.dice.IntN(90000))
	}
	return b.Bytes()
}

func (m *maker) noise(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(m.dice.Uint32())
	}
	copy(b, "TAPE\x00\x00\x03\x00") // as a backup of SQL Server begins
	return b
}

// letter is a document of a word processor (ECMA-376 part 1, 9 and 17), with a picture of noise that gives it its size.
func (m *maker) letter(size int) []byte {
	const head = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	p := m.person()
	parts := []struct{ name, text string }{
		{"[Content_Types].xml", head + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`},
		{"_rels/.rels", head + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`},
		{"word/document.xml", head + `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>` + p.given + " " + p.family + ", " + p.street + `. Draft, do not circulate.</w:t></w:r></w:p></w:body></w:document>`},
		{"word/media/scan1.png", string(m.noise(size))},
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, part := range parts {
		w, err := z.CreateHeader(&zip.FileHeader{Name: part.name, Method: zip.Store})
		if err == nil {
			_, err = w.Write([]byte(part.text))
		}
		if err != nil {
			panic("wardline: internal error: a document cannot be written to memory")
		}
	}
	if err := z.Close(); err != nil {
		panic("wardline: internal error: a document cannot be written to memory")
	}
	return b.Bytes()
}
