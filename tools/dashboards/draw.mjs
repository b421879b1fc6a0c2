// Draws every dashboard of a folder in Chromium, at several widths and in both
// themes, and prints as JSON what cannot be read: see README.md.
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { parseArgs } from 'node:util';

const here = path.dirname(fileURLToPath(import.meta.url));
const origin = 'http://dashboards.invalid';
const types = { '.svg': 'image/svg+xml', '.woff2': 'font/woff2', '.js': 'text/javascript', '.css': 'text/css' };

const { values: options } = parseArgs({
  options: {
    dashboards: { type: 'string' },
    prometheus: { type: 'string' },
    from: { type: 'string' },
    to: { type: 'string' },
    out: { type: 'string' },
    width: { type: 'string', multiple: true, default: ['1440', '1024'] },
    theme: { type: 'string', multiple: true, default: ['light', 'dark'] },
    chromium: { type: 'string' },
  },
});

function required(name) {
  if (!options[name]) {
    throw new Error(`--${name} is missing: see README.md`);
  }
  return options[name];
}

function chromiumPath() {
  const candidates = [options.chromium, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
  const found = candidates.find((name) => name && existsSync(name));
  if (!found) {
    throw new Error('Chromium is not installed; --chromium says where it is');
  }
  return found;
}

// bundle returns the page's script and style.
async function bundle() {
  const result = await build({
    entryPoints: [path.join(here, 'src/page.jsx')],
    bundle: true,
    write: false,
    outdir: '/bundle',
    jsx: 'automatic',
    minify: true,
    define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
    loader: { '.svg': 'empty', '.png': 'empty', '.ttf': 'empty' },
    logLevel: 'error',
  });
  return Object.fromEntries(result.outputFiles.map((f) => [path.basename(f.path), Buffer.from(f.contents)]));
}

// serve answers all that the page asks for; nothing leaves this machine but
// queries to Prometheus.
function serve(files, prometheus) {
  return async (route) => {
    const url = new URL(route.request().url());
    if (url.origin !== origin) {
      return route.abort();
    }
    const name = url.pathname;
    if (name === '/') {
      const style = files['page.css'] ? '<link rel="stylesheet" href="/page.css">' : '';
      return route.fulfill({
        contentType: 'text/html; charset=utf-8',
        body: `<!doctype html><html lang="en"><head><title>dashboard</title>${style}</head><body><div id="root"></div><script src="/page.js"></script></body></html>`,
      });
    }
    if (name.startsWith('/api/v1/')) {
      const answer = await fetch(prometheus + name + url.search, { signal: AbortSignal.timeout(30_000) });
      return route.fulfill({ status: answer.status, contentType: 'application/json', body: Buffer.from(await answer.arrayBuffer()) });
    }
    const body = files[name.slice(1)] ?? (await asset(name));
    return body ? route.fulfill({ contentType: types[path.extname(name)], body }) : route.fulfill({ status: 404 });
  };
}

// asset returns an icon of Grafana's, or a weight of its typeface.
async function asset(name) {
  const weight = { Regular: 400, Medium: 500 }[/inter\/Inter-(\w+)\.woff2$/.exec(name)?.[1]];
  const icon = /\/img\/(icons\/[\w/-]+\.svg)$/.exec(name)?.[1];
  const file = weight ? `@fontsource/inter/files/inter-latin-${weight}-normal.woff2` : icon && `@grafana/ui/dist/public/img/${icon}`;
  const full = file && path.join(here, 'node_modules', file);
  return full && existsSync(full) ? readFile(full) : undefined;
}

async function draw(browser, route, job) {
  const context = await browser.newContext({ viewport: { width: job.width, height: 800 }, timezoneId: 'UTC', locale: 'en-GB' });
  const page = await context.newPage();
  page.on('pageerror', (err) => process.stderr.write(`${job.name}: ${err.stack}\n`));
  page.on('console', (m) => m.type() === 'error' && process.stderr.write(`${job.name}: ${m.text()}\n`));
  await page.route('**/*', route);
  await page.addInitScript((given) => { window.job = given; }, job);
  await page.goto(origin + '/');
  await page.waitForFunction(() => window.findings, undefined, { timeout: 60_000 });
  const findings = await page.evaluate(() => window.findings);
  const file = path.join(job.out, `dashboard-${job.name}-${job.width}-${job.theme}.png`);
  await page.screenshot({ path: file, fullPage: true, animations: 'disabled' });
  await context.close();
  process.stderr.write(`wrote ${file}\n`);
  return findings.map((f) => ({ dashboard: job.name, width: job.width, theme: job.theme, ...f }));
}

async function main() {
  const folder = required('dashboards');
  const out = required('out');
  const route = serve(await bundle(), required('prometheus'));
  await mkdir(out, { recursive: true });
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox', '--disable-gpu'] }); // it sees our page alone
  const findings = [];
  try {
    for (const file of (await readdir(folder)).filter((f) => f.endsWith('.json')).sort()) {
      const dashboard = JSON.parse(await readFile(path.join(folder, file), 'utf8'));
      for (const width of options.width.map(Number)) {
        for (const theme of options.theme) {
          findings.push(...(await draw(browser, route, {
            dashboard, width, theme, out, name: path.basename(file, '.json'),
            from: Number(required('from')), to: Number(required('to')),
          })));
        }
      }
    }
  } finally {
    await browser.close();
  }
  process.stdout.write(JSON.stringify(findings, null, 1) + '\n');
}

await main();
