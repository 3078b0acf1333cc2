package sim

import (
	"fmt"
	"strings"
	"time"
)

const (
	eveFile   = "network/eve.json"
	connFile  = "network/conn.log"
	shareFile = "network/smb_files.log"
	esxFile   = "network/esx-03.log"
)

// eve is what Suricata saw.
func (s *story) eve() File {
	seen := func(at time.Time, kind, from, to string, port int, more data) entry {
		fields := data{
			"timestamp": at.Format("2006-01-02T15:04:05.000000-0700"), "flow_id": s.rng.Int64N(1 << 50), "event_type": kind,
			"src_ip": from, "src_port": 40000 + s.rng.IntN(20000), "dest_ip": to, "dest_port": port, "proto": "TCP",
		}
		for name, value := range more {
			fields[name] = value
		}
		return object(at, fields)
	}
	var all []entry
	for range 220 {
		p := pick(s, staff())
		name := pick(s, []string{"intranet.example.org", "roster.example.org", "guidelines.example.com"})
		all = append(all, seen(s.anytime(), "dns", p.ip, "10.20.8.53", 53, data{"proto": "UDP", "dns": data{"type": "query", "rrname": name, "rrtype": "A"}}))
	}
	for range 160 {
		p := pick(s, staff())
		all = append(all, seen(s.anytime(), "tls", p.ip, "198.51.100.20", 443, data{"tls": data{"sni": "guidelines.example.com", "version": "TLS 1.3"}}))
	}
	alarm := func(id, severity int, text string) data {
		return data{"alert": data{"action": "allowed", "gid": 1, "signature_id": id, "rev": 1, "signature": text, "category": "invented", "severity": severity}}
	}
	for range 12 {
		all = append(all, seen(s.anytime(), "alert", pick(s, staff()).ip, "198.51.100.20", 443, alarm(9000100, 3, "STORY odd certificate")))
	}
	for i, text := range []string{"STORY loader fetched", "STORY beacon", "STORY directory tool", "STORY beacon, second kind"} {
		all = append(all, seen(s.at(16, 5+4*i, 0), "alert", mirage().ip, "203.0.113.66", 443, alarm(9000001+i, 1, text)))
	}
	s.happened(s.at(16, 5, 0), eveFile, "Several different serious alarms about one machine", "The loader on WS-REG-02 calls home.")
	all = append(all, seen(s.at(25, 29, 0), "dns", "10.20.8.20", "10.20.8.53", 53, data{"proto": "UDP", "dns": data{"type": "query", "rrname": "g.api.mega.co.nz", "rrtype": "A"}}))
	s.happened(s.at(25, 29, 0), eveFile, "A site for dropping files was looked up", "The file server looks up a place for stolen files.")
	return File{eveFile, lines("", all), HTTP}
}

// zeekHead begins a log of Zeek's.
func zeekHead(path string, fields, types []string) string {
	return "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t" + path +
		"\n#fields\t" + strings.Join(fields, "\t") + "\n#types\t" + strings.Join(types, "\t") + "\n"
}

// row is a line of one of Zeek's logs, which all begin with time, uid and the four parts of the connection.
func (s *story) row(at time.Time, from, to string, port int, more ...any) entry {
	text := fmt.Sprintf("%d.%06d\tC%016x\t%s\t%d\t%s\t%d", at.Unix(), at.Nanosecond()/1000, s.rng.Uint64(), from, 40000+s.rng.IntN(20000), to, port)
	for _, value := range more {
		text += fmt.Sprintf("\t%v", value)
	}
	return entry{at, text}
}

func zeekFields(more ...string) []string {
	return append([]string{"ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p"}, more...)
}

func zeekTypes(more ...string) []string {
	return append([]string{"time", "string", "addr", "port", "addr", "port"}, more...)
}

