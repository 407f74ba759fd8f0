// What the drivers are configured with, apart from them: a configuration is checked before its drivers are loaded.

/** Also where Redis is. */
export const queueOptionNames = [
  'url',
  'host',
  'port',
  'username',
  'password',
  'db',
  'tls',
  'sentinel',
  'cluster',
  'client',
  'namespace',
] as const

export const roomsOptionNames = [...queueOptionNames, 'sharded'] as const
