package grafanaserver

import "log/slog"

// ReadLog parses the parts of a log, and returns what is kept of it.
func ReadLog(parts ...[]byte) (problems []string, tail string, err error) {
	p := newLogParser(slog.New(slog.DiscardHandler))
	for _, part := range parts {
		if _, err := p.Write(part); err != nil {
			return nil, "", err
		}
	}
	return p.provisioningErrors(), p.lastLines(), nil
}
