import { existsSync, globSync } from 'node:fs'
import { dirname, normalize } from 'node:path'
import { read, root } from './files.js'

/** A fenced block of a page. */
export interface Block {
  readonly language: string
  readonly text: string
  /** The file, or `file#region`, that a comment before the block names. */
  readonly source: string | undefined
  readonly line: number
}

/** The written pages, from the root of the repository. */
export function pages(): string[] {
  return ['README.md', ...globSync('docs/**/*.md', { cwd: root, exclude: ['docs/api/**'] })]
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
}

export function blocksOf(text: string): Block[] {
  const fence = /(?:^<!-- ([\w./#-]+) -->\n)?^```(\w*)\n(.*?)^```$/gms
  return [...text.matchAll(fence)].map(({ 1: source, 2: language = '', 3: code = '', index }) => ({
    language,
    text: code,
    source,
    line: text.slice(0, index).split('\n').length,
  }))
}

/** What a block that names `file` or `file#region` has to show; `undefined` when there is no such file or region. */
export function exampleText(source: string): string | undefined {
  const [path = '', region] = source.split('#')
  if (!existsSync(root + path)) return undefined
  const text = read(path)
  if (region === undefined) return text
  const [, found] = new RegExp(`^// #region ${region}\\n(.*?)^// #endregion$`, 'ms').exec(text) ?? []
  return found
}

/** Links of a page to this repository that lead nowhere. */
export function brokenLinks(page: string): string[] {
  const prose = read(page).replaceAll(/^```.*?^```$/gms, '')
  return [...prose.matchAll(/\]\(([^()\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target) && !leadsSomewhere(page, target))
    .map((target) => `${page}: ${target}`)
}

function leadsSomewhere(page: string, target: string): boolean {
  const [path = '', anchor] = target.split('#')
  const file = path === '' ? page : normalize(`${dirname(page)}/${path}`).replaceAll('\\', '/')
  if (!existsSync(root + file)) return false
  return anchor === undefined || (file.endsWith('.md') && anchorsOf(read(file)).includes(anchor))
}

/** As GitHub makes them from headings. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
