// A state timeline in the manner of Grafana's, whose own is not in its library.
import { getFieldDisplayName } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';

const axisHeight = 22;
const labelWidth = 55; // of a time on the axis, with what is around it

export function StateTimeline({ panel, frames, range, width, height }) {
  const theme = useTheme2();
  const font = `12px ${theme.typography.fontFamily}`;
  const labels = Math.min(width / 2, 12 + Math.max(...frames.map((f) => measure(nameOf(f, frames), font))));
  const row = (height - axisHeight) / frames.length;
  const thick = row * panel.options.rowHeight;
  const from = range.from.valueOf();
  const x = (time) => labels + ((time - from) / (range.to.valueOf() - from)) * (width - labels);
  return (
    <svg width={width} height={height} style={{ display: 'block', font }}>
      {frames.map((frame, i) => (
        <g key={i}>
          <text x={labels - 8} y={row * (i + 0.5)} textAnchor="end" dominantBaseline="middle" fill={theme.colors.text.primary}>{nameOf(frame, frames)}</text>
          {spells(frame).map((spell, n) => {
            const shown = frame.fields[1].display(spell.value);
            const wide = x(spell.to) - x(spell.from);
            return (
              <g key={n}>
                <rect x={x(spell.from)} y={row * (i + 0.5) - thick / 2} width={Math.max(wide, 1)} height={thick} rx="2"
                  fill={shown.color} fillOpacity={panel.fieldConfig.defaults.custom.fillOpacity / 100} />
                {wide > 9 * shown.text.length && thick > 11 && (
                  <text x={x(spell.from) + 6} y={row * (i + 0.5)} dominantBaseline="middle" fill={theme.colors.text.primary}>{shown.text}</text>
                )}
              </g>
            );
          })}
        </g>
      ))}
      <Axis x={x} range={range} width={width - labels} top={height - axisHeight} theme={theme} />
    </svg>
  );
}

// nameOf is what a series is called.
function nameOf(frame, frames) {
  return getFieldDisplayName(frame.fields[1], frame, frames);
}

function measure(text, font) {
  const context = document.createElement('canvas').getContext('2d');
  context.font = font;
  return context.measureText(text).width;
}

// spells joins equal values that follow each other without a gap.
function spells(frame) {
  const [time, value] = frame.fields;
  const step = time.config.interval;
  const joined = [];
  value.values.forEach((v, i) => {
    const at = time.values[i];
    const last = joined.at(-1);
    if (last && last.value === v && at <= last.to) {
      last.to = at + step;
    } else {
      joined.push({ value: v, from: at, to: at + step });
    }
  });
  return joined;
}

function Axis({ x, range, width, top, theme }) {
  const minute = 60_000;
  const step = Math.ceil((range.to - range.from) / minute / (width / labelWidth)) * minute;
  const ticks = [];
  for (let at = Math.ceil(range.from / step) * step; at < range.to; at += step) {
    ticks.push(at);
  }
  return ticks.map((at) => (
    <text key={at} x={x(at)} y={top + 16} textAnchor="middle" fill={theme.colors.text.secondary}>{new Date(at).toISOString().slice(11, 16)}</text>
  ));
}
