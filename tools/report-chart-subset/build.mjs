// npm ci && npm run build: writes the minified subset and the licences of what is in it.
import { build } from 'esbuild';
import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const assets = join(here, '../../crates/repshape-report/assets');
await mkdir(assets, { recursive: true });
await build({
  entryPoints: [join(here, 'entry.js')],
  bundle: true,
  minify: true,
  format: 'iife',
  globalName: 'echarts',
  target: 'es2020',
  charset: 'ascii',
  legalComments: 'none',
  define: { 'process.env.NODE_ENV': '"production"' },
  banner: {
    js: '/* Apache ECharts 6.1.0, a subset. Licensed to the Apache Software Foundation under the Apache License 2.0: '
      + 'https://www.apache.org/licenses/LICENSE-2.0. With zrender (BSD-3-Clause) and tslib (0BSD). */',
  },
  outfile: join(assets, 'echarts.min.js'),
});
const licences = {
  'echarts.LICENSE': 'echarts/LICENSE',
  'echarts.NOTICE': 'echarts/NOTICE',
  'echarts.LICENSE-d3': 'echarts/licenses/LICENSE-d3',
  'zrender.LICENSE': 'zrender/LICENSE',
};
for (const [name, source] of Object.entries(licences)) {
  await copyFile(join(here, 'node_modules', source), join(assets, name));
}
