import ts from 'typescript'
import type { Files } from './files.js'
import { importsOf, lineOf, parse, walk } from './imports.js'

/** Real time belongs to the kit that hides it, and to what runs real servers. */
const mayUseTimers = /^test\/(kit|bench|faults|services)\/|^test\/(run|watchdog)\.ts$/
const timers = new Set(['setTimeout', 'setInterval'])
const timerModules = new Set(['node:timers', 'node:timers/promises', 'timers', 'timers/promises'])
const testFunctions = new Set(['test', 'it', 'describe', 'suite', 't', 'context'])

/** Tests that sleep. */
export function sleeps(files: Files): string[] {
  return each(files, (path, file, report) => {
    if (mayUseTimers.test(path)) return
    for (const { specifier, line } of importsOf(path, file.text)) {
      if (timerModules.has(specifier ?? '')) report(line, `imports ${specifier}`)
    }
    walk(file, (node) => {
      if (ts.isCallExpression(node) && timers.has(nameOf(node.expression)) && !isDeadline(node)) {
        report(lineOf(file, node), `calls ${nameOf(node.expression)}`)
      }
    })
  })
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
