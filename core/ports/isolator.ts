/** Limits of an isolate's memory, in megabytes. What is left out is as the platform has it. */
export interface ResourceLimits {
  /** The heap for what lives for longer. */
  readonly maxOldGenerationSizeMb?: number
  /** The heap for what was made just now. */
  readonly maxYoungGenerationSizeMb?: number
  /** The stack. */
  readonly stackSizeMb?: number
}

/** What crosses between the core and an isolate: plain data of texts, numbers, booleans, null, lists and objects. Only the core reads it. */
export type IsolateMessage = Readonly<Record<string, unknown>>

/** What an isolate tells the core. */
export interface IsolateEvents {
  message(message: IsolateMessage): void
  /** @param cause What it died of; `undefined` when nothing is known. */
  exited(cause: unknown): void
}

/** A place apart in which code runs. */
export interface Isolate {
  post(message: IsolateMessage): void
  /** Whether this process stays alive for it. */
  hold(busy: boolean): void
  terminate(): void
}

/**
 * Opens places apart in which tasks run, so that they can be ended whatever they do.
 *
 * - `open` MUST return at once, before any event, or throw; what runs in the isolate MUST NOT hold up the caller's event loop.
 * - In the isolate the core's guest (`core/isolation/guest.ts`) MUST run, and get what is posted and post what it has to say.
 * - Messages MUST arrive once and in order, also those of code that never yields.
 * - `terminate` MUST end the isolate whatever its code does, also when that never yields. Calling it again MUST do nothing.
 * - `exited` MUST be called exactly once, when nothing of the isolate runs any more and after its last message: after `terminate`, and when
 *   it ends otherwise.
 * - What happens in an isolate MUST NOT end this process.
 * - An isolate MUST keep the process alive exactly from `hold(true)` to `hold(false)`.
 */
export interface Isolator {
  open(limits: ResourceLimits, events: IsolateEvents): Isolate
}
