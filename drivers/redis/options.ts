import { invalidConfig } from '../../core/driver-options.js'
import type { ServerAddress } from '../../core/ports/driver.js'
import type { Link, RedisNode } from './library.js'

/** How the other side proves who it is, and this one. Texts are PEM. */
export interface RedisTls {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  /** The name in the server's certificate. @default the host */
  readonly servername?: string
  /** Whether a certificate that nobody vouches for is refused. @default true */
  readonly rejectUnauthorized?: boolean
}

/** A client of ioredis, `Redis` or `Cluster`. */
export interface RedisClient {
  readonly status: string
  readonly options: object
}

/**
 * Where Redis is: one of `url`, `host`, `sentinel`, `cluster` and `client`. User, password, database and TLS go with all of
 * them but `client`, and count before what `url` says.
 */
export interface RedisOptions {
  /** `redis://user:password@host:6379/0`, or `rediss://` for TLS. */
  readonly url?: string
  readonly host?: string
  /** @default 6379 */
  readonly port?: number
  readonly username?: string
  readonly password?: string
  /** The number of the database. A cluster has none but 0. @default 0 */
  readonly db?: number
  /** @default false, and true with `rediss://` */
  readonly tls?: boolean | RedisTls
  /** Asks Sentinels for the master. */
  readonly sentinel?: {
    /** The name of the master. */
    readonly name: string
    readonly nodes: readonly RedisNode[]
    readonly username?: string
    readonly password?: string
    /** @default false */
    readonly tls?: boolean | RedisTls
  }
  /** Some nodes of a Redis Cluster. They tell of the others. */
  readonly cluster?: {
    readonly nodes: readonly RedisNode[]
    /** Where nodes are reached that tell addresses of a network of their own, by `host:port`. */
    readonly natMap?: Readonly<Record<string, { readonly host: string; readonly port: number }>>
  }
  /** Your own client. Its options hold, it is never closed, and one connection more is made as it is, to subscribe. */
  readonly client?: RedisClient
  /**
   * Keeps services apart that share a Redis. All keys begin with `{namespace}:`, so they live in one slot of a cluster; a bigger service
   * scales by several namespaces. Matches `/^[\w.\-]{1,100}$/`.
   *
   * @default 'triport'
   */
  readonly namespace?: string
}

/** What to connect to. */
export type Target =
  | { readonly type: 'client'; readonly client: Link }
  | { readonly type: 'single'; readonly options: Readonly<Record<string, unknown>> }
  | {
      readonly type: 'cluster'
      readonly nodes: readonly RedisNode[]
      readonly options: Readonly<Record<string, unknown>>
      readonly natMap?: Readonly<Record<string, { readonly host: string; readonly port: number }>>
    }

export interface Settings {
  /** All keys and channels begin with it: `{triport}:`, in database 5 `{triport}:db5:`. */
  readonly prefix: string
  readonly target: Target
}

const ways = ['url', 'host', 'sentinel', 'cluster', 'client'] as const

/** @throws `ERR_CONFIG_INVALID` when the options name no Redis, or two, or what no Redis can be. */
export function settingsOf(options: RedisOptions): Settings {
  const { namespace = 'triport' } = options
  if (typeof namespace !== 'string' || !/^[\w.-]{1,100}$/.test(namespace)) {
    throw invalidConfig(`namespace is ${JSON.stringify(namespace)}. Use 1 to 100 letters, digits, "_", "." and "-".`)
  }
  const given = ways.filter((way) => options[way] !== undefined)
  if (given.length !== 1) {
    const unset = ways.filter((way) => way in options && options[way] === undefined)
    const why = unset.length === 0 ? '' : `: ${unset.map((way) => `${way} is undefined`).join(', ')}`
    const said = given.length === 0 ? `names no server${why}` : `has ${given.join(' and ')}`
    throw invalidConfig(`The Redis configuration ${said}. Give one of ${ways.join(', ')}.`)
  }
  const target = targetOf(options)
  return { prefix: `{${namespace}}:${databaseOf(target)}`, target }
}

