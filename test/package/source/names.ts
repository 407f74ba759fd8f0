import ts from 'typescript'
import { read, root } from './files.js'
import { parse } from './imports.js'

/** What an entry exports, sorted: `createRuntime`, `type Runtime`. Every entry lists its names one by one. */
export function exportedNames(path: string): string[] {
  return parse(path, read(path)).statements.flatMap(namesOf).sort(byName)
}

/** The names of an entry that exist at run time. */
export async function loadedNames(path: string): Promise<string[]> {
  const module = (await import(new URL(path, `file://${root}`).href)) as object
  return Object.keys(module).sort(byName)
}

function namesOf(node: ts.Statement): string[] {
  if (ts.isExportDeclaration(node) && node.exportClause && ts.isNamedExports(node.exportClause)) {
    return node.exportClause.elements.map((name) => {
      return `${node.isTypeOnly || name.isTypeOnly ? 'type ' : ''}${name.name.text}`
    })
  }
  if (!ts.canHaveModifiers(node) || !ts.getModifiers(node)?.some(isExport)) return []
  if (ts.isVariableStatement(node)) {
    return node.declarationList.declarations.map(({ name }) => (ts.isIdentifier(name) ? name.text : ''))
  }
  if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return [`type ${node.name.text}`]
  if (ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)) return [node.name?.text ?? 'default']
  return []
}

function isExport(modifier: ts.Modifier): boolean {
  return modifier.kind === ts.SyntaxKind.ExportKeyword
}

function byName(a: string, b: string): number {
  const [left, right] = [a.replace('type ', ''), b.replace('type ', '')]
  return left < right ? -1 : Number(left > right)
}
