// Package indicator looks for known-bad values (addresses, domains, links, files'
// digests) in events, at a cost for each event that does not grow with their number.
//
//	event ─► look: values that could be listed    198.51.100.7   a.example.org   9f86d0…
//	              │ normal form, hash
//	              ▼
//	         filter: is it listed at all?         nine bits an entry; nearly all end here
//	              │
//	              ▼
//	         bucket: is it this one?              some six entries, one behind the other
//	              │
//	              ▼
//	         what its list says of it: title, level, validity, further conditions ─► Hit
//
// Values are compared in one normal form: digests as bytes, names and e-mail addresses in
// small ASCII letters, IP addresses as bytes, URLs with scheme and host in small letters, without
// user, default port and fragment. Only ASCII names are compared: international domain names must
// be listed as logs write them, in Punycode (xn--...).
//
// What matches what:
//
//   - A domain matches itself and every name below it: as a value, in a URL, behind the @ of an
//     e-mail address, in longer text. Names of files in paths are no domains.
//   - A URL matches itself. One that is listed with /* at its end matches whatever begins like it,
//     one that is listed without a scheme matches under any. What Zeek, Suricata and IIS log of a
//     web request in parts is put together.
//   - An address or network matches an address wherever it stands, IPv4 in IPv6 clothes
//     too, but not in a field that is called a version.
//   - A digest matches as a whole run of hexadecimal digits.
//   - A value may be listed with a port, a file name, a further address and a time of validity. Then
//     it matches only events that hold these as well and happened within that time; an event
//     that does not say its time is taken to be within.
//
// A Set never changes. It holds the values, one behind the other, and at ten million entries
// about six bytes each beside them.
package indicator
