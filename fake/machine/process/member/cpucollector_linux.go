package member

import (
	"log/slog"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/procfs"
)

// A cpuCollector collects what the node exporter does of the CPUs in a procfs
// directory.
type cpuCollector struct {
	procfs procfs.FS
	logger *slog.Logger

	seconds, guestSeconds, duration, success *prometheus.Desc
}

func newCPUCollector(dir string, logger *slog.Logger) (*cpuCollector, error) {
	fs, err := procfs.NewFS(dir)
	if err != nil {
		return nil, err
	}
	byMode, byCollector := []string{"cpu", "mode"}, []string{"collector"}
	return &cpuCollector{
		procfs: fs, logger: logger,
		seconds:      prometheus.NewDesc("node_cpu_seconds_total", "Seconds the CPUs spent in each mode.", byMode, nil),
		guestSeconds: prometheus.NewDesc("node_cpu_guest_seconds_total", "Seconds the CPUs spent in guests (VMs) for each mode.", byMode, nil),
		duration:     prometheus.NewDesc("node_scrape_collector_duration_seconds", "node_exporter: Duration of a collector scrape.", byCollector, nil),
		success:      prometheus.NewDesc("node_scrape_collector_success", "node_exporter: Whether a collector succeeded.", byCollector, nil),
	}, nil
}

func (c *cpuCollector) Describe(descs chan<- *prometheus.Desc) {
	descs <- c.seconds
	descs <- c.guestSeconds
	descs <- c.duration
	descs <- c.success
}

func (c *cpuCollector) Collect(metrics chan<- prometheus.Metric) {
	began, success := time.Now(), 1.0
	stat, err := c.procfs.Stat()
	if err != nil {
		c.logger.Error("collector failed", "name", "cpu", "err", err)
		success = 0
	}
	for number, s := range stat.CPU {
		cpu := strconv.FormatInt(number, 10)
		for mode, seconds := range map[string]float64{
			"user": s.User, "nice": s.Nice, "system": s.System, "idle": s.Idle,
			"iowait": s.Iowait, "irq": s.IRQ, "softirq": s.SoftIRQ, "steal": s.Steal,
		} {
			metrics <- prometheus.MustNewConstMetric(c.seconds, prometheus.CounterValue, seconds, cpu, mode)
		}
		metrics <- prometheus.MustNewConstMetric(c.guestSeconds, prometheus.CounterValue, s.Guest, cpu, "user")
		metrics <- prometheus.MustNewConstMetric(c.guestSeconds, prometheus.CounterValue, s.GuestNice, cpu, "nice")
	}
	metrics <- prometheus.MustNewConstMetric(c.duration, prometheus.GaugeValue, time.Since(began).Seconds(), "cpu")
	metrics <- prometheus.MustNewConstMetric(c.success, prometheus.GaugeValue, success, "cpu")
}
