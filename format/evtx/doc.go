// Package evtx reads the event logs that Windows keeps (.evtx files) and gives each event
// as one flat JSON object.
//
// A file is a header of 4 KiB and any number of chunks of 64 KiB, each readable alone. The
// events in a chunk are binary XML: templates, written once, and the values that fill
// them ([MS-EVEN6] 2.2.12 to 2.2.20; the file around them is described by libevtx,
// "Windows XML Event Log (EVTX) format"). A template is compiled once per chunk into a list of
// steps that append JSON, so that an event costs little more than its values.
//
// # Names
//
//   - Elements of System, EventData, UserData and of any other part give fields of their own
//     name: EventID, Channel, param1. What only holds other elements gives none.
//   - <Data Name="Image"> gives Image. Data without a name, or with an empty one, gives Data.
//   - Attributes are joined to their element: Provider_Name, TimeCreated_SystemTime,
//     Execution_ProcessID. Name spaces (xmlns) are left out.
//   - A name that comes twice holds an array of both values, in order. Only names that System
//     has taken, and names of objects built to be costly, are written twice: UserData
//     may have a Channel of its own, and a reader who wants that of System takes the first.
//
// # Values
//
// Values are those of evtx_dump, by which public detection rules are tested, but for the braces:
//
//   - integers and reals are numbers, reals that JSON cannot hold are strings;
//   - hexadecimal types are strings "0x1f", lower case without leading zeros (libevtx
//     pads them: 0x0000001f);
//   - GUIDs are upper case in braces, as rules and Windows write them (evtx_dump leaves the braces
//     out);
//   - times are UTC with six digits of a second: 2026-03-01T10:20:30.123456Z (libevtx
//     has nine; Record.Created keeps all that is there);
//   - white space at the end of a string is dropped ("Advapi  ", as Windows pads it);
//   - binary values are upper case hexadecimal without a prefix;
//   - arrays are arrays, an array of one is its element;
//   - a value that is absent is null; in System and for attributes it is left out;
//   - numbers that System holds as text, as forwarded events do, are numbers.
package evtx