/** The databases of a server have their keys for themselves and their channels in common, so names say which database they are of. */
function databaseOf(target: Target): string {
  const { db = 0 } = (target.type === 'client' ? target.client.options : target.options) as { readonly db?: number }
  return Number(db) === 0 ? '' : `db${db}:`
}

/** `undefined` where several nodes take turns. */
export function serverOf(target: Target): ServerAddress | undefined {
  const options = target.type === 'client' ? target.client.options : target.type === 'single' ? target.options : {}
  const { host, port = 6_379, sentinels } = options as { host?: string; port?: number; sentinels?: unknown }
  return host === undefined || sentinels ? undefined : { address: host, port }
}

function targetOf(options: RedisOptions): Target {
  const { client, cluster, sentinel, host, port } = options
  if (client) {
    const idle = (['port', 'username', 'password', 'db', 'tls'] as const).filter((name) => options[name] !== undefined)
    if (idle.length > 0) throw invalidConfig(`client has ${idle.join(', ')} already. Say it where you make the client.`)
    return { type: 'client', client: usable(client) }
  }
  const access = accessOf(options)
  if (cluster) {
    const { nodes, natMap } = cluster
    return { type: 'cluster', nodes: someNodes(nodes, 'cluster'), options: access, ...(natMap && { natMap }) }
  }
  if (sentinel) return { type: 'single', options: { ...access, ...sentinelOf(sentinel) } }
  if (options.url !== undefined) return { type: 'single', options: { ...addressOf(options.url), ...access } }
  return { type: 'single', options: { ...access, host, ...(port === undefined ? {} : { port }) } }
}

function accessOf({ username, password, db, tls }: RedisOptions): Record<string, unknown> {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(db === undefined ? {} : { db }),
    ...(tls === undefined ? {} : { tls: tlsOf(tls) }),
  }
}

function sentinelOf({ name, nodes, username, password, tls }: NonNullable<RedisOptions['sentinel']>): object {
  return {
    name,
    sentinels: someNodes(nodes, 'sentinel').map(({ host, port = 26_379 }) => ({ host, port })),
    ...(username === undefined ? {} : { sentinelUsername: username }),
    ...(password === undefined ? {} : { sentinelPassword: password }),
    ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: tlsOf(tls) } : {}),
  }
}

/** What is wrong with the address of a Redis that `name` says. */
export function problemOfRedisUrl(name: string, url: string): string | undefined {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed && /^rediss?:$/.test(parsed.protocol) && /^(\/\d*)?$/.test(parsed.pathname)) return undefined
  return `${name} is no address of a Redis. Write redis://host:6379, or rediss:// for TLS, with the number of a database.`
}

/** Neither the text nor the parser's error may be told: both hold the password. */
function addressOf(url: string): Record<string, unknown> {
  const problem = problemOfRedisUrl('url', url)
  if (problem !== undefined) throw invalidConfig(problem)
  const parsed = new URL(url)
  const db = parsed.pathname.slice(1)
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, '') || 'localhost',
    ...(parsed.port ? { port: Number(parsed.port) } : {}),
    ...(parsed.username ? { username: decodeURIComponent(parsed.username) } : {}),
    ...(parsed.password ? { password: decodeURIComponent(parsed.password) } : {}),
    ...(db ? { db: Number(db) } : {}),
    ...(parsed.protocol === 'rediss:' ? { tls: {} } : {}),
  }
}

function tlsOf(tls: boolean | RedisTls): object | undefined {
  if (tls === true) return {}
  return tls === false ? undefined : { ...tls }
}

function someNodes(nodes: readonly RedisNode[], option: string): readonly RedisNode[] {
  if (nodes.length > 0) return nodes
  throw invalidConfig(`${option}.nodes is empty. Name one node at least.`)
}

/** A prefix of the client's own would split keys from the channels that are made of them. */
function usable(client: RedisClient): Link {
  const link = client as Partial<Link>
  if (typeof link.evalsha !== 'function' || typeof link.duplicate !== 'function') {
    throw invalidConfig('client is no client of ioredis. Pass a Redis or a Cluster.')
  }
  if (link.options?.keyPrefix) throw invalidConfig('client has a keyPrefix. Leave it out, and pass `namespace`.')
  return link as Link
}
