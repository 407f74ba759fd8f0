import type { SpanOptions } from '../ports/tracer.js'

/** A call of a database, as far as it may be told. */
export interface DbCall {
  /** As OpenTelemetry names it: `postgresql`, `redis`. */
  readonly system: string
  /** What is done: `SELECT`, `GET`. */
  readonly operation: string
  /** The table, where the call has one. */
  readonly collection?: string | undefined
  /** The database: a name, or the number of it. */
  readonly namespace?: string | undefined
  /** Without any value. */
  readonly text?: string | undefined
  readonly address?: string | undefined
  readonly port?: number | undefined
}

/** The name and the start of a database span, by OpenTelemetry's conventions. */
export function dbSpan(call: DbCall): readonly [name: string, options: SpanOptions] {
  const { system, operation, collection, namespace, text, address, port } = call
  const server = address === undefined ? undefined : port === undefined ? address : `${address}:${port}`
  const target = collection ?? namespace ?? server
  const attributes = {
    'db.system.name': system,
    'db.operation.name': operation,
    'db.collection.name': collection,
    'db.namespace': namespace,
    'db.query.text': text,
    'server.address': address,
    'server.port': port,
  }
  return [target === undefined ? operation : `${operation} ${target}`, { kind: 'client', attributes }]
}

/** What a statement of SQL does, and to which table, with every value taken out of its text. */
export function sqlCall(statement: string): Pick<DbCall, 'operation' | 'collection' | 'text'> {
  const text = withoutValues(statement)
  const operation = /^[\s(]*([a-z]+)/i.exec(text)?.[1]?.toUpperCase() ?? 'QUERY'
  const collection =
    /\b(?:from|into|update|join|table)\s+(?:only\s+)?((?:"[^"]+"|[\w$]+)(?:\.(?:"[^"]+"|[\w$]+))?)/i.exec(text)?.[1]
  return { operation, collection: collection?.replaceAll('"', ''), text }
}

/** Texts, numbers and comments are taken out, quoted names and placeholders stay. Runs in linear time. */
function withoutValues(statement: string): string {
  return statement
    .slice(0, longestStatement)
    .replace(token, (found, name: string | undefined, comment: string | undefined) => {
      return name !== undefined ? found : comment !== undefined ? ' ' : '?'
    })
    .replace(/\s+/g, ' ')
    .trim()
}

const longestStatement = 8_192
/** In turn: names and placeholders, comments, then texts (`'a'`, `$tag$a$tag$`), those that do not end, and numbers. */
const token =
  /("[^"]*"|\$\d+|[a-z_][\w$]*(?!['\w$]))|(--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|[a-z]?&?'(?:[^'\\]|''|\\[\s\S])*(?:'|$)|\$([a-z_]*)\$[\s\S]*?(?:\$\3\$|$)|\d[\d._]*(?:e[+-]?\d+)?/gi
