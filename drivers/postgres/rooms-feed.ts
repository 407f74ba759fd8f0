import type { RoomMessage } from '../../core/ports/rooms.js'

/** Reads what `room_tell` has written. */
export interface Feed {
  take(payload: string): void
  /** Something was missed: what had begun to arrive will not end. */
  reset(): void
}

/** @param hears Whether anybody wants to hear of this room. */
export function createFeed(hears: (room: string) => boolean, hear: (message: RoomMessage) => void): Feed {
  /** What arrives in several parts, by the name of the call. */
  const parts = new Map<string, string>()

  /** The items of a payload; of the last part, with those before it. */
  function whole(payload: string): string {
    const [name = '', call = ''] = nameOf.exec(payload) ?? []
    const mark = payload[name.length]
    const rest = payload.slice(name.length + 1)
    if (mark === itemMark) return rest
    const before = mark === '<' ? '' : parts.get(call)
    parts.delete(call)
    if (before === undefined) return '' // Its beginning was told before this node listened.
    const items = before + rest
    if (mark === '>') return items
    parts.set(call, items)
    return ''
  }

  function tell(item: string): void {
    const [room = '', epoch, seq] = item.split(fieldMark, 3)
    if (!hears(room)) return
    const start = item.indexOf(fieldMark, room.length + (epoch?.length ?? 0) + (seq?.length ?? 0) + 2)
    const text = start < 0 ? undefined : item.slice(start + 1)
    hear({
      room,
      ...(epoch && { position: { epoch, seq: Number(seq) } }),
      ...(text !== undefined && { text }),
    })
  }

  return {
    take(payload) {
      for (const item of whole(payload).split(itemMark)) if (item !== '') tell(item)
    },
    reset: () => parts.clear(),
  }
}

const itemMark = '\u001e'
const fieldMark = '\u001f'
/** The name of a payload, and of the call that told it. */
const nameOf = /^([\w-]+)\.\d+/
