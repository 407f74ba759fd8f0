import { z } from 'zod'
import type { NetworkIssue } from './api.js'
import { type JsonLines, JsonSyntaxError, parseJsonLines } from './json-lines.js'

/** No state space beyond 2^20 states is enumerated, and no larger system is integrated. */
export const maxNodes = 20
/** Bytes of a network file. */
export const maxNetworkBytes = 64 * 1024

const maxSteps = 1_000_000
const name = z.string().min(1).max(60)
const positive = z.number().positive()

const common = {
  name,
  source: z.strictObject({
    title: z.string(),
    authors: z.string(),
    journal: z.string(),
    year: z.int(),
    doi: z.string().startsWith('10.'),
  }),
  notes: z.array(z.string()).optional(),
  edges: z.array(z.strictObject({ from: name, to: name, effect: z.enum(['activates', 'represses']) })),
}

const hillOdeSchema = z.strictObject({
  ...common,
  model: z.literal('hill-ode'),
  /** `mrna` and `protein` are molecules per cell at the start, 0 when left out. */
  nodes: z.array(
    z.strictObject({ id: name, mrna: z.number().min(0).default(0), protein: z.number().min(0).default(0) }),
  ),
  parameters: z.strictObject({
    transcriptsPerSecond: positive,
    transcriptsPerSecondRepressed: z.number().min(0),
    proteinsPerTranscript: positive,
    proteinsForHalfEffect: positive,
    hillCoefficient: positive.max(10),
    mrnaHalfLifeMinutes: positive,
    proteinHalfLifeMinutes: positive,
  }),
  simulation: z.strictObject({ minutes: positive, stepMinutes: positive }),
})

const booleanThresholdSchema = z.strictObject({
  ...common,
  model: z.literal('boolean-threshold'),
  nodes: z.array(z.strictObject({ id: name })),
  /** The nodes that are on in a state whose path is followed. */
  start: z.array(name).optional(),
})

/** What a network file holds. A Standard Schema, so that tasks take it as their input schema. */
export const networkSchema = z
  .discriminatedUnion('model', [hillOdeSchema, booleanThresholdSchema])
  .superRefine((network, context) => {
    for (const { path, message } of inconsistencies(network))
      context.addIssue({ code: 'custom', path: [...path], message })
  })

export type HillOdeNetwork = z.infer<typeof hillOdeSchema>
export type BooleanThresholdNetwork = z.infer<typeof booleanThresholdSchema>
export type Network = HillOdeNetwork | BooleanThresholdNetwork

/** A network file that cannot be used. Its message is one line and names the first issue's line. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError'
  readonly issues: readonly NetworkIssue[]

  constructor(issues: readonly NetworkIssue[]) {
    const [first] = issues
    const more = issues.length > 1 ? `, and ${issues.length - 1} more` : ''
    super(first === undefined ? 'The network is invalid.' : `${describe(first)}${more}`)
    this.issues = issues
  }
}

/**
 * Reads the text of a network file.
 *
 * @throws NetworkError with the path, line and column of each thing that is wrong.
 */
export function parseNetwork(text: string): Network {
  const json = parseJson(text)
  const result = networkSchema.safeParse(json.value, {
    error: ({ input }) => (input === undefined ? 'is missing' : undefined),
  })
  if (result.success) return result.data
  throw new NetworkError(
    result.error.issues.map(({ path, message }) => ({ path: pathText(path), message, ...json.placeOf(path) })),
  )
}

function parseJson(text: string): JsonLines {
  try {
    return parseJsonLines(text)
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    throw new NetworkError([{ path: '', message: `not JSON: ${error.message}`, ...error.place }])
  }
}

interface Inconsistency {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** What the shape alone cannot say: names that fit together, and limits. */
function inconsistencies(network: Network): Inconsistency[] {
  const ids = network.nodes.map(({ id }) => id)
  const known = new Set(ids)
  const found: Inconsistency[] = []
  const check = (ok: boolean, path: Inconsistency['path'], message: string) => {
    if (!ok) found.push({ path, message })
  }
  check(ids.length > 0, ['nodes'], 'at least one node is needed')
  check(ids.length <= maxNodes, ['nodes'], `${ids.length} nodes are too many, at most ${maxNodes}`)
  ids.forEach((id, i) => {
    check(ids.indexOf(id) === i, ['nodes', i, 'id'], `duplicate node ${JSON.stringify(id)}`)
  })
  const pairs = network.edges.map(({ from, to }) => JSON.stringify([from, to]))
  network.edges.forEach(({ from, to }, i) => {
    check(pairs.indexOf(pairs[i] ?? '') === i, ['edges', i], `duplicate edge from ${from} to ${to}`)
    check(known.has(from), ['edges', i, 'from'], `unknown node ${JSON.stringify(from)}`)
    check(known.has(to), ['edges', i, 'to'], `unknown node ${JSON.stringify(to)}`)
  })
  if (network.model === 'boolean-threshold') {
    network.start?.forEach((id, i) => {
      check(known.has(id), ['start', i], `unknown node ${JSON.stringify(id)}`)
    })
  } else {
    const steps = network.simulation.minutes / network.simulation.stepMinutes
    check(steps <= maxSteps, ['simulation'], `${Math.ceil(steps)} steps are too many, at most ${maxSteps}`)
    const { transcriptsPerSecond: free, transcriptsPerSecondRepressed: repressed } = network.parameters
    check(
      repressed <= free,
      ['parameters', 'transcriptsPerSecondRepressed'],
      `${repressed} is above the free rate ${free}`,
    )
  }
  return found
}

function describe({ path, message, line, column }: NetworkIssue): string {
  return `${path === '' ? '' : `${path}: `}${message} (line ${line}, column ${column})`
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`))
    .join('')
}
