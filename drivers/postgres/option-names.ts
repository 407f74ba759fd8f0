// What the drivers are configured with, apart from them: a configuration is checked before its drivers are loaded.

/** Where the database is. */
const ofClient = [
  'url',
  'host',
  'port',
  'database',
  'user',
  'password',
  'tls',
  'pool',
  'client',
  'dataDir',
  'poolSize',
  'schema',
  'directUrl',
  'listen',
  'prepare',
  'statementTimeout',
  'connectTimeout',
  'migrate',
] as const

export const queueOptionNames = [...ofClient, 'pgBoss'] as const
export const roomsOptionNames = [...ofClient, 'pollInterval'] as const
