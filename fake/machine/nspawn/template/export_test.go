package template

// Key is what a template is kept under.
func Key(c Config) (string, error) { return c.key() }
