package trace

import (
	"fmt"
	"time"
)

// Conn is a connection as Zeek saw it.
type Conn struct {
	ID        uint64
	From, To  string
	Port      int
	State     string // SF: ended in order; S0: no answer; REJ: refused; RSTR: the server broke it off
	Out, Back int64
	Lasted    time.Duration
	Service   string
}

// JSON is the row of conn.log.
func (c Conn) JSON(at time.Time) []byte {
	f := zeek("conn", at, c.ID, c.From, c.To, c.Port)
	f["proto"], f["conn_state"], f["orig_bytes"], f["resp_bytes"] = "tcp", c.State, c.Out, c.Back
	f["duration"] = c.Lasted.Seconds()
	if c.Service != "" {
		f["service"] = c.Service
	}
	return object(f)
}

// TLSFailed is a handshake that a certificate spoilt, as Zeek's ssl.log has it.
func TLSFailed(at time.Time, id uint64, from, to string, port int, name, why string) []byte {
	f := zeek("ssl", at, id, from, to, port)
	f["server_name"], f["established"], f["last_alert"], f["validation_status"] = name, false, "certificate_expired", why
	return object(f)
}

// CertificateSeen is a certificate by which a server proved who it is, as Zeek's x509.log has it.
func CertificateSeen(at time.Time, id uint64, server, serial string, from, until time.Time) []byte {
	return object(fields{
		"_path": "x509", "ts": fmt.Sprintf("%d.%06d", at.Unix(), at.Nanosecond()/1000), "fingerprint": fmt.Sprintf("%016x", mix(id)), "certificate.version": 3,
		"certificate.serial": serial, "certificate.subject": "CN=" + server, "certificate.issuer": "CN=Example Hospital Issuing CA",
		"certificate.not_valid_before": from.Unix(), "certificate.not_valid_after": until.Unix(), "host_cert": true, "client_cert": false,
	})
}

// HL7Seen is an HL7 message that the tap saw go over a connection: its header's words, and how it was answered.
func HL7Seen(at time.Time, id uint64, from, to string, port int, control, kind, answer string, took time.Duration, digest uint64) []byte {
	f := zeek("hl7", at, id, from, to, port)
	f["control_id"], f["message_type"], f["ack_code"], f["ack_ms"] = control, kind, answer, took.Milliseconds()
	f["digest"] = fmt.Sprintf("%016x", digest)
	return object(f)
}

func zeek(path string, at time.Time, id uint64, from, to string, port int) fields {
	return fields{
		"_path": path, "ts": fmt.Sprintf("%d.%06d", at.Unix(), at.Nanosecond()/1000), "uid": fmt.Sprintf("C%016x", mix(id)),
		"id.orig_h": from, "id.orig_p": 40000 + int(mix(id)%20000), "id.resp_h": to, "id.resp_p": port,
	}
}

// Flow is a flow as Suricata reports it when it ends.
func Flow(at time.Time, id uint64, from, to string, port int, out, back int64, lasted time.Duration) []byte {
	f := eve(at, "flow", id, from, to, port)
	f["flow"] = fields{"bytes_toserver": out, "bytes_toclient": back, "age": int(lasted.Seconds()), "state": "closed", "reason": "timeout"}
	return object(f)
}

// Alert is an alert of Suricata's.
func Alert(at time.Time, id uint64, from, to string, port, signature, severity int, text string) []byte {
	f := eve(at, "alert", id, from, to, port)
	f["alert"] = fields{"action": "allowed", "gid": 1, "signature_id": signature, "rev": 1, "signature": text, "category": "Misc activity", "severity": severity}
	return object(f)
}

func eve(at time.Time, kind string, id uint64, from, to string, port int) fields {
	return fields{
		"timestamp": at.UTC().Format("2006-01-02T15:04:05.000000-0700"), "flow_id": mix(id) >> 14, "event_type": kind,
		"src_ip": from, "src_port": 40000 + int(mix(id)%20000), "dest_ip": to, "dest_port": port, "proto": "TCP",
	}
}
