package console

// Plain is plain, for its tests.
func Plain(text string) string { return plain(text) }
