package grafana

import "log/slog"

// ReadLog passes the parts of a log on as Grafana would write them, and returns
// what is kept of it.
func ReadLog(parts ...[]byte) (problems []string, tail string, err error) {
	j := &journal{logger: slog.New(slog.DiscardHandler)}
	for _, part := range parts {
		if _, err := j.Write(part); err != nil {
			return nil, "", err
		}
	}
	return j.provisioningErrors(), j.lastLines(), nil
}
