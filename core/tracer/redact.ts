import type { AttributeValue } from '../ports/tracer.js'

/** What of a span a value belongs to. */
export type RedactedPart = 'name' | 'attribute' | 'event' | 'link' | 'status' | 'baggage'

/**
 * Decides what a tracer may keep of a value: the value, another one, or nothing (`undefined`).
 * `key` is the attribute's key; for a name it is `name`, for a status `status.message`.
 */
export type Redact = (key: string, value: AttributeValue, part: RedactedPart) => AttributeValue | undefined

/** Options of `createRedact`. */
export interface RedactOptions {
  /** Values under a matching key are replaced. @default `sensitiveKey` */
  readonly keys?: RegExp
  /** Values of these query parameters are replaced in every URL, in addition to those that `keys` matches. @default `signedQueryKeys` */
  readonly query?: readonly string[]
  /**
   * What else is secret, by how it looks: every match in a text is replaced, in addition to the keys and tokens that are known by their form.
   * For e-mail addresses: `/[\w.+-]+@[\w-]+\.[\w.-]+/`.
   *
   * @default none
   */
  readonly values?: readonly RegExp[]
  /** The longest text that is kept, in characters. @default 1024 */
  readonly maxLength?: number
}

export const redacted = '[REDACTED]'

/** Names of things that are secret wherever they appear. Counts such as `input_tokens` and words such as `discard` are not. */
export const sensitiveKey =
  /authorization|cookie|passw(?:or)?d|passphrase|secret|token(?!s)|api[-_.]?key|access[-_.]?key|private[-_.]?key|credential|session|signature|(?:^|[._-])ssn(?:$|[._-])|(?:^|[._-]|credit)card(?!inal)|cvv|cvc/i

/** The query parameters that OpenTelemetry's conventions ask to hide: they sign a URL. */
export const signedQueryKeys: readonly string[] = [
  'X-Amz-Signature',
  'X-Amz-Credential',
  'X-Amz-Security-Token',
  'AWSAccessKeyId',
  'Signature',
  'sig',
  'X-Goog-Signature',
]

/** Statuses are one line in every tool. */
const maxStatusLength = 256
/** Keys come from code, so there are few. Should there be many, judging them anew is merely slower. */
const maxRememberedKeys = 1_000
/** In characters. */
const longestRemembered = 64
/** How far beyond its limit a text is looked through, in characters: a secret that begins before the limit may be known by what is after it. */
const reach = 16_384
const maxListLength = 128
const primitives: ReadonlySet<string> = new Set(['string', 'number', 'boolean'])

/**
 * Makes a redaction that hides values under sensitive keys, and in any text the password of a URL, the values of
 * sensitive parameters and fields, the credentials of an `Authorization` header, private keys, and the tokens of well-known
 * services. Numbers and booleans pass unless their key is sensitive.
 */
export function createRedact(options: RedactOptions = {}): Redact {
  const { keys = sensitiveKey, query = signedQueryKeys, values = [], maxLength = 1_024 } = options
  /** Texts in which nothing was found: names repeat, and so do most values. */
  const harmless = new Set<string>()
  const everywhere = values.map((value) => new RegExp(value.source, [...new Set(`${value.flags}g`)].join('')))
  const remembered = new Map<string, boolean>()

  function isSensitive(key: string): boolean {
    const known = remembered.get(key)
    if (known !== undefined) return known
    keys.lastIndex = 0 // A pattern with the flag g remembers where it stopped.
    const sensitive = keys.test(key)
    if (remembered.size < maxRememberedKeys) remembered.set(key, sensitive)
    return sensitive
  }

  const hides = (name: string) => query.includes(name) || isSensitive(name)
  const mayHide = (text: string): boolean => {
    const remembers = text.length <= longestRemembered
    if (remembers && harmless.has(text)) return false
    if (mayHideSecrets.test(text)) return true
    if (remembers && harmless.size < maxRememberedKeys) harmless.add(text)
    return false
  }
  const clean = (text: string, limit: number) => {
    const seen = text.length > limit + reach ? text.slice(0, limit + reach) : text
    const safe = mayHide(seen) ? withoutSecrets(seen, hides) : seen
    if (safe === text && everywhere.length === 0 && text.length <= limit) return text
    return cut(
      everywhere.reduce((rest, value) => rest.replace(value, redacted), safe),
      limit,
    )
  }

  return (key, value, part) => {
    if (isSensitive(key)) return redacted
    switch (typeof value) {
      case 'string':
        return clean(value, part === 'status' ? Math.min(maxLength, maxStatusLength) : maxLength)
      case 'number':
      case 'boolean':
        return value
      default:
        return Array.isArray(value) ? list(value, (text) => clean(text, maxLength)) : undefined
    }
  }
}

