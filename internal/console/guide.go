package console

import (
	"fmt"
	"strings"
)

// guide says how one kind of sender is set up.
type guide struct {
	kind, name, hint string
	file             string // where the lines go
	needs            string // door that must be open: http, syslog, mllp
	token            bool   // it signs in with a token
	lines            string // with {{host}}, {{port}}, {{url}}, {{name}} and {{token}}
	steps            []string
}

func (g guide) open(d Doors) bool {
	switch g.needs {
	case "syslog":
		return d.Syslog != ""
	case "mllp":
		return d.MLLP != ""
	}
	return d.HTTP != ""
}

// fill puts addresses, name and token in their places.
func (g guide) fill(d Doors, name, token string) string {
	door := map[string]string{"syslog": d.Syslog, "mllp": d.MLLP}[g.needs]
	host, port := door, ""
	if i := strings.LastIndexByte(door, ':'); i >= 0 {
		host, port = door[:i], door[i+1:]
	}
	return strings.NewReplacer("{{host}}", host, "{{port}}", port, "{{url}}", d.HTTP, "{{name}}", name, "{{token}}", token).Replace(g.lines)
}

const trust = "Copy this node's certificate authority (wardline ca show) to the sender, as the file that the lines name."

// guides lists what we know how to connect.
func guides() []guide {
	return []guide{
		{
			kind: "rsyslog", name: "rsyslog", hint: "Linux servers; firewalls and switches behind it", file: "/etc/rsyslog.d/60-wardline.conf", needs: "syslog",
			lines: `global(DefaultNetstreamDriverCAFile="/etc/ssl/certs/wardline-ca.pem")
action(type="omfwd" target="{{host}}" port="{{port}}" protocol="tcp"
       StreamDriver="gtls" StreamDriverMode="1"
       StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="Wardline"
       TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format"
       queue.type="LinkedList" queue.filename="wardline" queue.saveOnShutdown="on"
       action.resumeRetryCount="-1")
`,
			steps: []string{trust, "Install the package rsyslog-gnutls.", "Put these lines into the file and restart rsyslog."},
		},
		{
			kind: "mirth", name: "Mirth or NextGen Connect", hint: "HL7 v2 messages, copied from a channel", file: "a new destination of the channel", needs: "mllp",
			lines: `Connector type     TCP Sender
Name               Wardline
Remote address     {{host}}
Remote port        {{port}}
Transmission mode  MLLP
Queue messages     On Failure
Response timeout   10000
Template           ${message.rawData}
Inbound type       HL7 v2.x
`,
			steps: []string{"Open the channel and add a destination with these values.", "Let it wait for nothing: it must not hold up the other destinations.", "Deploy the channel."},
		},
		{
			kind: "hapi", name: "HAPI FHIR", hint: "AuditEvent of a FHIR server (BALP)", file: "the server's start-up code", needs: "http", token: true,
			lines: `FhirContext ctx = FhirContext.forR4Cached();
IBalpAuditEventSink sink = new AsyncMemoryQueueBackedFhirClientBalpSink(
    ctx, "{{url}}/fhir", List.of(new BearerTokenAuthInterceptor("{{token}}")));
restfulServer.registerInterceptor(
    new BalpAuditCaptureInterceptor(sink, new YourAuditContextServices()));
`,
			steps: []string{trust, "Add these lines where the server is put together.", "Write YourAuditContextServices so that it names the user of each request."},
		},
		{
			kind: "dcm4chee", name: "dcm4chee", hint: "Audit messages of an image archive", file: "the archive's Audit Record Repository", needs: "syslog",
			lines: `dicomHostname: {{host}}
dicomPort:     {{port}}
dcmProtocol:   SYSLOG_TLS
`,
			steps: []string{trust, "Open the archive's console, Configuration, Devices, and the device of the Audit Record Repository.", "Set its syslog connection to these values, then reload the archive's configuration."},
		},
		{
			kind: "winlogbeat", name: "Winlogbeat", hint: "Event logs of Windows", file: "winlogbeat.yml", needs: "http", token: true,
			lines: `winlogbeat.event_logs:
  - name: Security
  - name: System
  - name: Windows PowerShell
  - name: Microsoft-Windows-PowerShell/Operational
  - name: Microsoft-Windows-Sysmon/Operational
setup.template.enabled: false
setup.ilm.enabled: false
output.elasticsearch:
  hosts: ["{{url}}"]
  username: "{{name}}"
  password: "{{token}}"
  ssl.certificate_authorities: ["C:/ProgramData/wardline-ca.pem"]
`,
			steps: []string{trust, "Put these lines into the file in place of its outputs.", "Restart the service winlogbeat."},
		},
		{
			kind: "filebeat", name: "Filebeat", hint: "Log files of any program", file: "filebeat.yml", needs: "http", token: true,
			lines: `filebeat.inputs:
  - type: filestream
    id: {{name}}
    paths: [/var/log/*.log]
setup.template.enabled: false
setup.ilm.enabled: false
output.elasticsearch:
  hosts: ["{{url}}"]
  username: "{{name}}"
  password: "{{token}}"
  ssl.certificate_authorities: ["/etc/ssl/certs/wardline-ca.pem"]
`,
			steps: []string{trust, "Put these lines into the file, with the paths of your logs.", "Restart filebeat."},
		},
		{
			kind: "suricata", name: "Suricata", hint: "Network alarms and flows, by Filebeat", file: "filebeat.yml beside Suricata", needs: "http", token: true,
			lines: `filebeat.inputs:
  - type: filestream
    id: {{name}}
    paths: [/var/log/suricata/eve.json]
    parsers:
      - ndjson: {target: "", overwrite_keys: true}
setup.template.enabled: false
setup.ilm.enabled: false
output.elasticsearch:
  hosts: ["{{url}}"]
  username: "{{name}}"
  password: "{{token}}"
  ssl.certificate_authorities: ["/etc/ssl/certs/wardline-ca.pem"]
`,
			steps: []string{trust, "See that suricata.yaml writes eve-log to /var/log/suricata/eve.json.", "Put these lines into filebeat.yml and restart filebeat."},
		},
	}
}

// GuideKinds lists the senders that Guide knows.
func GuideKinds() []string {
	var kinds []string
	for _, g := range guides() {
		kinds = append(kinds, g.kind)
	}
	return kinds
}

// Guide writes how a sender of that kind is set up to reach the doors of a node; "" when it knows no such kind.
func Guide(kind string, d Doors, name, token string) string {
	for _, g := range guides() {
		if g.kind != kind {
			continue
		}
		var b strings.Builder
		for i, step := range g.steps {
			fmt.Fprintf(&b, "%d. %s\n", i+1, step)
		}
		fmt.Fprintf(&b, "\n%s, %s:\n\n%s", g.name, g.file, g.fill(d, name, token))
		return b.String()
	}
	return ""
}
