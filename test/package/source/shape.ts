import ts from 'typescript'
import { resolveImport, targetsOf } from './boundaries.js'
import type { Files } from './files.js'
import { parse } from './imports.js'

const longest = 400

/** Files that are too long to read. */
export function tooLong(files: Files): string[] {
  return [...files].flatMap(([path, text]) => {
    const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
    return lines > longest ? [`${path}: ${lines} lines, at most ${longest}`] : []
  })
}

/** One path per group of files that import each other, types included: `a.ts > b.ts > a.ts`. */
export function cycles(files: Files): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const path: string[] = []

  function visit(file: string): void {
    const seenAt = path.indexOf(file)
    if (seenAt >= 0) found.push([...path.slice(seenAt), file].join(' > '))
    if (seenAt >= 0 || done.has(file)) return
    path.push(file)
    for (const target of new Set(targetsOf(file, files.get(file) ?? ''))) if (files.has(target)) visit(target)
    path.pop()
    done.add(file)
  }

  for (const file of files.keys()) visit(file)
  return found
}

/** Public names are listed one by one, in the entries: no re-exports elsewhere, and `export *` of another entry only. */
export function barrels(files: Files, entries: ReadonlySet<string>): string[] {
  return [...files].flatMap(([path, text]) => {
    const forwards = parse(path, text).statements.filter(isForward)
    if (forwards.length > 0 && !entries.has(path)) return [`${path}: re-exports what another file declares`]
    const stars = forwards.filter((node) => !node.exportClause).map((node) => targetOf(path, node))
    return stars.filter((target) => !entries.has(target)).map((target) => `${path}: export * from ${target}`)
  })
}

function isForward(node: ts.Statement): node is ts.ExportDeclaration {
  return ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined
}

function targetOf(path: string, { moduleSpecifier }: ts.ExportDeclaration): string {
  return moduleSpecifier && ts.isStringLiteral(moduleSpecifier) ? resolveImport(path, moduleSpecifier.text) : ''
}
