import { readdir, readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import type { Answer, Route } from './answer.js'

const folder = new URL('page/', import.meta.url)

/** Files of packages, by the path under which the page asks for them. */
const vendored: readonly (readonly [path: string, module: string])[] = [
  ['/page/vendor/uplot.js', 'uplot/dist/uPlot.esm.js'],
  ['/page/vendor/uplot.css', 'uplot/dist/uPlot.min.css'],
]

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** Nothing from elsewhere, nothing inline. `connect-src 'self'` includes the WebSockets of this host. */
const policy = [
  "default-src 'none'",
  ...["script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'"],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ')

/** Serves the page: a fixed set of files, read once, so that no path can lead out of it. */
export async function pageRoutes(): Promise<Route[]> {
  const own = (await readdir(folder)).filter((file) => extname(file) in types)
  const files = [
    ...own.map((file) => ({ path: file === 'index.html' ? '/' : `/page/${file}`, url: new URL(file, folder) })),
    ...vendored.map(([path, module]) => ({ path, url: new URL(import.meta.resolve(module)) })),
  ]
  return Promise.all(files.map(fileRoute))
}

async function fileRoute({ path, url }: { path: string; url: URL }): Promise<Route> {
  const file: Answer = {
    status: 200,
    body: await readFile(url, 'utf8'),
    headers: {
      'content-type': types[extname(url.pathname)] ?? 'text/plain',
      'cache-control': 'no-cache',
      'content-security-policy': policy,
      'referrer-policy': 'no-referrer',
    },
  }
  return { method: 'GET', path, handle: () => file }
}
