// Bundles JsSIP into one module and puts the licences of what is in it beside it. Run by `make vendor`.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const out = process.argv[2] || '../web/static/vendor/';
const result = await build({
  entryPoints: ['node_modules/jssip/lib/JsSIP.js'],
  outfile: `${out}jssip.js`,
  bundle: true,
  minify: true,
  format: 'esm',
  legalComments: 'none',
  define: { global: 'globalThis' },
  metafile: true,
  write: false,
});

const packages = [...new Set(Object.keys(result.metafile.inputs).map((path) => /node_modules\/([^/]+)/.exec(path)[1]))].sort();
const about = packages.map((name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`)));
const names = about.map((each) => `${each.name} ${each.version}`).join(', ');

writeFileSync(`${out}jssip.js`, `/*! ${names}; licences: LICENSES.txt */\n${result.outputFiles[0].text}`);
writeFileSync(`${out}LICENSES.txt`, about.map((each) => {
  const file = readdirSync(`node_modules/${each.name}`).find((name) => /^licen[cs]e/i.test(name));
  const text = file ? readFileSync(`node_modules/${each.name}/${file}`, 'utf8') : `Licence: ${each.license}`;
  return `${each.name} ${each.version} (${each.license})\n\n${text.trim()}\n`;
}).join(`\n${'-'.repeat(78)}\n\n`));
console.log(names);
