import ts from 'typescript'
import type { Files } from './files.js'
import { lineOf, parse, walk } from './imports.js'

/** Real time belongs to the kit that hides it, and to what runs real servers. */
const mayUseTimers = /^test\/(kit|bench|faults|services)\/|^test\/(run|watchdog)\.ts$/
const timers = new Set(['setTimeout', 'setInterval'])
const testFunctions = new Set(['test', 'it', 'describe', 'suite', 't', 'context'])

/** Tests that sleep. */
export function sleeps(files: Files): string[] {
  return each(files, (path, file, report) => {
    if (mayUseTimers.test(path)) return
    walk(file, (node) => {
      if (ts.isImportDeclaration(node) && importsTimer(node)) report(lineOf(file, node), 'imports a timer')
      if (!ts.isCallExpression(node)) return
      const [first] = node.arguments
      if (node.expression.kind === ts.SyntaxKind.ImportKeyword && first && isTimerModule(first)) {
        report(lineOf(file, node), 'imports timers')
      }
      const name = nameOf(node.expression)
      if (timers.has(name) && !isDeadline(node)) report(lineOf(file, node), `calls ${name}`)
    })
  })
}

/** All of a module of timers, or one of its timers. `setImmediate` is a turn of the event loop, not a time. */
function importsTimer({ moduleSpecifier, importClause }: ts.ImportDeclaration): boolean {
  if (!isTimerModule(moduleSpecifier)) return false
  const names = importClause?.namedBindings
  if (!names || !ts.isNamedImports(names)) return true
  return names.elements.some(({ name, propertyName }) => (propertyName ?? name).text !== 'setImmediate')
}

function isTimerModule(node: ts.Expression): boolean {
  return ts.isStringLiteralLike(node) && /^(node:)?timers(\/promises)?$/.test(node.text)
}

/** `setTimeout(() => reject(error), ms)` is the way out of a wait, not a sleep. */
function isDeadline(call: ts.CallExpression): boolean {
  const [callback] = call.arguments
  if (!callback || !ts.isArrowFunction(callback) || !ts.isCallExpression(callback.body)) return false
  return ['reject', 'abort'].includes(nameOf(callback.body.expression))
}

/** Tests that keep others from running, and tests left out without a reason. */
export function leftOut(files: Files): string[] {
  return each(files, (_path, file, report) => {
    walk(file, (node) => {
      const problem = ts.isCallExpression(node) ? problemOfCall(node) : problemOfOption(node)
      if (problem) report(lineOf(file, node), problem)
    })
  })
}

function problemOfCall(call: ts.CallExpression): string | undefined {
  const { expression } = call
  if (!ts.isPropertyAccessExpression(expression) || !testFunctions.has(nameOf(expression.expression))) return undefined
  const name = expression.name.text
  if (name === 'only') return 'only'
  if (name !== 'skip' && name !== 'todo') return undefined
  const onContext = ['t', 'context'].includes(nameOf(expression.expression)) // t.skip('reason'), but test.skip('name', fn)
  return onContext && call.arguments.length > 0 ? undefined : `${name} without a reason`
}

function problemOfOption(node: ts.Node): string | undefined {
  if (!ts.isPropertyAssignment(node) || !ts.isIdentifier(node.name)) return undefined
  if (!['only', 'skip', 'todo'].includes(node.name.text)) return undefined
  if (node.initializer.kind !== ts.SyntaxKind.TrueKeyword || !isTestOptions(node.parent.parent)) return undefined
  return node.name.text === 'only' ? 'only' : `${node.name.text} without a reason`
}

function isTestOptions(node: ts.Node): boolean {
  return ts.isCallExpression(node) && testFunctions.has(nameOf(node.expression))
}

/** `test` of `test` and of `t.test`. */
function nameOf(node: ts.Node): string {
  if (ts.isIdentifier(node)) return node.text
  return ts.isPropertyAccessExpression(node) ? node.name.text : ''
}

type Check = (path: string, file: ts.SourceFile, report: (line: number, problem: string) => void) => void

function each(files: Files, check: Check): string[] {
  const problems: string[] = []
  for (const [path, text] of files) {
    if (!path.startsWith('test/')) continue
    check(path, parse(path, text), (line, problem) => problems.push(`${path}:${line} ${problem}`))
  }
  return problems
}
