/** Hears a room, as any page does. */
export interface Listener {
  /** The next message that is for people, in words. */
  next(): Promise<string>
  close(): void
}

export function listen(url: string): Listener {
  const socket = new WebSocket(url)
  const heard: string[] = []
  let wake = () => {}
  socket.onmessage = ({ data: text }) => {
    const { type, id, seq, data } = JSON.parse(text)
    if (id === undefined) return // A frame of the protocol, such as WELCOME.
    heard.push(type === 'WORKFLOW_UPDATE' ? `${seq}: ${data.status} ${data.progress} %` : `${seq}: ${data.title}`)
    wake()
  }
  socket.onclose = () => wake()
  return {
    async next() {
      while (heard.length === 0) {
        if (socket.readyState === WebSocket.CLOSED) throw new Error('The connection has closed.')
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      return heard.shift() as string
    },
    close: () => socket.close(),
  }
}
