import { setImmediate as turn } from 'node:timers/promises'
import type { Position, RoomsDriver, RoomsListener, RoomsPresence } from '../../core/ports/rooms.js'

/** A bug that a rooms driver might have. */
export interface DriverBug {
  readonly name: string
  /** The driver with the bug in it. */
  plant(driver: RoomsDriver): RoomsDriver
}

export const roomDriverBugs: readonly DriverBug[] = [
  { name: 'subscribe answers before messages arrive', plant: hastySubscribe },
  { name: 'an id that is published again is a new message', plant: forgetfulIds },
  { name: 'positions have holes', plant: holes },
  { name: 'a node hears its own messages before the others', plant: ownFirst },
  { name: 'a node hears its own messages twice', plant: echo },
  { name: 'a page hides that its log was trimmed', plant: hiddenTrim },
  { name: 'a page leaves out an entry', plant: holePage },
  { name: 'the head of a log lags behind', plant: oldHead },
  { name: 'a lost log keeps its epoch', plant: eternalEpoch },
  { name: 'renew tells nobody', plant: silentRenew },
  { name: 'every renew makes another epoch', plant: eagerRenew },
  { name: 'an outage is told to nobody', plant: silentOutage },
  { name: 'a node does not hear its rooms after an outage', plant: deafAfterOutage },
  { name: 'a publish waits for the broker to return', plant: patientPublish },
  { name: 'who leaves stays present', plant: (driver) => withPresence(driver, { leave: async () => {} }) },
  { name: 'who is gone with its node stays present', plant: eternalPresence },
  { name: 'who is gone with its node is told by every node', plant: chattyPresence },
  { name: 'who was gone with its node is forgotten when the node enters another', plant: forgivingPresence },
  { name: 'unsubscribe changes nothing', plant: (driver) => ({ ...driver, unsubscribe: async () => {} }) },
]

function hastySubscribe(driver: RoomsDriver): RoomsDriver {
  return {
    ...driver,
    async subscribe(rooms) {
      const heads = await driver.heads(rooms)
      void turn().then(() => driver.subscribe(rooms))
      const empty = await Promise.all(
        rooms.map(async (room) => [room, await driver.read(room, { newest: 1 })] as const),
      )
      return new Map(empty.map(([room, { epoch, head }]) => [room, heads.get(room) ?? { epoch, seq: head }]))
    },
  }
}

function forgetfulIds(driver: RoomsDriver): RoomsDriver {
  let count = 0
  return {
    ...driver,
    publish: (messages, options) =>
      driver.publish(
        messages.map((message) => ({ ...message, id: `${message.id}-${++count}` })),
        options,
      ),
  }
}

function holes(driver: RoomsDriver): RoomsDriver {
  let count = 0
  return {
    ...driver,
    async publish(messages, options) {
      const [first] = messages
      if (first && first.retention !== 'none' && ++count % 3 === 0) {
        await driver.publish([{ ...first, id: `hole ${count}`, text: '{"type":"HOLE","id":"hole","data":null}' }])
      }
      return await driver.publish(messages, options)
    },
    listen: (listener) =>
      driver.listen({
        ...listener,
        message: (message) => message.text?.includes('"HOLE"') || listener.message(message),
      }),
  }
}

/** As a relay that is local first does. */
function ownFirst(driver: RoomsDriver): RoomsDriver {
  let listener: RoomsListener | undefined
  const own = new Set<string>()
  const subscribed = new Set<string>()
  return {
    ...driver,
    listen(target) {
      listener = target
      driver.listen({ ...target, message: (message) => own.delete(message.text ?? '') || target.message(message) })
    },
    async subscribe(rooms) {
      const heads = await driver.subscribe(rooms)
      for (const room of rooms) subscribed.add(room)
      return heads
    },
    async publish(messages, options) {
      for (const { room, text, retention } of messages) {
        if (retention === 'none' || !subscribed.has(room)) continue
        own.add(text)
        const page = await driver.read(room, { newest: 1 })
        listener?.message({ room, text, position: { epoch: page.epoch, seq: page.head + 1 } })
      }
      await turn()
      return await driver.publish(messages, options)
    },
  }
}

function echo(driver: RoomsDriver): RoomsDriver {
  let listener: RoomsListener | undefined
  const subscribed = new Set<string>()
  return {
    ...driver,
    listen(target) {
      listener = target
      driver.listen(target)
    },
    async subscribe(rooms) {
      const heads = await driver.subscribe(rooms)
      for (const room of rooms) subscribed.add(room)
      return heads
    },
    async publish(messages, options) {
      const positions = await driver.publish(messages, options)
      messages.forEach(({ room, text }, index) => {
        const position = positions[index]
        if (subscribed.has(room)) listener?.message({ room, text, ...(position && { position }) })
      })
      return positions
    },
  }
}