/** What the drivers do when nothing else is configured. */
export const defaultRedact: Redact = createRedact()

/** Every pattern below needs one of these: most texts are let through by this one test. */
const mayHideSecrets =
  /[=@"']|\b(?:bearer|basic)\s|(?:authorization|cookie|\bx-[\w-]{1,64}):|\beyJ|PRIVATE KEY|\b(?:AKIA|ASIA|AIza|gh[opsur]_|github_pat_|glpat-|npm_|[rs]k_live_|sk-|xox[a-z]-)/i

// Each runs in linear time: a name is looked for only where a word begins, and what follows is bounded or ends with the word.
const urlUser = /(:\/\/)[^\s/?#@"']*(?:@[^\s/?#@"']*)*@/g
/** A password that somebody forgot to encode, with a slash in it. Not the path behind `host:8080/`. */
const rawPassword = /(:\/\/)[^\s/?#@"':[]{0,256}:(?!\d{1,5}[/?#])[^\s"']{0,512}@/g
const header = /(?<![\w-])((?:proxy-)?authorization|(?:set-)?cookie|x-[\w-]{1,64})(:\s*)[^\r\n"']+/gi
const parameter = /(?<![\w.~%-])([\w.~%-]+)=([^\s&;,"'<>)\]}]+|"[^"]*"|'[^']*')/g
/** JSON: `"password": "x"`. */
const field = /("([^"\\\n]{1,256})"\s*:\s*)("(?:[^"\\]|\\.)*"?|[^\s,}\]]+)/g
/** What `util.inspect` prints: `password: 'x'`. */
const property = /(?<![\w-])([\w-]+)(:\s*)('[^']*'|"[^"]*")/g
/** Not in "basic authentication failed": a credential has digits, capitals or padding in it. */
const scheme = /\b([Bb]earer|[Bb]asic|BEARER|BASIC)\s+(?=\S[\w.~+/=-]*[\dA-Z=])[\w.~+/=-]{6,}/g

/** A JSON Web Token: its header is an object in base64. */
const jwt = /\beyJ[\w-]{8,512}\.[\w-]{8,}(?:\.[\w-]*)?/g
const privateKey = /-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----[^-]*(?:-----END [A-Z ]{0,32}PRIVATE KEY-----)?/g
/** Those of AWS, Google, GitHub, GitLab, npm, Stripe, OpenAI and its like, and Slack. */
const knownToken =
  /\b(?:(?:AKIA|ASIA)[A-Z\d]{16}\b|(?:AIza|gh[opsur]_|github_pat_|glpat-|npm_|[rs]k_live_|sk-|xox[a-z]-)(?=[\w-]{0,40}\d)[\w-]{20,})/g

function withoutSecrets(text: string, hides: (name: string) => boolean): string {
  return text
    .replace(rawPassword, `$1${redacted}@`)
    .replace(urlUser, `$1${redacted}@`)
    .replace(header, (whole, name: string, colon: string) => (hides(name) ? name + colon + redacted : whole))
    .replace(scheme, `$1 ${redacted}`)
    .replace(jwt, redacted)
    .replace(privateKey, redacted)
    .replace(knownToken, redacted)
    .replace(parameter, (whole, name: string) => (hides(name) ? `${name}=${redacted}` : whole))
    .replace(field, (whole, start: string, name: string) => (hides(name) ? `${start}"${redacted}"` : whole))
    .replace(property, (whole, name: string, colon: string) => (hides(name) ? name + colon + redacted : whole))
}

function list(values: readonly unknown[], clean: (text: string) => string): AttributeValue {
  const kept = values.slice(0, maxListLength).filter((value) => primitives.has(typeof value))
  return kept.map((value) => (typeof value === 'string' ? clean(value) : value)) as unknown as AttributeValue
}

function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`
}
