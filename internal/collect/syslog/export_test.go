package syslog

// Read is how a Format reads one message.
func Read(msg []byte) Message { return newParser().read(msg) }