function hiddenTrim(driver: RoomsDriver): RoomsDriver {
  return {
    ...driver,
    async read(room, range) {
      const page = await driver.read(room, range)
      return { ...page, low: 'after' in range ? Math.min(page.low, range.after + 1) : page.low }
    },
  }
}

function holePage(driver: RoomsDriver): RoomsDriver {
  return {
    ...driver,
    async read(room, range) {
      const page = await driver.read(room, range)
      return { ...page, entries: page.entries.filter((_, index) => index !== page.entries.length - 2) }
    },
  }
}

function oldHead(driver: RoomsDriver): RoomsDriver {
  return {
    ...driver,
    async heads(rooms) {
      const heads = await driver.heads(rooms)
      return new Map([...heads].map(([room, head]) => [room, { ...head, seq: Math.max(0, head.seq - 1) }]))
    },
  }
}

function eternalEpoch(driver: RoomsDriver): RoomsDriver {
  const epoch = 'always'
  const real = new Map<string, string>()
  const same = <Place extends Position>(room: string, place: Place): Place => {
    real.set(room, place.epoch)
    return { ...place, epoch }
  }
  return {
    ...driver,
    listen: (listener) =>
      driver.listen({
        ...listener,
        message: (message) =>
          listener.message(message.position ? { ...message, position: same(message.room, message.position) } : message),
      }),
    async publish(messages, options) {
      const positions = await driver.publish(messages, options)
      return positions.map((position, index) => position && same(messages[index]?.room ?? '', position))
    },
    subscribe: async (rooms) =>
      new Map([...(await driver.subscribe(rooms))].map(([room, head]) => [room, same(room, head)])),
    heads: async (rooms) => new Map([...(await driver.heads(rooms))].map(([room, head]) => [room, same(room, head)])),
    read: async (room, range) => ({ ...(await driver.read(room, range)), epoch }),
    renew: async (room) => same(room, await driver.renew(room, real.get(room) ?? '')),
  }
}

function silentRenew(driver: RoomsDriver): RoomsDriver {
  return {
    ...driver,
    listen: (listener) =>
      driver.listen({
        ...listener,
        message: (message) => (message.position && message.text === undefined) || listener.message(message),
      }),
  }
}

function eagerRenew(driver: RoomsDriver): RoomsDriver {
  return {
    ...driver,
    async renew(room) {
      const { epoch } = await driver.read(room, { newest: 1 })
      return await driver.renew(room, epoch)
    },
  }
}

function silentOutage(driver: RoomsDriver): RoomsDriver {
  return { ...driver, listen: (listener) => driver.listen({ ...listener, state() {} }) }
}

function deafAfterOutage(driver: RoomsDriver): RoomsDriver {
  let deaf = false
  return {
    ...driver,
    listen: (listener) =>
      driver.listen({
        message: (message) => deaf || listener.message(message),
        state(state) {
          deaf = true
          listener.state(state)
        },
      }),
  }
}

function patientPublish(driver: RoomsDriver): RoomsDriver {
  let back = Promise.withResolvers<void>()
  back.resolve()
  return {
    ...driver,
    listen: (listener) =>
      driver.listen({
        ...listener,
        state(state) {
          if (state === 'down') back = Promise.withResolvers()
          else back.resolve()
          listener.state(state)
        },
      }),
    async publish(messages, options) {
      await Promise.race([back.promise, turn()])
      return await driver.publish(messages, options).catch(() => messages.map(() => undefined))
    },
  }
}

function withPresence(driver: RoomsDriver, changes: Partial<RoomsPresence>): RoomsDriver {
  return { ...driver, presence: { ...driver.presence, ...changes } }
}

function eternalPresence(driver: RoomsDriver): RoomsDriver {
  const { enter, renew } = driver.presence
  const ever = 1e12
  return withPresence(driver, { enter: (members) => enter(members, ever), renew: () => renew(ever) })
}

function forgivingPresence(driver: RoomsDriver): RoomsDriver {
  const { enter, renew } = driver.presence
  return withPresence(driver, {
    async enter(members, ttl) {
      await renew(ttl)
      await enter(members, ttl)
    },
  })
}

/** What was told once is told again, as if each node kept its own books. */
const told = new WeakMap<object, Awaited<ReturnType<RoomsPresence['renew']>>['expired']>()
const books = {}

function chattyPresence(driver: RoomsDriver): RoomsDriver {
  return withPresence(driver, {
    async renew(ttl) {
      const renewal = await driver.presence.renew(ttl)
      if (renewal.expired.length > 0) told.set(books, renewal.expired)
      return { ...renewal, expired: told.get(books) ?? [] }
    },
  })
}
