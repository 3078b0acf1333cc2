package syslog

// Read is how a Format reads one message.
func Read(msg []byte) Message { return read(msg) }

// Exact reads a message that follows RFC 5424 to the letter.
func Exact(msg []byte) (Message, bool) {
	if !isRFC5424(msg) {
		return Message{}, false
	}
	return read5424(msg)
}