// connections is Zeek's conn.log.
func (s *story) connections() File {
	var all []entry
	add := func(at time.Time, from, to string, port int, state string, out, back int64) {
		all = append(all, s.row(at, from, to, port, "tcp", state, out, back))
	}
	for range 500 {
		p := pick(s, staff())
		to, port := pick(s, []string{"10.20.8.5", "10.20.8.20", "198.51.100.20"}), pick(s, []int{443, 445, 443})
		add(s.anytime(), p.ip, to, port, "SF", int64(200+s.rng.IntN(9000)), int64(500+s.rng.IntN(90000)))
	}
	for range 120 {
		add(s.anytime(), pick(s, []string{"10.40.1.17", "10.40.1.18"}), "10.20.8.5", 104, "SF", int64(9000000+s.rng.IntN(90000)), 2000)
	}
	for i := range 60 {
		add(s.at(23, 30, i), mirage().ip, fmt.Sprintf("10.20.9.%d", i+1), 445, "S0", 0, 0)
	}
	s.happened(s.at(23, 30, 0), connFile, "One machine tries many others", "WS-REG-02 knocks at sixty doors.")
	for i := range 30 {
		add(s.at(23, 35, i), mirage().ip, fmt.Sprintf("10.40.1.%d", i+1), 104, "REJ", 0, 0)
	}
	s.happened(s.at(23, 35, 0), connFile, "Somebody looks for medical devices in the network", "Then it looks for scanners and archives.")
	add(s.at(25, 45, 0), "10.20.8.20", dropIP, 443, "SF", 48_318_382_080, 90_210)
	s.happened(s.at(25, 45, 0), connFile, "Very much data sent to the internet", "Forty-eight gigabytes leave the house.")
	head := zeekHead("conn", zeekFields("proto", "conn_state", "orig_bytes", "resp_bytes"), zeekTypes("enum", "string", "count", "count"))
	return File{connFile, lines(head, all), Dropped}
}

// shares is Zeek's smb_files.log.
func (s *story) shares() File {
	var all []entry
	for i := range 150 {
		all = append(all, s.row(s.anytime(), pick(s, staff()).ip, "10.20.8.20", 445, "SMB::FILE_OPEN", fmt.Sprintf(`Letters\letter%04d.docx`, i), "-"))
	}
	for i := range 260 {
		at := s.at(26, 20, 0).Add(time.Duration(i) * 200 * time.Millisecond)
		name := fmt.Sprintf(`Scans\scan%04d.pdf`, i)
		all = append(all, s.row(at, "10.20.2.3", "10.20.8.21", 445, "SMB::FILE_RENAME", name+".quagga", name))
	}
	s.happened(s.at(26, 20, 0), shareFile, "Files on a share renamed in masses", "A workstation of the emergency department encrypts the scans.")
	return File{shareFile, lines(zeekHead("smb_files", zeekFields("action", "name", "prev_name"), zeekTypes("enum", "string", "string")), all), Dropped}
}

// hypervisor is the syslog of a VMware host (RFC 5424, in lines).
func (s *story) hypervisor() File {
	var all []entry
	said := func(at time.Time, program, text string) {
		all = append(all, entry{at, fmt.Sprintf("<14>1 %s %s %s 2101 - - %s", at.Format("2006-01-02T15:04:05.000Z"), host("esx-03"), program, text)})
	}
	for range 80 {
		said(s.anytime(), pick(s, []string{"hostd", "vpxa", "vmkernel"}), pick(s, []string{"heartbeat", "statistics collected", "path state unchanged"}))
	}
	said(s.at(10, 0, 0), "shell", "[root]: vim-cmd vmsvc/getallvms")
	said(s.at(26, 40, 0), "shell", "[root]: vim-cmd vmsvc/snapshot.removeall 12")
	said(s.at(26, 40, 9), "shell", "[root]: esxcli vm process kill --type=force --world-id=2099121")
	s.happened(s.at(26, 40, 0), esxFile, "Snapshots or disks of virtual machines deleted on a VMware host", "What the server room could be put back from is gone.")
	s.happened(s.at(26, 40, 9), esxFile, "Virtual machines stopped on a VMware host", "The machines of the server room go dark.")
	return File{esxFile, lines("", all), Syslog}
}
