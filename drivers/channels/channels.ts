/** What is done with the messages of channels, by the names of those. */
export type Channels = Readonly<Record<string, (message: never) => void>>
