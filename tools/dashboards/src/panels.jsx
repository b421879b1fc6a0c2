// The kinds of panels. What @grafana/ui has is drawn by it.
import { getFieldDisplayValues } from '@grafana/data';
import { BigValue, BigValueTextMode, TimeSeries, useTheme2, VizRepeater } from '@grafana/ui';
import { StateTimeline } from './statetimeline.jsx';

export function PanelContent(props) {
  const kinds = { timeseries: Graph, stat: Stat, 'state-timeline': StateTimeline };
  const Kind = kinds[props.panel.type] ?? NotDrawn;
  if (Kind === Graph || Kind === StateTimeline) {
    if (props.frames.every((frame) => frame.length === 0)) {
      return <Message text={props.panel.fieldConfig.defaults.noValue ?? 'No data'} name="no-data" {...props} />;
    }
  }
  return <Kind {...props} />;
}

function Message({ text, name, width, height }) {
  const theme = useTheme2();
  return (
    <div data-message={name} style={{ width, height, display: 'grid', placeItems: 'center', textAlign: 'center', color: theme.colors.text.secondary }}>
      <span>{text}</span>
    </div>
  );
}

function NotDrawn(props) {
  return <Message name="not-drawn" text={`Grafana draws its ${props.panel.type} here; this tool cannot.`} {...props} />;
}

function Graph({ panel, frames, range, marks, width, height }) {
  const children = (config) => {
    config.addHook('draw', (u) => drawMarks(u, marks));
    return null;
  };
  return (
    <TimeSeries frames={frames} timeRange={range} timeZone="utc" width={width} height={height}
      legend={panel.options.legend} options={panel.options}>
      {marks.length > 0 ? children : undefined}
    </TimeSeries>
  );
}

// drawMarks draws annotations as Grafana does: a dashed line, and a triangle below.
function drawMarks(u, marks) {
  const { ctx, bbox } = u;
  ctx.save();
  for (const mark of marks) {
    const x = u.valToPos(mark.time, 'x', true);
    ctx.strokeStyle = ctx.fillStyle = mark.color;
    ctx.setLineDash([5, 5]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(x, bbox.top + bbox.height);
    ctx.lineTo(x - 5, bbox.top + bbox.height + 6);
    ctx.lineTo(x + 5, bbox.top + bbox.height + 6);
    ctx.fill();
  }
  ctx.restore();
}

function Stat({ panel, frames, replace, width, height }) {
  const theme = useTheme2();
  const { options, fieldConfig } = panel;
  const getValues = () => getFieldDisplayValues({
    fieldConfig, reduceOptions: options.reduceOptions, replaceVariables: replace, theme, data: frames,
    sparkline: options.graphMode !== 'none', timeZone: 'utc',
  });
  const renderValue = ({ value, width: w, height: h, count }) => (
    <BigValue value={value.display} sparkline={value.sparkline} width={w} height={h} count={count} theme={theme}
      colorMode={options.colorMode} graphMode={options.graphMode} justifyMode={options.justifyMode}
      textMode={options.textMode ?? BigValueTextMode.Auto} text={options.text} />
  );
  return (
    <VizRepeater getValues={getValues} renderValue={renderValue} width={width} height={height} source={frames}
      autoGrid orientation={options.orientation} itemSpacing={3} />
  );
}
