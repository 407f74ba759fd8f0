import { type DriverTable, isNamed, type OpenConfig, type Port } from './config.js'
import { TriportError } from './errors.js'
import type { DriverSnapshot } from './inspect.js'
import { type Late, late } from './late.js'
import type { Stage } from './lifecycle.js'
import type { Driver, DriverContext } from './ports/driver.js'

/** Environment variables, as in Node's `process.env`. */
export type Env = Readonly<Record<string, string | undefined>>

/** A driver that the environment names, with its options. */
export interface Detection {
  readonly driver: string
  readonly options?: object
  /** Completes the sentence "chosen because ...", without secrets. */
  readonly reason: string
}

/** The environment names no driver. */
export interface NoDetection {
  readonly driver?: undefined
  /** What it has that cannot be used, in the same form. */
  readonly reason?: string
}

/**
 * Looks for a driver that the environment names, for a port that the configuration leaves out.
 *
 * @throws `ERR_CONFIG_INVALID` when it names an unknown one, or does not say where that is.
 */
export type Detect = (port: Port, env: Env) => Promise<Detection | NoDetection>

/** What choosing a driver depends on. */
export interface Choosing {
  readonly config: OpenConfig
  readonly table: DriverTable
  readonly detect: Detect
  readonly env: Env
  readonly context: DriverContext
}

/** The driver of one port, from its choice at start to its stop. */
export interface Placement<D extends Driver> {
  readonly driver: Late<D>
  /** The driver in use; `undefined` while there is none. */
  snapshot(): DriverSnapshot | undefined
  /** Loads and starts the driver. `before` is called between the two. */
  stage(before?: (driver: D) => void): Stage
}

interface Chosen {
  readonly name: string
  readonly options: object
  readonly chosenBy: DriverSnapshot['chosenBy']
  readonly reason: string
}

/** What to call a port in messages. */
const titles: Readonly<Record<Port, string>> = { queue: 'The queue', tracer: 'The tracer', rooms: 'The room hub' }

export function placement<D extends Driver>(port: Port, choosing: Choosing): Placement<D> {
  const driver = late<D>(titles[port])
  let snapshot: DriverSnapshot | undefined
  let loaded: D | undefined
  /** Has been started before, and is again: what a driver keeps in memory outlives a stop of its runtime. */
  let proven: D | undefined

  async function load(): Promise<D> {
    const choice = choosing.config[port]
    if (choice !== undefined && !isNamed(choice)) {
      snapshot = { name: (choice as D).name, chosenBy: 'config', reason: 'it was passed in' }
      return choice as D
    }
    const { name, options, chosenBy, reason } = choice ? named(port, choice) : await chosenFromEnv(port, choosing)
    snapshot = { name, chosenBy, reason }
    return (await choosing.table[port][name]?.load(options as never)) as unknown as D
  }

  return {
    driver,
    snapshot: () => (driver.peek() ? snapshot : undefined),
    stage: (before) => ({
      name: `${port} driver`,
      async start() {
        loaded = proven ?? (await load())
        before?.(loaded)
        const starting = loaded
        await choosing.context.untraced(() => starting.start?.(choosing.context))
        driver.set(loaded)
        proven = loaded
      },
      async stop() {
        driver.set(undefined)
        await loaded?.stop?.()
        loaded = undefined
      },
    }),
  }
}

/** Says in one line which drivers were chosen for ports that the configuration leaves out, and why. */
export function choiceLine(drivers: Partial<Record<Port, DriverSnapshot>>): string | undefined {
  const byReason = new Map<string, string[]>()
  for (const [port, { name, chosenBy, reason }] of Object.entries(drivers)) {
    if (chosenBy === 'auto') byReason.set(reason, [...(byReason.get(reason) ?? []), `${name} for ${port}`])
  }
  if (byReason.size === 0) return undefined
  return `triport uses ${[...byReason].map(([reason, names]) => `${names.join(', ')}, because ${reason}`).join('; ')}.`
}

function named(port: Port, choice: { readonly driver: string }): Chosen {
  const { driver, ...options } = choice
  return { name: driver, options, chosenBy: 'config', reason: `${port}.driver is "${driver}"` }
}

/** A port that is left out: what the environment names, else the fallback. A trace that goes nowhere harms nobody: it is off. */
async function chosenFromEnv(port: Port, { config, detect, env }: Choosing): Promise<Chosen> {
  const found = await detect(port, env)
  if (found.driver !== undefined) {
    return { name: found.driver, options: found.options ?? {}, chosenBy: 'auto', reason: found.reason }
  }
  const reason = found.reason ?? 'neither configuration nor environment names another'
  const nothing = { options: {}, chosenBy: 'auto', reason } as const
  if (port === 'tracer') return { ...nothing, name: 'noop' }
  const fallback = config.fallback ?? (isProduction(env) ? 'error' : 'memory')
  if (fallback === 'error') throw choiceRequired(port, env, found)
  const name = port === 'queue' ? fallback : 'memory'
  return config.fallback
    ? { ...nothing, name, reason: `${reason} and fallback is "${fallback}"` }
    : { ...nothing, name }
}

export function isProduction(env: Env): boolean {
  return env.NODE_ENV === 'production'
}

function choiceRequired(port: Port, env: Env, { reason }: NoDetection): TriportError {
  const why = isProduction(env) ? 'NODE_ENV is "production"' : 'fallback is "error"'
  return new TriportError(
    'ERR_DRIVER_CHOICE_REQUIRED',
    `${why} and no ${port} driver is chosen${reason ? `: ${reason}` : ''}. Pass ${port}: { driver: ... }, set TRIPORT_${port.toUpperCase()}, ` +
      `or accept memory, which other processes do not share and a restart empties, with fallback: 'memory'.`,
    { details: { port } },
  )
}
