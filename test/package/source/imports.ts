import ts from 'typescript'

/** One mention of another module. */
export interface Import {
  /** As written; undefined when it isn't a literal. */
  readonly specifier: string | undefined
  /** Gone after compilation. */
  readonly typeOnly: boolean
  readonly line: number
}

export function parse(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
}

/** Calls `visit` for every node of the file. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node)
  ts.forEachChild(node, (child) => walk(child, visit))
}

export function lineOf(file: ts.SourceFile, node: ts.Node): number {
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1
}

/** Every module that a file names: imports and re-exports, dynamic imports, `import()` types, `require`, references. */
export function importsOf(path: string, text: string): Import[] {
  const file = parse(path, text)
  const found: Import[] = file.referencedFiles.map((reference) => ({
    specifier: reference.fileName,
    typeOnly: true,
    line: file.getLineAndCharacterOfPosition(reference.pos).line + 1,
  }))
  for (const reference of file.typeReferenceDirectives) {
    const line = file.getLineAndCharacterOfPosition(reference.pos).line + 1
    found.push({ specifier: `types:${reference.fileName}`, typeOnly: true, line })
  }
  walk(file, (node) => {
    const mention = mentionIn(node)
    if (mention) found.push({ ...mention, line: lineOf(file, node) })
  })
  return found
}

function mentionIn(node: ts.Node): Omit<Import, 'line'> | undefined {
  if (ts.isImportDeclaration(node)) {
    return { specifier: literal(node.moduleSpecifier), typeOnly: importsTypesOnly(node.importClause) }
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
    return { specifier: literal(node.moduleSpecifier), typeOnly: exportsTypesOnly(node) }
  }
  if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference)) {
    return { specifier: literal(node.moduleReference.expression), typeOnly: node.isTypeOnly }
  }
  if (ts.isImportTypeNode(node)) {
    return {
      specifier: ts.isLiteralTypeNode(node.argument) ? literal(node.argument.literal) : undefined,
      typeOnly: true,
    }
  }
  if (ts.isCallExpression(node) && loadsModule(node.expression)) {
    return { specifier: node.arguments[0] && literal(node.arguments[0]), typeOnly: false }
  }
  return undefined
}

function importsTypesOnly(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false // import './effect.js'
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true
  const names = clause.namedBindings
  return !clause.name && !!names && ts.isNamedImports(names) && allTypes(names.elements)
}

function exportsTypesOnly(node: ts.ExportDeclaration): boolean {
  if (node.isTypeOnly) return true
  return !!node.exportClause && ts.isNamedExports(node.exportClause) && allTypes(node.exportClause.elements)
}

function allTypes(names: ts.NodeArray<ts.ImportSpecifier> | ts.NodeArray<ts.ExportSpecifier>): boolean {
  return names.length > 0 && names.every((name) => name.isTypeOnly)
}

function loadsModule(callee: ts.Expression): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true
  return ts.isIdentifier(callee) && ['require', 'createRequire'].includes(callee.text)
}

function literal(node: ts.Node): string | undefined {
  return ts.isStringLiteralLike(node) ? node.text : undefined
}
