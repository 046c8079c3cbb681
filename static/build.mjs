// Builds static/dist: style sheets, scripts, fonts, the icon sprite and manifest.json, which maps a plain name
// (app.css) to the name with its content hash (app-1A2B3C4D.css), so that every file may be cached for ever.
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import esbuild from 'esbuild';
import { PurgeCSS } from 'purgecss';

const here = dirname(fileURLToPath(import.meta.url));
const src = join(here, 'src');
const templates = join(here, '..', 'templates');
const watching = process.argv.includes('--watch');
// A build goes to a folder of its own and takes the place of the old one when it is whole: whoever serves dist never sees half.
const dist = join(here, 'dist');
const fresh = join(here, '.dist-new');

const common = {
  bundle: true,
  minify: true,
  metafile: true,
  write: true,
  outdir: fresh,
  entryNames: '[name]-[hash]',
  chunkNames: 'chunk-[hash]',
  assetNames: '[name]-[hash]',
  target: ['chrome123', 'firefox121', 'safari17.5'], // the first with light-dark(), :has() and <dialog>
  loader: { '.woff2': 'file' },
  legalComments: 'linked',
  logLevel: 'warning',
};

/** Tabler without the rules whose classes no word of a template or a script names; a seventh of it stays. */
const onlyWhatIsUsed = {
  name: 'only what is used',
  setup({ onLoad }) {
    onLoad({ filter: /tabler\.min\.css$/ }, async ({ path }) => {
      const [{ css }] = await new PurgeCSS().purge({
        css: [path],
        content: [join(templates, '**', '*.html'), join(src, 'js', '**', '*.js')],
        defaultExtractor: (text) => text.match(/[\w-]+/g) ?? [],
      });
      return { contents: css, loader: 'css' };
    });
  },
};

async function pageEntries() {
  const files = await readdir(join(src, 'js', 'pages')).catch(() => []);
  return files
    .filter((file) => file.endsWith('.js') && !file.endsWith('.test.js'))
    .map((file) => ({ in: join(src, 'js', 'pages', file), out: basename(file, '.js') }));
}

function named(metafile) {
  const names = {};
  for (const [path, output] of Object.entries(metafile.outputs)) {
    const file = basename(path);
    const extension = file.slice(file.lastIndexOf('.'));
    if (output.entryPoint) names[file.replace(/-[A-Z0-9]{8}(\.\w+)$/, '$1')] = file;
    else if (extension === '.woff2') names[file.replace(/-[A-Z0-9]{8}\.woff2$/, '.woff2')] = file;
  }
  return names;
}

function hash(text) {
  return createHash('sha256').update(text).digest('hex').slice(0, 8).toUpperCase();
}

async function writeHashed(name, text) {
  const file = name.replace(/(\.\w+)$/, `-${hash(text)}$1`);
  await writeFile(join(fresh, file), text);
  return { [name]: file };
}

/** One <symbol> per line of icons.txt, drawn by @tabler/icons; colour and stroke come from the page. */
async function sprite() {
  const lines = (await readFile(join(src, 'icons.txt'), 'utf8')).split('\n');
  const names = lines.map((line) => line.replace(/#.*/, '').trim()).filter(Boolean);
  const symbols = await Promise.all(
    [...new Set(names)].sort().map(async (name) => {
      const file = join(here, 'node_modules', '@tabler', 'icons', 'icons', 'outline', `${name}.svg`);
      const shapes = [...(await readFile(file, 'utf8')).matchAll(/<path [^>]*>/g)].map(([path]) => path);
      const drawn = shapes.filter((path) => !path.includes('stroke="none"')).join('');
      return [name, `<symbol id="${name}" viewBox="0 0 24 24">${drawn}</symbol>`];
    }),
  );
  const svg = `<svg xmlns="http://www.w3.org/2000/svg">${symbols.map(([, symbol]) => symbol).join('')}</svg>`;
  return { names: symbols.map(([name]) => name), files: await writeHashed('icons.svg', svg) };
}

/** Lay a packed copy beside each text, which is served to whoever takes it. */
async function pack() {
  const texts = (await readdir(fresh)).filter((file) => /\.(css|js|svg)$/.test(file));
  await Promise.all(
    texts.map(async (file) => {
      const path = join(fresh, file);
      const text = await readFile(path);
      if (text.length < 1000) return;
      await writeFile(`${path}.gz`, await promisify(gzip)(text, { level: 9 }));
      await writeFile(`${path}.br`, await promisify(brotliCompress)(text));
    }),
  );
}

async function build() {
  const started = performance.now();
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  const [modules, blocking, styles, icons, favicon] = await Promise.all([
    esbuild.build({
      ...common,
      format: 'esm',
      splitting: true,
      entryPoints: [
        { in: join(src, 'js', 'app.js'), out: 'app' },
        { in: join(src, 'js', 'charts.js'), out: 'charts' },
        ...(await pageEntries()),
      ],
    }),
    // Runs before the first paint, so it is a classic script and stands alone.
    esbuild.build({ ...common, format: 'iife', entryPoints: [{ in: join(src, 'js', 'theme.js'), out: 'theme' }] }),
    esbuild.build({
      ...common,
      entryPoints: [{ in: join(src, 'css', 'app.css'), out: 'app' }],
      plugins: [onlyWhatIsUsed],
    }),
    sprite(),
    readFile(join(src, 'favicon.svg'), 'utf8').then((svg) => writeHashed('favicon.svg', svg)),
  ]);
  const files = {
    ...named(modules.metafile),
    ...named(blocking.metafile),
    ...named(styles.metafile),
    ...icons.files,
    ...favicon,
  };
  await writeFile(join(fresh, 'manifest.json'), JSON.stringify({ files, icons: icons.names }, null, 1));
  await pack();
  await rm(dist, { recursive: true, force: true });
  await rename(fresh, dist);
  console.log(`static/dist built in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

await build();
if (watching) {
  const { watch } = await import('node:fs');
  let timer;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => build().catch((error) => console.error(error.message)), 80);
  };
  for (const folder of [src, templates]) watch(folder, { recursive: true }, soon);
}
