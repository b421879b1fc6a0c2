// Draws window.job, a dashboard with its time range and width, and leaves in
// window.findings what cannot be read.
import { createRoot } from 'react-dom/client';
import { createTheme, dateTime, EventBusSrv, ThemeContext } from '@grafana/data';
import { GlobalStyles, Icon, PanelChrome, PanelContextProvider } from '@grafana/ui';
import { configure } from './fields.js';
import { PanelContent } from './panels.jsx';
import { look } from './look.js';
import { query, readVariables, replacer } from './prometheus.js';
import { readMarks } from './annotations.js';

// Grafana's grid.
const columns = 24;
const rowHeight = 30;
const gap = 8;
const padding = 16;

const { dashboard, width, theme: mode, from, to } = window.job;
const theme = createTheme({ colors: { mode } });
const range = { from: dateTime(from * 1000), to: dateTime(to * 1000), raw: { from: dateTime(from * 1000), to: dateTime(to * 1000) } };

function place({ x, y, w, h }) {
  const column = (width - 2 * padding + gap) / columns;
  return {
    left: padding + x * column, top: y * (rowHeight + gap), width: w * column - gap, height: h * (rowHeight + gap) - gap,
  };
}

async function load() {
  const variables = await readVariables(dashboard, range);
  const panels = await Promise.all(dashboard.panels.map(async (panel) => {
    const box = place(panel.gridPos);
    const frames = panel.targets ? await query(panel, variables, range, Math.floor(box.width)) : [];
    return { panel, box, frames: panel.fieldConfig ? configure(frames, panel, theme, replacer(variables)) : [] };
  }));
  return { variables, panels, marks: await readMarks(dashboard, range) };
}

function Panel({ panel, box, frames, replace, marks }) {
  return (
    <section data-panel={panel.title} style={{ position: 'absolute', ...box }}>
      <PanelChrome title={replace(panel.title)} description={panel.description} width={box.width} height={box.height}>
        {(w, h) => <PanelContent panel={panel} frames={frames} range={range} marks={marks} replace={replace} width={w} height={h} />}
      </PanelChrome>
    </section>
  );
}

function Links() {
  return dashboard.links.map((link) => (
    <span key={link.url} title={link.tooltip} style={{ border: `1px solid ${theme.colors.border.medium}`, borderRadius: 2, padding: '4px 8px' }}>
      <Icon name="apps" size="sm" /> {link.title}
    </span>
  ));
}

function Dashboard({ variables, panels, marks }) {
  const replace = replacer(variables);
  const bottom = Math.max(...panels.map(({ box }) => box.top + box.height));
  const context = { eventBus: new EventBusSrv(), eventsScope: 'global', sync: () => 0, onSeriesColorChange: () => {}, onToggleSeriesVisibility: () => {} };
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <PanelContextProvider value={context}>
        <header style={{ display: 'flex', alignItems: 'center', gap, padding: `12px ${padding}px` }}>
          <h1 style={{ fontSize: 18, margin: 0, flexGrow: 1 }}>{dashboard.title}</h1>
          <Links />
        </header>
        <main style={{ position: 'relative', height: bottom + padding }}>
          {panels.map((p) => <Panel key={p.panel.id} replace={replace} marks={marks} {...p} />)}
        </main>
      </PanelContextProvider>
    </ThemeContext.Provider>
  );
}

async function main() {
  window.__grafana_public_path__ = '/public/';
  const loaded = await load();
  Object.assign(document.body.style, { background: theme.colors.background.canvas, margin: 0 });
  document.body.style.overflow = 'hidden'; // a scroll bar would take from the width
  createRoot(document.getElementById('root')).render(<Dashboard {...loaded} />);
  await document.fonts.ready;
  window.findings = await look();
}

main().catch((err) => {
  console.error(err.stack);
  window.findings = [{ panel: '', problem: String(err) }];
});
