import ts from 'typescript'
import { resolveImport } from './boundaries.js'
import { read, root } from './files.js'
import { parse } from './imports.js'

/** What an entry exports, sorted: `createRuntime`, `type Runtime`. Entries list their names, or take all of another entry. */
export function exportedNames(path: string): string[] {
  return allNames(path).sort(byName)
}

/** The names of an entry that exist at run time. */
export async function loadedNames(path: string): Promise<string[]> {
  const module = (await import(new URL(path, `file://${root}`).href)) as object
  return Object.keys(module).sort(byName)
}

/** Names of an entry whose declaration has no doc comment, as `file: name`. */
export function undocumentedNames(path: string): string[] {
  return declarationsOf(path).flatMap(([file, name]) => {
    const declared = parse(file, read(file)).statements.filter((node) => namesOf(node).some((n) => isNamed(n, name)))
    return declared.some((node) => ts.getJSDocCommentsAndTags(node).length > 0) ? [] : [`${file}: ${name}`]
  })
}

/** Where the names of an entry are declared: in the file that it takes them from, or in itself. */
function declarationsOf(path: string): [file: string, name: string][] {
  return parse(path, read(path)).statements.flatMap((node) => {
    if (!ts.isExportDeclaration(node)) return namesOf(node).map((name): [string, string] => [path, bare(name)])
    const file = sourceOf(path, node)
    if (file === undefined || !node.exportClause || !ts.isNamedExports(node.exportClause)) return []
    return node.exportClause.elements.map(({ name, propertyName }): [string, string] => [
      file,
      (propertyName ?? name).text,
    ])
  })
}

function allNames(path: string): string[] {
  return parse(path, read(path)).statements.flatMap((node) => {
    const all = ts.isExportDeclaration(node) && !node.exportClause ? sourceOf(path, node) : undefined
    return all === undefined ? namesOf(node) : allNames(all)
  })
}

function sourceOf(path: string, { moduleSpecifier }: ts.ExportDeclaration): string | undefined {
  return moduleSpecifier && ts.isStringLiteral(moduleSpecifier) ? resolveImport(path, moduleSpecifier.text) : undefined
}

function isNamed(exported: string, name: string): boolean {
  return bare(exported) === name
}

function bare(exported: string): string {
  return exported.replace('type ', '')
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
  const [left, right] = [bare(a), bare(b)]
  return left < right ? -1 : Number(left > right)
}
