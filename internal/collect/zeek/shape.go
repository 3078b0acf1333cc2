package zeek

import (
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

// Shape is a row as Zeek's JSON writer writes it. The event is the object itself.
func Shape() collect.Shape {
	return collect.Shape{Name: "zeek", Fits: fits, Event: shapeEvent}
}

func fits(obj collect.Object) int {
	has := func(name string) bool { return obj.Index.Find(obj.Text, name) >= 0 }
	switch ts := has("ts"); {
	case ts && has("_path"):
		return 95
	case ts && has("id.orig_h") && has("id.resp_h"):
		return 90
	case ts && has("uid"), ts && has("fuid"):
		return 60
	case ts && guess(obj) != "":
		return 55
	}
	return 0
}

func shapeEvent(obj collect.Object, o collect.Options, ev *event.Event, _ *event.Builder) error {
	if ts := obj.Index.Find(obj.Text, "ts"); ts >= 0 {
		ev.Time, _ = event.ParseTime(obj.Raw(int32(ts)))
	}
	if path := obj.Index.Find(obj.Text, "_path"); path >= 0 && obj.Index.Values[path].Kind == jsonl.String {
		ev.Class = o.Taxonomy.ClassOf("zeek", obj.Raw(int32(path)), nil)
		return nil
	}
	ev.Class = o.Taxonomy.Class("zeek", guess(obj), "")
	return nil
}

// guess names the log of a row that does not say it, as Zeek's own JSON files do not: by a
// field that no other log has.
func guess(obj collect.Object) string {
	for i := range obj.Index.Values {
		v := &obj.Index.Values[i]
		if v.Parent >= 0 {
			continue
		}
		if path := telling(obj.Text[v.NameStart:v.NameEnd]); path != "" {
			return path
		}
	}
	return ""
}

func telling(field []byte) string {
	switch string(field) {
	case "analyzer_kind":
		return "analyzer"
	case "percent_lost":
		return "capture_loss"
	case "conn_state", "orig_pkts":
		return "conn"
	case "named_pipe", "endpoint":
		return "dce_rpc"
	case "assigned_addr", "client_fqdn", "msg_types":
		return "dhcp"
	case "qtype_name", "rcode_name", "qclass_name", "AA", "rejected":
		return "dns"
	case "seen_bytes", "overflow_bytes", "total_bytes":
		return "files"
	case "data_channel.passive", "reply_code":
		return "ftp"
	case "request_body_len", "status_msg", "resp_mime_types":
		return "http"
	case "seen.indicator":
		return "intel"
	case "request_type":
		return "kerberos"
	case "issuer_subject":
		return "known_certs"
	case "port_proto":
		return "known_services"
	case "pdu_type":
		return "modbus"
	case "suppress_for", "actions":
		return "notice"
	case "server_nb_computer_name", "server_dns_computer_name", "domainname":
		return "ntlm"
	case "stratum", "xmt_time":
		return "ntp"
	case "certStatus", "hashAlgorithm":
		return "ocsp"
	case "is_exe", "section_names":
		return "pe"
	case "keyboard_layout", "security_protocol", "cert_permanent":
		return "rdp"
	case "client_major_version", "desktop_name":
		return "rfb"
	case "call_id":
		return "sip"
	case "prev_name", "times.modified":
		return "smb_files"
	case "share_type":
		return "smb_mapping"
	case "mailfrom", "rcptto", "last_reply":
		return "smtp"
	case "community", "get_bulk_requests":
		return "snmp"
	case "software_type", "unparsed_version":
		return "software"
	case "hassh", "kex_alg", "auth_attempts", "host_key_alg":
		return "ssh"
	case "resumed", "ssl_history", "cert_chain_fps", "cert_chain_fuids":
		return "ssl"
	case "pkts_proc":
		return "stats"
	case "tunnel_type":
		return "tunnel"
	case "notice":
		return "weird"
	case "certificate.serial", "certificate.subject":
		return "x509"
	}
	return ""
}
