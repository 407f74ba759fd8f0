import type { Auth } from './auth.js'
import { type Duration, milliseconds } from './duration.js'
import { messageOf } from './errors.js'
import { type RoomsLimits, defaultLimits as roomsLimits } from './rooms/limits.js'
import { unknownKeys } from './suggest.js'

/** What one server accepts before it refuses. */
export interface HttpLimits extends RoomsLimits {
  /** Open connections of one client address; the next is refused with 429. @default Infinity, as many users may share an address */
  readonly maxConnectionsPerAddress: number
  /** Upgrades that may wait for `authenticate` and `authorize` at a time; the next is refused with 503. @default 256 */
  readonly pendingAuth: number
}

/** How the runtime is embedded in a web server. */
export interface HttpConfig {
  /** The adapter of `attach` from `triport/http`. @default 'koa' or 'express' when such an app is given, else 'node' */
  readonly adapter?: 'node' | 'express' | 'koa'
  /** The path in front of `/health`, `/metrics` and `/jobs/:id`. @default '/triport' */
  readonly base?: string
  /** The path of WebSockets: `/ws/workflow/abc` joins the room `workflow:abc`. @default '/ws' */
  readonly ws?: string
  /**
   * Who may read and cancel jobs, read metrics and join rooms.
   *
   * Left out: nobody may use the endpoints for jobs and metrics, and rooms can be joined unless NODE_ENV is 'production'.
   * `'public'`: everybody may do everything.
   */
  readonly auth?: Auth | 'public'
  /**
   * How a WebSocket that `auth` turns down, or whose address makes no sense, hears of it. `close` accepts it and closes with 4401, 4403 or 4400, the only
   * refusal that a browser shows to its page; `reject` answers 401, 403 or 400; `auto` is `close` for requests with an Origin header. `message` is `auto`, but
   * whoever `authenticate` does not know may connect to the bare path and has five seconds to send a token with the op `auth`.
   *
   * @default 'auto'
   */
  readonly authMode?: 'auto' | 'close' | 'reject' | 'message'
  /**
   * The sites whose pages may open WebSockets here, such as `https://app.example.com`. `same-host`: those of the host that the
   * request names. A request without an Origin header comes from no page and always passes.
   *
   * @default 'same-host'
   */
  readonly origin?: 'same-host' | readonly string[]
  /** Believe X-Forwarded-For, -Host and -Proto. Only behind a proxy that sets them. @default false */
  readonly trustProxy?: boolean
  /** What to do with upgrades of other paths. `auto` answers 404 when nobody else listens for upgrades. @default 'auto' */
  readonly foreignUpgrades?: 'auto' | 'ignore'
  /**
   * How often a connection must give a sign of life; one that gives none for two of them is ended. Of `createRuntime` only.
   *
   * @default '25s'
   */
  readonly heartbeat?: Duration
  readonly limits?: Partial<HttpLimits>
}

/** An `HttpConfig` with every default filled in. */
export interface HttpSettings {
  readonly base: string
  readonly ws: string
  readonly auth: Auth | 'public' | undefined
  readonly authMode: 'auto' | 'close' | 'reject' | 'message'
  readonly origin: 'same-host' | readonly string[]
  readonly trustProxy: boolean
  readonly foreignUpgrades: 'auto' | 'ignore'
  /** Milliseconds. */
  readonly heartbeat: number
  readonly limits: HttpLimits
}

const defaultLimits: HttpLimits = {
  ...roomsLimits,
  maxConnectionsPerAddress: Number.POSITIVE_INFINITY,
  pendingAuth: 256,
}

/** Fills in the defaults of a configuration that `problemsOfHttp` has nothing against. */
export function httpSettings(config: HttpConfig = {}): HttpSettings {
  return {
    base: config.base ?? '/triport',
    ws: config.ws ?? '/ws',
    auth: config.auth,
    authMode: config.authMode ?? 'auto',
    origin: config.origin ?? 'same-host',
    trustProxy: config.trustProxy ?? false,
    foreignUpgrades: config.foreignUpgrades ?? 'auto',
    heartbeat: milliseconds(config.heartbeat ?? '25s', 'http.heartbeat'),
    limits: { ...defaultLimits, ...config.limits },
  }
}

