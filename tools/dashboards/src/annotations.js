// Annotations that come from Prometheus. Those that the autoscaler writes into
// Grafana need a Grafana.
import { query } from './prometheus.js';

const colors = { red: '#f2495c', green: '#73bf69', purple: '#b877d9' };

export async function readMarks(dashboard, range) {
  const marks = [];
  for (const annotation of dashboard.annotations.list) {
    if (!annotation.enable || annotation.datasource.type !== 'prometheus') {
      continue;
    }
    const target = { refId: 'A', expr: annotation.expr, legendFormat: annotation.textFormat, range: true };
    for (const frame of await query({ targets: [target] }, {}, range, 500)) {
      const [time] = frame.fields;
      // Samples that follow each other are one event.
      time.values.forEach((at, i) => {
        if (i === 0 || at - time.values[i - 1] > time.config.interval) {
          marks.push({ time: at, color: colors[annotation.iconColor] ?? annotation.iconColor });
        }
      });
    }
  }
  return marks;
}
