package downtime

// QuickLock seals with a passphrase that is quick to guess.
func QuickLock(passphrase string) (*Lock, error) { return lockWith(passphrase, 10) }
