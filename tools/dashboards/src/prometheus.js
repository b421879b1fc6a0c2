// What Grafana's data source for Prometheus does: variables, steps, queries, and
// the names of series.
import { FieldType, rangeUtil } from '@grafana/data';

// Of terraform/files/monitoring: timeInterval of the data source.
const scrapeInterval = 5_000;

async function ask(path, parameters) {
  const response = await fetch(`/api/v1/${path}?${new URLSearchParams(parameters)}`);
  const answer = await response.json();
  if (answer.status !== 'success') {
    throw new Error(`${answer.error}: ${JSON.stringify(parameters)}`);
  }
  return answer.data;
}

// readVariables returns the values of a dashboard's variables.
export async function readVariables(dashboard, range) {
  const values = {};
  for (const variable of dashboard.templating.list) {
    const [, selector, label] = /^label_values\((.*), *(\w+)\)$/.exec(variable.query.query) ?? [];
    if (!label) {
      throw new Error(`the variable ${variable.name} is of a kind that is not drawn: ${variable.query.query}`);
    }
    const found = await ask(`label/${label}/values`, { 'match[]': selector, start: range.from.unix(), end: range.to.unix() });
    values[variable.name] = found[0] ?? '';
  }
  return values;
}

// replacer returns a function that puts variables into a text.
export function replacer(values) {
  return (text) => text.replace(/\$(\w+)|\$\{(\w+)(?::\w+)?\}/g, (all, plain, braced) => values[plain ?? braced] ?? all);
}

// query returns the frames of a panel's targets, one for each series.
export async function query(panel, variables, range, maxDataPoints) {
  const interval = Math.max(rangeUtil.calculateInterval(range, maxDataPoints, '5s').intervalMs, scrapeInterval);
  const replace = replacer({
    ...variables,
    __interval: `${interval}ms`,
    __rate_interval: `${Math.max(interval + scrapeInterval, 4 * scrapeInterval) / 1000}s`,
  });
  const answers = await Promise.all((panel.targets ?? []).map(async (target) => {
    const expression = { query: replace(target.expr) };
    const step = interval / 1000;
    const align = (t) => Math.floor(t.unix() / step) * step;
    const data = target.range
      ? await ask('query_range', { ...expression, step, start: align(range.from), end: align(range.to) })
      : await ask('query', { ...expression, time: range.to.unix() });
    return data.result.map((series) => frame(target, series, interval));
  }));
  return answers.flat();
}

function frame(target, series, interval) {
  const samples = series.values ?? [series.value];
  return {
    refId: target.refId,
    length: samples.length,
    fields: [
      { name: 'Time', type: FieldType.time, config: { interval }, values: samples.map(([at]) => at * 1000) },
      {
        name: 'Value', type: FieldType.number, labels: series.metric, values: samples.map(([, value]) => finite(value)),
        config: { displayNameFromDS: seriesName(target, series.metric) },
      },
    ],
  };
}

// finite returns null for what no graph can show, as Grafana's panels do.
function finite(text) {
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

function seriesName(target, labels) {
  if (target.legendFormat) {
    return target.legendFormat.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => labels[label] ?? '');
  }
  return Object.keys(labels).length > 0 ? JSON.stringify(labels) : target.expr;
}