/** What is wrong with a configuration, one sentence each. */
export function problemsOfHttp(config: HttpConfig | undefined): string[] {
  if (config === undefined) return []
  if (typeof config !== 'object' || config === null) return [`http is ${JSON.stringify(config)}. Pass an object.`]
  return [
    ...unknownKeys(config, optionNames, 'http option'),
    ...problemOfChoice('http.adapter', config.adapter, ['node', 'express', 'koa']),
    ...problemOfChoice('http.authMode', config.authMode, ['auto', 'close', 'reject', 'message']),
    ...problemOfChoice('http.foreignUpgrades', config.foreignUpgrades, ['auto', 'ignore']),
    ...problemOfPath('http.base', config.base),
    ...problemOfPath('http.ws', config.ws),
    ...problemOfAuth(config.auth),
    ...problemsOfOrigin(config.origin),
    ...problemsOfHeartbeat(config.heartbeat),
    ...problemsOfLimits(config.limits),
  ]
}

const optionNames: readonly (keyof HttpConfig)[] = [
  'adapter',
  'base',
  'ws',
  'auth',
  'authMode',
  'origin',
  'trustProxy',
  'foreignUpgrades',
  'heartbeat',
  'limits',
]

function problemOfChoice(option: string, value: unknown, known: readonly string[]): string[] {
  if (value === undefined || known.includes(String(value))) return []
  return [`${option} is ${JSON.stringify(value)}. Known: ${known.join(', ')}.`]
}

function problemOfPath(option: string, path: unknown): string[] {
  if (path === undefined || (typeof path === 'string' && /^(\/[\w.~-]+)+$/.test(path))) return []
  return [
    `${option} is ${JSON.stringify(path)}. Write a path that starts with / and does not end with one, such as "/live".`,
  ]
}

function problemsOfHeartbeat(heartbeat: Duration | undefined): string[] {
  if (heartbeat === undefined) return []
  try {
    const interval = milliseconds(heartbeat, 'http.heartbeat')
    const fits = interval >= 100 && interval <= 3_600_000
    return fits ? [] : [`http.heartbeat is ${heartbeat}. Write a duration from 100ms to 1h, such as "25s".`]
  } catch (error) {
    return [messageOf(error)]
  }
}

function problemOfAuth(auth: unknown): string[] {
  if (auth === undefined || auth === 'public') return []
  const { authenticate, authorize } = (auth ?? {}) as Partial<Record<keyof Auth, unknown>>
  if (typeof authenticate === 'function' && typeof authorize === 'function') return []
  return ["http.auth needs the functions authenticate and authorize. Or write 'public' to let everybody in."]
}

function problemsOfOrigin(origin: unknown): string[] {
  if (origin === undefined || origin === 'same-host') return []
  if (!Array.isArray(origin))
    return [`http.origin is ${JSON.stringify(origin)}. Write 'same-host' or an array of origins.`]
  const wrong = origin.filter(
    (entry: unknown) => typeof entry !== 'string' || !/^[a-z][a-z\d+.-]*:\/\/[^/\s]+$/.test(entry),
  )
  return wrong.map(
    (entry) => `http.origin has ${JSON.stringify(entry)}. Write an origin such as "https://app.example.com".`,
  )
}

function problemsOfLimits(limits: Partial<HttpLimits> | undefined): string[] {
  if (limits === undefined) return []
  const wrong = Object.entries(limits).filter(([, value]) => !(typeof value === 'number' && value > 0))
  return [
    ...unknownKeys(limits, Object.keys(defaultLimits), 'http.limits option'),
    ...wrong.map(([name, value]) => `http.limits.${name} is ${JSON.stringify(value)}. Write a number above 0.`),
  ]
}
